"""A project with one of everything, and documents as other servers write them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from hub.context import Hub
from hub.models import Role, Schedule
from hub.services import (
    channels,
    environments,
    freezes,
    host_configs,
    integration_parts,
    integrations,
    inventories,
    keys,
    known_hosts,
    projects,
    repositories,
    roles,
    schedules,
    secret_storages,
    template_roles,
    templates,
    views,
)
from hub.services.actor import Actor

CANARY = "canary-7f3a"
CHANNEL_SECRET = f"{CANARY}-channel"
KEY_SECRET, GROUP_SECRET, TOKEN_SECRET, ANSWER = (f"{CANARY}-{one}" for one in ("key", "group", "token", "answer"))

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIokncmVH0TUuLPPoL5HbbPP2Xu/Q0e2rZ35LUH5FHcx"
ANOTHER_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOX9JPm93jV5rR5Q22akRthMe+1nBn1SXLK1lAnQIp6a"

SURVEY = [
    {"name": "who", "title": "Whom", "required": True, "default_value": "world"},
    {"name": "style", "type": "enum", "values": [{"name": "Plain", "value": "plain"}], "default_value": "plain"},
    {"name": "pin", "type": "secret", "target": "env"},
]


async def furnished(hub: Hub, actor: Actor, name: str = "Everything") -> int:
    """Make a project with one of everything; return its id."""
    pid = int((await projects.create_project(hub, actor, projects.ProjectDraft(name=name, max_parallel_tasks=3)))["id"])
    at = (hub, actor, pid)
    login = await keys.create_key(
        *at,
        keys.KeyDraft.read(
            {"name": "Login", "type": "login_password", "login_password": {"login": "bob", "password": KEY_SECRET}}
        ),
    )
    outside = await keys.create_key(
        *at,
        keys.KeyDraft.read(
            {"name": "Outside", "type": "string", "source_storage_type": "env", "source_storage_key": "HUB_TEST_TOKEN"}
        ),
    )
    storage = await secret_storages.create_storage(
        *at,
        secret_storages.StorageDraft.read(
            {"name": "Store", "type": "vault", "params": {"url": "https://vault.example.org"}, "secret": TOKEN_SECRET}
        ),
    )
    await secret_storages.create_storage(
        *at,
        secret_storages.StorageDraft.read(
            {"name": "Machine", "type": "local", "source_storage_type": "env", "secret": "HUB_TEST_STORE"}
        ),
    )
    group = await environments.create_environment(
        *at,
        environments.EnvironmentDraft.read(
            {
                "name": "Variables",
                "json": '{"a": [1, 2]}',
                "env": '{"B": "x"}',
                "secret_storage_id": storage["id"],
                "secret_storage_key_prefix": "team/",
                "secrets": [
                    {"type": "var", "name": "TOKEN", "secret": GROUP_SECRET, "operation": "create"},
                    {"type": "env", "name": "TOKEN", "secret": GROUP_SECRET, "operation": "create"},
                ],
            }
        ),
    )
    second = await environments.create_environment(*at, environments.EnvironmentDraft.read({"name": "Second"}))
    view = await views.create_view(*at, views.ViewDraft.read({"title": "Daily", "position": 2, "sort_column": "name"}))
    repository = await repositories.create_repository(
        *at,
        repositories.RepositoryDraft.read(
            {
                "name": "Code",
                "git_url": "https://git.example.org/code.git",
                "git_branch": "main",
                "ssh_key_id": login["id"],
            }
        ),
    )
    inventory = await inventories.create_inventory(
        *at,
        inventories.InventoryDraft.read(
            {
                "name": "Hosts",
                "type": "static",
                "inventory": "[all]\nlocalhost\n",
                "ssh_key_id": login["id"],
                "become_key_id": login["id"],
                "repository_id": repository["id"],
                "runner_tag": "blue",
            }
        ),
    )
    await roles.create_role(hub, actor, pid, roles.RoleDraft(slug=f"operators-{pid}", name="Operators", permissions=1))
    common = {"repository_id": repository["id"], "inventory_id": inventory["id"], "environment_id": group["id"]}
    build = await templates.create_template(
        *at,
        templates.TemplateDraft.read(
            {
                **common,
                "name": "Z build",
                "app": "bash",
                "playbook": "build.sh",
                "type": "build",
                "start_version": "1.0.0",
                "survey_vars": SURVEY,
                "arguments": '["-v"]',
                "working_directory": "sub",
                "time_limit": 60,
                "autorun": True,
                "suppress_success_alerts": True,
                "allow_override_args_in_task": True,
                "view_id": view["id"],
                "environment_ids": [second["id"], group["id"]],
                "git_branch": "dev",
                "runner_tag": "blue",
                "description": "Makes it.",
                "task_params": {"interpreter": ""},
            }
        ),
    )
    deploy = await templates.create_template(
        *at,
        templates.TemplateDraft.read(
            {
                **common,
                "name": "A deploy",
                "app": "ansible",
                "playbook": "deploy.yml",
                "type": "deploy",
                "build_template_id": build["id"],
                "vaults": [
                    {"type": "password", "vault_key_id": login["id"], "name": "prod"},
                    {"type": "script", "script": "v.sh"},
                ],
                "task_params": {
                    "galaxy_server": "https://galaxy.example.org/",
                    "galaxy_server_token": outside["id"],
                    "jump_host": "bastion.example.org",
                    "jump_key": login["id"],
                },
            }
        ),
    )
    await inventories.create_inventory(
        *at,
        inventories.InventoryDraft.read(
            {"name": "Own hosts", "type": "file", "inventory": "hosts.ini", "template_id": deploy["id"]}
        ),
    )
    await template_roles.create_template_role(
        *at, deploy["id"], template_roles.TemplateRoleDraft(role_slug=f"operators-{pid}", permissions=5)
    )
    if not await Role.filter(slug="everywhere").exists():
        await roles.create_role(hub, actor, None, roles.RoleDraft(slug="everywhere", name="Everywhere", permissions=1))
    await template_roles.create_template_role(
        *at, build["id"], template_roles.TemplateRoleDraft(role_slug="everywhere", permissions=4)
    )
    await host_configs.create_host_config(
        *at, host_configs.HostConfigDraft(type="url", host="https://git.example.org/", ssh_key_id=login["id"])
    )
    for body in ({"name": "Audit", "starts": "2099-03-01T00:00:00Z", "ends": "2099-03-08T00:00:00Z",
                  "time_zone": "Asia/Tokyo"},
                 {"name": "Nights", "cron_format": "0 22 * * *", "minutes": 480, "everything": True, "active": False},
                 {"name": "Incident", "starts": "2099-03-01T00:00:00Z"}):  # fmt: skip
        await freezes.create_freeze(*at, freezes.FreezeDraft.read(body))
    await known_hosts.add_known_hosts(*at, known_hosts.KnownHostDraft(lines=f"web,10.0.0.1 {HOST_KEY}"))
    await known_hosts.add_known_hosts(
        *at, known_hosts.KnownHostDraft(lines=f"web {ANOTHER_HOST_KEY}\n@revoked db {HOST_KEY}", trusted=False)
    )
    await known_hosts.set_policy(*at, known_hosts.PolicyDraft(policy="ask"))
    for body in ({"name": "Chat", "notifier": "slack", "params": {"url": outside["id"]}, "events": ["task.failed"],
                  "template_ids": [build["id"]]},
                 {"name": "Chat", "notifier": "gotify", "params": {"server": "https://push.example.org"},
                  "secrets": {"token": CHANNEL_SECRET}, "active": False}):  # fmt: skip
        await channels.create_channel(*at, channels.ChannelDraft.read(body))
    await _starts(
        at,
        build["id"],
        deploy["id"],
        {"key": outside["id"], "inventory": inventory["id"], "repository": repository["id"]},
    )
    return pid


async def _starts(at: tuple[Hub, Actor, int], build: int, deploy: int, ids: dict[str, int]) -> None:
    params = {"environment": '{"who": "you"}', "git_branch": "main", "inventory_id": ids["inventory"]}
    made = await integrations.create_integration(
        *at,
        integrations.IntegrationDraft.read(
            {
                "name": "Push",
                "template_id": build,
                "auth_method": "hmac",
                "auth_secret_id": ids["key"],
                "auth_header": "X-Signature",
                "searchable": True,
                "active": False,
                "task_params": params,
            }
        ),
    )
    await integration_parts.create_matcher(
        *at,
        made["id"],
        integration_parts.MatcherDraft(name="main", match_type="body", key="ref", value="refs/heads/main"),
    )
    await integration_parts.create_value(
        *at,
        made["id"],
        integration_parts.ValueDraft(name="commit", value_source="header", key="X-Commit", variable="commit"),
    )
    await integration_parts.create_alias(*at, integration_id=made["id"])
    await integration_parts.create_alias(*at)
    for body in (
        {"name": "Nightly", "template_id": build, "cron_format": "0 3 * * *", "active": True,
         "time_zone": "Europe/Berlin", "misfire": "once",
         "task_params": params | {"secret": f'{{"pin": "{ANSWER}"}}'}},
        {"name": "Once", "template_id": deploy, "type": "run_at", "run_at": "2090-01-01T00:00:00Z", "active": True},
        {"name": "Watch", "template_id": deploy, "cron_format": "* * * * *", "repository_id": ids["repository"]},
        {"name": "Watch", "template_id": deploy, "cron_format": "*/5 * * * *"},
    ):  # fmt: skip
        await schedules.create_schedule(*at, schedules.ScheduleDraft.read(body))
    await Schedule.filter(name="Nightly").update(ends_at=datetime(2095, 1, 1, tzinfo=UTC), max_runs=12)


def of_theirs() -> dict[str, Any]:
    """A document as a server of release 2.16 writes it."""
    return {
        "meta": {"name": "homelab", "alert": False, "max_parallel_tasks": 0, "type": ""},
        "keys": [
            {"name": "None", "type": "none", "owner": ""},
            {"name": "GitHub", "type": "ssh", "owner": ""},
            {"name": "vault", "type": "login_password", "owner": ""},
            {"name": "DB_PASSWORD", "type": "string", "owner": "environment"},
        ],
        "environments": [{"name": "Empty", "json": "{}", "env": "{}"}],
        "views": [{"title": "All", "position": 0, "type": "all", "hidden": False, "sort_reverse": False}],
        "repositories": [
            {"name": "infra", "git_url": "git@github.com:me/infra.git", "git_branch": "main", "ssh_key": "GitHub"}
        ],
        "inventories": [{"name": "prod", "inventory": "hosts", "type": "file", "ssh_key": "GitHub"}],
        "secret_storages": [],
        "roles": [{"name": "operators", "permissions": 1, "project_id": 7}],
        "templates": [
            {
                "name": "deploy", "playbook": "site.yml", "type": "deploy", "build_template": "build", "app": "ansible",
                "arguments": "[]", "allow_override_args_in_task": False, "autorun": False, "survey_vars": [],
                "suppress_success_alerts": False, "task_params": {}, "allow_override_branch_in_task": False,
                "allow_parallel_tasks": False, "inventory": "prod", "repository": "infra", "environment": "Empty",
                "view": "All", "vaults": [{"type": "password", "vault_key": "vault"}],
                "roles": [{"role": "operators", "is_global": False, "permissions": 5}],
            },
            {
                "name": "build", "playbook": "build.yml", "type": "build", "start_version": "1", "app": "ansible",
                "arguments": None, "inventory": "prod", "repository": "infra", "environment": "Empty",
                "survey_vars": [{"name": "tag", "title": "Tag", "required": True, "type": "enum", "description": "",
                                 "values": [{"name": "x", "value": "x"}], "default_value": ""}],
                "task_params": {"allow_debug": True}, "vaults": [], "roles": [],
            },
        ],
        "integrations": [
            {
                "name": "push", "auth_method": "github", "auth_header": "", "searchable": True, "template": "build",
                "auth_secret": "vault", "aliases": ["aaaa1111aaaa1111", "bbbb2222bbbb2222"],
                "matchers": [{"name": "m", "match_type": "header", "method": "equals", "body_data_type": "",
                              "key": "X-Event", "value": "push"}],
                "extract_values": [], "task_params": None,
            },
            {"name": "", "auth_method": "", "template": "", "aliases": [], "matchers": [], "extract_values": [],
             "searchable": False},
        ],
        "integration_aliases": ["cccc3333cccc3333"],
        "schedules": [
            {"name": "nightly", "cron_format": "0 0 * * *", "active": True, "type": "", "delete_after_run": False,
             "template": "deploy", "run_at": {}},
            {"name": "once", "cron_format": "", "active": True, "type": "run_at", "delete_after_run": True,
             "template": "build", "run_at": {}, "task_params": {"environment": "{}", "message": "", "params": {},
                                                               "inventory_name": "prod"}},
        ],
    }  # fmt: skip


def of_years_ago() -> dict[str, Any]:
    """A document of the first releases that wrote any: one vault by its key, times in templates, hardly any lists."""
    return {
        "meta": {"name": "old", "alert": True, "alert_chat": None, "max_parallel_tasks": None},
        "keys": [{"name": "k", "type": "ssh"}, {"name": "v", "type": "login_password", "owner": None}],
        "repositories": [
            {"name": "r", "git_url": "https://git.example.org/r.git", "git_branch": "main", "ssh_key": "k"}
        ],
        "inventories": [{"name": "i", "inventory": "localhost", "type": "static", "ssh_key": "k"}],
        "environments": [{"name": "e", "json": {"a": 1}, "password": None}],
        "templates": [
            {"name": "t", "playbook": "t.yml", "arguments": ["--diff"], "type": "task", "cron": "0 5 * * *",
             "vault_key": "v", "inventory": "i", "repository": "r", "environment": "e", "survey_vars": None},
        ],
        "views": None,
    }  # fmt: skip


def unnamed(document: dict) -> dict:
    rest = copy.deepcopy(document)
    rest["meta"].pop("name")
    return rest
