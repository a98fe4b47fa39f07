"""What can be configured on an Ansible template, and what a single task may ask for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from hub.plugin import Duration, Group, Key, Kind, Params, Prompt, Secret, While, Words
from hub_ansible import jump


def _no_words(value: object) -> object:
    """Clients write a list without entries as null."""
    return () if value is None else value


_VERSION: Final = re.compile(
    r"(?:[=~!]=|[<>]=?)?\s*\d{1,4}(?:\.\d{1,9}){0,3}(?:\.\*|(?:a|b|rc|\.dev|\.post)\d{1,9})?", re.ASCII
)


def _version(value: str) -> str:
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if not all(_VERSION.fullmatch(part) for part in parts) or (len(parts) > 1 and parts[0][:1].isdigit()):
        raise ValueError("write a version such as 2.17.5, 2.17.* or >=2.16,<2.18")
    return ",".join(parts)


def _interpreter(value: str) -> str:
    if "/" in value or value.startswith("-"):
        raise ValueError("write the name of an interpreter, such as python3.12")
    return value.strip()


def _address(value: str) -> str:
    parts = urlsplit(value.strip())
    if value.strip() and (parts.scheme not in {"http", "https"} or not parts.hostname or not value.isprintable()):
        raise ValueError("write a whole address such as https://hub.example.org/api/galaxy/")
    if "@" in parts.netloc:
        raise ValueError("leave the login out of the address; a token belongs into the key store")
    return value.strip()


def _plain_flags(value: str) -> str:
    if not value.isprintable():
        raise ValueError("Write it in one line, without control characters.")
    return value.strip()


def _plain(value: str) -> str:
    if value.startswith("-"):
        raise ValueError("It must not begin with a dash.")
    return _plain_flags(value)


_Filter = Annotated[Words, BeforeValidator(_no_words)]


class AnsibleParams(Params):
    """Params of a template; the first eight are the wire's `task_params`."""

    allow_debug: Annotated[bool, Group("Prompts")] = False
    """Let a task ask for verbose output."""
    allow_override_inventory: Annotated[bool, Group("Prompts")] = False
    """Let a task use another inventory."""
    allow_override_limit: Annotated[bool, Group("Prompts")] = False
    """Let a task replace the limit."""
    allow_override_tags: Annotated[bool, Group("Prompts")] = False
    """Let a task replace the tags."""
    allow_override_skip_tags: Annotated[bool, Group("Prompts")] = False
    """Let a task replace the skipped tags."""
    limit: _Filter = ()
    """Hosts and groups to run on; all of the inventory when empty."""
    tags: _Filter = ()
    """Run only tasks with one of these tags."""
    skip_tags: _Filter = ()
    """Leave out tasks with one of these tags."""
    become: Annotated[bool, Group("Privileges")] = False
    """Run with raised privileges (`--become`), whatever the playbook says."""
    become_method: Annotated[str, Group("Privileges")] = ""
    """How privileges are raised, such as `sudo`, `su` or `doas`; Ansible's own choice when empty."""
    become_user: Annotated[str, AfterValidator(_plain), Group("Privileges")] = ""
    """Who to become, instead of the login of the inventory's become key. What the inventory itself says wins."""
    become_flags: Annotated[str, AfterValidator(_plain_flags), Group("Privileges")] = ""
    """Options for the program that raises privileges, such as `-H -S`; Ansible's own choice when empty."""
    become_exe: Annotated[str, AfterValidator(_plain), Group("Privileges")] = ""
    """Another program that raises privileges, such as `/usr/local/bin/sudo`; Ansible's own choice when empty."""
    jump_host: Annotated[str, AfterValidator(jump.checked), Group("Connection")] = ""
    """Reach the hosts through this one: `user@host:port`, several with commas between. What ansible.cfg or the
    inventory says of a ProxyCommand or ProxyJump wins."""
    jump_key: Annotated[Key | None, Kind("ssh"), Group("Connection")] = None
    """The SSH key for the jump hosts; the user key of the inventory when empty."""
    lock_hosts: Annotated[bool, Group("Hosts")] = False
    """Let no other task of the project that says so too touch the same hosts meanwhile; tasks wait for each other."""
    use_cached_facts: Annotated[bool, Group("Hosts")] = False
    """Give plays what hosts have told in earlier runs as cached facts, so that plays that gather none know them."""
    template_extra_vars: Annotated[bool, Group("Variables")] = False
    """Evaluate templates (`{{ … }}`) in variables. Whoever may set a variable, such as a survey answer, can then run
    commands on the worker. Secrets and the facts of the task are never evaluated."""
    ansible_version: Annotated[str, AfterValidator(_version), Group("Ansible")] = ""
    """Version of ansible-core, such as `2.17.*`, `2.17.5` or `>=2.16,<2.18`; the worker's own when empty. Each version
    is installed once on a worker, and they stand side by side."""
    ansible_packages: Annotated[Words, Group("Ansible")] = ()
    """Further Python packages, such as `jmespath` or `netaddr>=1.0`."""
    ansible_requirements: Annotated[str, Group("Ansible")] = ""
    """File of the repository with further Python packages, such as `requirements.txt`."""
    collection_requirements: Annotated[bool, Group("Ansible")] = False
    """Also install the Python packages that collections say they need."""
    ansible_python: Annotated[str, AfterValidator(_interpreter), Group("Ansible"), Field(title="Interpreter")] = ""
    """Interpreter to install them for, such as `python3.12`; the one that the hub runs with when empty."""
    galaxy_server: Annotated[str, AfterValidator(_address), Group("Galaxy")] = ""
    """Server to install collections from, such as `https://hub.example.org/api/galaxy/`; asked before those of
    ansible.cfg."""
    galaxy_server_token: Annotated[Secret | None, Group("Galaxy")] = None
    """Token for that server."""
    galaxy_auth_url: Annotated[str, AfterValidator(_address), Group("Galaxy"), Field(title="Token address")] = ""
    """Address where the token is exchanged for one that the server takes, as Red Hat's Automation Hub wants it."""
    galaxy_public: Annotated[bool, Group("Galaxy"), Field(title="Public Galaxy too")] = False
    """Ask galaxy.ansible.com for what that server does not have."""
    galaxy_args: Annotated[Words, Group("Galaxy")] = ()
    """Further arguments for `ansible-galaxy … install`, such as `--pre` or `--server`."""
    galaxy_max_age: Annotated[Duration, Group("Galaxy")] = timedelta(0)
    """Install requirements anew after this time, for requirements without a fixed version; 0 keeps them until the
    requirements file changes."""


class AnsibleTaskParams(Params):
    """Params of a single task."""

    debug: Annotated[bool, Prompt("allow_debug")] = False
    """Write verbose output."""
    debug_level: Annotated[int, Prompt("allow_debug"), While("debug")] = 4
    """How verbose, from 1 to 6."""
    dry_run: bool = False
    """Only say what would change (`--check`)."""
    drift: bool = False
    """Look for drift: only say what would change (`--check --diff`), and note which hosts differ."""
    diff: bool = False
    """Show how files change (`--diff`)."""
    limit: Annotated[Words | None, Prompt("allow_override_limit")] = None
    """Hosts and groups to run on, instead of the template's; an empty list means all."""
    tags: Annotated[Words | None, Prompt("allow_override_tags")] = None
    """Tags to run, instead of the template's; an empty list means all."""
    skip_tags: Annotated[Words | None, Prompt("allow_override_skip_tags")] = None
    """Tags to leave out, instead of the template's; an empty list means none."""
    hosts: _Filter = ()
    """Run on these hosts only, of those that it would run on anyway; on all of them when empty."""
    skip_galaxy_install: bool = False
    """Do not install roles and collections of requirements files."""
