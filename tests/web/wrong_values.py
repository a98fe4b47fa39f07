"""What may be wrong in each form: a value that is too long, of a wrong shape, taken, or that names nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LONG: Final = "x" * 300
MANY: Final = "9" * 6
"""An id that nothing has."""


@dataclass(frozen=True)
class Sheet:
    """One form: the page that it is on, where it is sent, what is filled in, and what is wrong by field."""

    page: str
    wrong: Mapping[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""
    """Where it is sent, if not to its own page."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Elements beside which sentences stand, where they are not those of the field."""


_P: Final = "/project/{project_id}"
_SECRET: Final = {"secret-0-id": "0", "secret-0-type": "var", "secret-0-name": "", "secret-0-value": "x"}
_RULE: Final = {"matcher-0-source": "json", "matcher-0-key": "ref", "matcher-0-method": "equals",
                "matcher-0-value": "x", "value-0-source": "json", "value-0-key": "ref",
                "value-0-variable": "ref", "value-0-use": ""}  # fmt: skip
_PERSON: Final = {"username": "fresh", "name": "Fresh", "email": "fresh@example.org", "password": "a long one 1"}
_TICKS: Final = {"scopes": "f-scopes-error"}
_TOKEN: Final = {"name": "Nightly", "reach": "some", "scopes": ["read"]}

_MAIL: Final = {"name": "Mail", "notifier": "email", "email-to": "a@b.example", "email-sender": "a@b.example",
                "email-host": "localhost"}  # fmt: skip

SHEETS: Final = (
    Sheet("/users/new", {"username": "admin", "name": LONG, "email": "admin@localhost", "password": "x" * 5000},
          _PERSON),
    Sheet("/users/{user_id}", {"username": "robot", "name": LONG, "email": "r@b.t"}),
    Sheet("/account", {"username": "robot", "name": LONG, "email": LONG}, to="/account/profile"),
    Sheet("/account", {"current_password": "x", "repeated": "another"},
          {"current_password": "{password}", "password": "a long one 1", "repeated": "a long one 1"},
          to="/account/password"),
    Sheet("/account", {"password": "x" * 5000}, {"current_password": "{password}", "repeated": "x" * 5000},
          to="/account/password"),
    Sheet("/account/tokens/new", {"name": LONG, "project_id": MANY, "scopes": ""}, _TOKEN, to="/account/tokens",
          beside=_TICKS),
    Sheet("/account/tokens/new", {"day": "31.12.2030"}, {**_TOKEN, "lifetime": "day"}, to="/account/tokens"),
    Sheet("/service-accounts/new", {"username": "admin", "name": LONG}, {"username": "fresh", "name": "Fresh"}),
    Sheet("/service-accounts/{robot_id}", {"name": LONG}),
    Sheet("/service-accounts/{robot_id}/tokens/new", {"name": LONG, "project_id": MANY, "scopes": ""}, _TOKEN,
          to="/service-accounts/{robot_id}/tokens", beside=_TICKS),
    Sheet("/apps/new", {"id": "a b", "title": LONG, "priority": "1e9", "path": "a b\n"}, {"id": "fresh", "path": "sh"}),
    Sheet("/apps/bash", {"title": LONG, "priority": "abc", "path": LONG}),
    Sheet("/roles/new", {"name": LONG, "slug": "everywhere"}, {"name": "Fresh", "slug": "fresh"}),
    Sheet("/roles/everywhere", {"name": LONG}),
    Sheet("/project/new", {"name": LONG}),
    Sheet("/project/restore", {"text": "{"}),
    Sheet(f"{_P}/restore", {"text": "{"}),
    Sheet("/channels/new", {"name": LONG, "email-to": "nobody", "email-port": "abc"},
          _MAIL),
    Sheet(f"{_P}/channels/new", {"name": LONG, "email-to": "nobody", "email-port": "abc"},
          _MAIL),
    Sheet(f"{_P}/settings", {"name": LONG}),
    Sheet(f"{_P}/settings", {"copy_name": LONG}, to=f"{_P}/copy"),
    Sheet(f"{_P}/settings", {"passphrase": "short"}, to=f"{_P}/backup/file"),
    Sheet(f"{_P}/settings", {"typed": "Another"}, to=f"{_P}/delete"),
    Sheet(f"{_P}/channels", {"alert_chat": LONG}, to=f"{_P}/channels/alerts"),
    Sheet(f"{_P}/team", {"username": "nobody", "role": "nonsense"}, {"username": "robot", "role": "guest"}),
    Sheet(f"{_P}/team", {"username": ""}),
    Sheet(f"{_P}/views", {"title": LONG}),
    Sheet(f"{_P}/views", {"title": ""}),
    Sheet(f"{_P}/views", {"title": LONG}, to=f"{_P}/views/{{view_id}}"),
    Sheet(f"{_P}/inventory/{{inventory_id}}/states", {"reason": LONG}, {"lock_id": "one"},
          f"{_P}/inventory/{{inventory_id}}/states/unlock"),
    Sheet(f"{_P}/inventory/{{inventory_id}}/states", {"reason": " "}, {"lock_id": "one"},
          f"{_P}/inventory/{{inventory_id}}/states/unlock"),
    Sheet(f"{_P}/roles/new", {"name": LONG, "slug": "own"}, {"name": "Fresh", "slug": "fresh"}),
    Sheet(f"{_P}/roles/own", {"name": LONG}),
    Sheet(f"{_P}/invites/new", {"whom": LONG, "role": "nonsense"}, {"whom": "jane@example.org"}),
    Sheet(f"{_P}/invites/new", {"whom": "invited@example.org"}),
    Sheet(f"{_P}/freezes/new", {"name": LONG, "starts": "x", "ends": "x", "time_zone": "Mars/Crater"},
          {"name": "N", "kind": "", "starts": "2030-01-01T00:00", "ends": "2030-01-02T00:00", "time_zone": "UTC"}),
    Sheet(f"{_P}/freezes/{{freeze_id}}", {"name": LONG, "at": "25:61", "length": "abc", "time_zone": "Mars/Crater"},
          {"kind": "cron", "every": "daily", "at": "03:00", "length": "60", "time_zone": "UTC"}),
    Sheet(f"{_P}/environment/new", {"name": LONG, "json": "{", "env": "=", "secret-0-name": LONG},
          {"name": "N", **_SECRET, "secret-0-name": "A"}, beside={"secret-0-name": "secret-0-error"}),
    Sheet(f"{_P}/environment/{{environment_id}}", {"name": LONG, "json": '{"a": 1, "a": 2}', "env": "A=1\nA=2",
                                                   "secret-0-name": ""},
          {**_SECRET, "secret-0-name": "A"},
          beside={"secret-0-name": "secret-0-error"}),
    Sheet(f"{_P}/inventory/new", {"name": LONG, "type": "nonsense", "inventory-text": "[web\n", "ssh_key_id": MANY,
                                  "become_key_id": "nonsense"}, {"name": "N", "inventory-text": "localhost"}),
    Sheet(f"{_P}/inventory/new", {"inventory-path": "../../etc/passwd", "repository_id": MANY},
          {"name": "N", "type": "file", "inventory-path": "hosts"}),
    Sheet(f"{_P}/inventory/new", {"url-url": "http://plain.example", "url-key": MANY, "url-time_limit": "soon"},
          {"name": "N", "type": "url", "url-url": "https://cmdb.example/hosts", "url-header": "Authorization"}),
    Sheet(f"{_P}/inventory/new", {"command-program": "../../bin/sh", "command-key": MANY, "command-variable": "1="},
          {"name": "N", "type": "command", "command-program": "hosts.py", "command-variable": "TOKEN"}),
    Sheet(f"{_P}/inventory/{{item_id}}", {"name": LONG, "inventory-text": "web1 web2\n", "ssh_key_id": MANY}),
    Sheet(f"{_P}/repositories/new", {"name": LONG, "git_url": "ftp://x", "git_branch": "-x", "ssh_key_id": MANY},
          {"name": "N", "git_url": "https://example.org/x.git", "git_branch": "main", "ssh_key_id": "1"}),
    Sheet(f"{_P}/repositories/{{repository_id}}", {"name": LONG, "git_url": "https://a:b@example.org/x",
                                                      "ssh_key_id": ""}),
    Sheet(f"{_P}/keys/new", {"name": LONG, "type": "nonsense", "ssh-private_key": "ssh-ed25519 AAAA", "ssh-login": "-x",
                             "expires": "31.12.2030"}, {"name": "N", "type": "ssh"}),
    Sheet(f"{_P}/keys/new", {"login_password-login": "-x"},
          {"name": "N", "type": "login_password", "login_password-password": "x"}),
    Sheet(f"{_P}/keys/new", {"source_storage_type": "file"},
          {"name": "N", "type": "string", "source_storage_key": "x"}),
    Sheet(f"{_P}/keys/{{item_id}}", {"name": LONG, "expires": "soon"}),
    Sheet(f"{_P}/keys/generate", {"name": LONG, "login": "-x", "generate": "dsa", "expires": "soon",
                                  "passphrase": "x" * 2000}, {"name": "N"}),
    Sheet(f"{_P}/keys/{{ssh_id}}/rotate", {"ssh-private_key": "nonsense", "expires": "soon"}, {"generate": ""}),
    Sheet(f"{_P}/keys/{{ssh_id}}/rotate", {"login": "-x"}, {"generate": "ed25519"}),
    Sheet(f"{_P}/known_hosts", {"host": "-x", "port": "70000"}, {"host": "web", "port": "22"},
          f"{_P}/known_hosts/scan"),
    Sheet(f"{_P}/known_hosts", {"lines": "web nonsense"}, to=f"{_P}/known_hosts/add"),
    Sheet(f"{_P}/known_hosts", {"policy": "nonsense"}, to=f"{_P}/known_hosts/policy"),
    Sheet(f"{_P}/integrations/new?template={{template_id}}",
          {"name": LONG, "auth_method": "nonsense", "auth_secret_id": MANY, "auth_header": "a b"},
          {"name": "N", "auth_method": "hmac"}),
    Sheet(f"{_P}/integrations/{{integration_id}}/settings", {"name": LONG, "template_id": MANY, "message": LONG}),
    Sheet(f"{_P}/integrations/{{integration_id}}/rules",
          {"matcher-0-key": "x" * 600, "matcher-0-method": "nonsense", "value-0-variable": LONG, "headers": "nonsense"},
          {**_RULE, "headers": "A: b", "body": "{}", "do": "try"},
          beside={"matcher-0-key": "matcher-0-error", "matcher-0-method": "matcher-0-error",
                  "value-0-variable": "value-0-error"}),
    Sheet(f"{_P}/schedule/new?template={{template_id}}",
          {"name": LONG, "cron_format": "* *", "time_zone": "Mars/Crater", "max_runs": "abc", "repository_id": MANY},
          {"name": "N", "type": "", "every": "custom", "cron_format": "0 3 * * *"}),
    Sheet(f"{_P}/schedule/{{schedule_id}}", {"name": LONG, "at": "25:61", "ends_at": "x", "overlap": "nonsense",
                                             "misfire": "nonsense"},
          {"name": "N", "type": "", "every": "daily", "at": "03:00", "time_zone": "UTC"}),
    Sheet(f"{_P}/templates/new?app=bash", {"name": LONG, "repository_id": MANY, "environment_id": MANY,
                                           "time_limit": "abc", "git_branch": "-x", "priority": "1e9"},
          {"name": "N", "playbook": "hello.sh", "repository_id": "{repository_id}"}),
    Sheet(f"{_P}/templates/{{template_id}}/edit", {"name": LONG, "playbook": LONG * 4, "view_id": MANY}),
    Sheet(f"{_P}/templates/{{template_id}}/run", {"message": LONG, "survey-who": ""}),
    Sheet(f"{_P}/setup", {"git_url": "ftp://x", "access": MANY}, {"git_url": "https://example.org/x.git"}),
    Sheet(f"{_P}/setup", {"private_key": "nonsense"},
          {"git_url": "https://example.org/x.git", "access": "paste", "private_key": "x"}),
)  # fmt: skip
"""Every form with fields of its own; those that only confirm, tick or choose among what is there are not here."""

ELSEWHERE: Final = {
    "/auth/login": "its one sentence does not tell which of two fields is wrong",
    "/auth/verify": "it has one field, and test_codes looks at it",
    "/accept-invite/<token>": "it only confirms",
    "/project/<int:project_id>/backup/file": "its form is among the settings of the project",
    "/project/<int:project_id>/channels/<int:channel_id>": "its fields are those of a new channel",
    "/channels/<int:channel_id>": "its fields are those of a new channel",
    "/project/<int:project_id>/setup/<int:repository_id>": "it waits for a worker; test_pages_setup looks at it",
    "/project/<int:project_id>/templates/import": "test_template_files looks at it",
    "/project/<int:project_id>/templates/<int:template_id>/perms/<slug>": "it only ticks",
}
"""Forms that are not walked here, and why."""
