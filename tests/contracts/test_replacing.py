"""A PUT replaces what the wire knows, and leaves alone what only newer clients know of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.models import (
    Channel,
    Environment,
    Freeze,
    HostConfig,
    Integration,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Invite,
    Key,
    Membership,
    Project,
    Repository,
    Role,
    Runner,
    Schedule,
    SecretStorage,
    StateAlias,
    Template,
    TemplateEnvironment,
    TemplateRole,
    User,
    View,
)
from hub.services import apps as app_drafts
from hub.services import (
    channels,
    environments,
    freezes,
    host_configs,
    integration_parts,
    integrations,
    inventories,
    invites,
    keys,
    known_hosts,
    projects,
    repositories,
    roles,
    runners,
    schedules,
    secret_storages,
    team,
    template_drafts,
    template_roles,
    templates,
    terraform_states,
    users,
    views,
)
from hub.testing.booted import administrator
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES
from hub.web.app import make_app
from tests.security.people import People, Things, furnish, with_triggers

load_routes()

AT = "/project/{project_id}"


@dataclass(frozen=True)
class Put:
    """One PUT: whose body it is, what an old client sends, and what must be as before then."""

    draft: type
    body: dict[str, Any]
    model: Any = None
    key: str = ""
    """Name of the id among those of the furnished project."""
    before: dict[str, Any] = field(default_factory=dict)
    """Columns that the wire's members do not touch, with values that are no defaults."""
    newer: tuple[str, ...] = ()
    """Members of the draft that the wire does not have."""


TEMPLATE = {"name": "New", "app": "bash", "playbook": "x.sh", "repository_id": "{repository_id}",
            "inventory_id": "{inventory_id}"}  # fmt: skip
CHANNEL = {"name": "New", "notifier": "slack", "secrets": {"url": "https://chat.example.org/x"}}

PUTS: dict[str, Put] = {
    f"{AT}/templates/{{template_id}}": Put(
        template_drafts.TemplateDraft,
        TEMPLATE,
        Template,
        "template_id",
        {
            "working_directory": "deep",
            "time_limit": 77,
            "host_limit": 5,
            "limits": {"memory_mib": 512},
            "queue_limit": 90,
            "priority": -3,
            "concurrency_group": "db",
        },
        (
            "working_directory",
            "time_limit",
            "host_limit",
            "limits",
            "environment_ids",
            "queue_limit",
            "priority",
            "concurrency_group",
        ),
    ),
    f"{AT}/templates/{{template_id}}/description": Put(
        templates.DescriptionDraft, {"description": "x"}, Template, "template_id", {"name": "Kept", "time_limit": 77}
    ),
    f"{AT}/schedules/{{schedule_id}}": Put(
        schedules.ScheduleDraft,
        {"name": "New", "template_id": "{template_id}", "cron_format": "1 1 * * *"},
        Schedule,
        "schedule_id",
        {
            "time_zone": "Europe/Berlin",
            "misfire": "skip",
            "overlap": "skip",
            "max_runs": 9,
            "ends_at": datetime(2099, 1, 1, tzinfo=UTC),
            "task_params": {"message": "kept"},
        },
        ("time_zone", "misfire", "overlap", "ends_at", "max_runs"),
    ),
    f"{AT}/schedules/{{schedule_id}}/active": Put(
        schedules.ScheduleActiveDraft, {"active": False}, Schedule, "schedule_id", {"name": "Kept", "misfire": "skip"}
    ),
    f"{AT}/integrations/{{integration_id}}": Put(
        integrations.IntegrationDraft,
        {"name": "New", "template_id": "{template_id}", "auth_method": "github"},
        Integration,
        "integration_id",
        {"active": False, "task_params": {"message": "kept"}},
        ("active",),
    ),
    f"{AT}/integrations/{{integration_id}}/matchers/{{matcher_id}}": Put(
        integration_parts.MatcherDraft,
        {"name": "New", "match_type": "body", "method": "equals", "body_data_type": "json", "key": "a", "value": "b"},
        IntegrationMatcher,
        "matcher_id",
    ),
    f"{AT}/integrations/{{integration_id}}/values/{{value_id}}": Put(
        integration_parts.ValueDraft,
        {"name": "New", "value_source": "body", "body_data_type": "json", "key": "a"},
        IntegrationValue,
        "value_id",
        {"variable": "kept", "variable_type": "task"},
    ),
    f"{AT}/environment/{{environment_id}}": Put(
        environments.EnvironmentDraft,
        {"name": "New", "json": "{}"},
        Environment,
        "environment_id",
        {"secret_storage_key_prefix": "kept"},
    ),
    f"{AT}/inventory/{{inventory_id}}": Put(
        inventories.InventoryDraft, {"name": "New", "type": "static", "inventory": "x"}, Inventory, "inventory_id"
    ),
    f"{AT}/repositories/{{repository_id}}": Put(
        repositories.RepositoryDraft,
        {"name": "New", "git_url": "https://example.org/x.git", "git_branch": "main", "ssh_key_id": "{key_id}"},
        Repository,
        "repository_id",
    ),
    f"{AT}/keys/{{key_id}}": Put(
        keys.KeyDraft,
        {"name": "New", "type": "ssh"},
        Key,
        "key_id",
        {"type": "none", "source_storage_type": "env", "source_storage_key": "KEPT"},
    ),
    f"{AT}/views/{{view_id}}": Put(views.ViewDraft, {"title": "New"}, View, "view_id"),
    f"{AT}/freezes/{{freeze_id}}": Put(
        freezes.FreezeDraft, {"name": "New", "cron_format": "0 0 1 2 *", "minutes": 5}, Freeze, "freeze_id"
    ),
    f"{AT}/channels/{{channel_id}}": Put(channels.ChannelDraft, CHANNEL, Channel, "channel_id"),
    "/channels/{channel_id}": Put(channels.ChannelDraft, CHANNEL, Channel, "channel_id"),
    f"{AT}/host_configs/{{host_config_id}}": Put(
        host_configs.HostConfigDraft,
        {"type": "host", "host": "new.example.org", "ssh_key_id": "{ssh_id}"},
        HostConfig,
        "host_config_id",
    ),
    f"{AT}/secret_storages/{{storage_id}}": Put(
        secret_storages.StorageDraft, {"name": "New", "type": "vault"}, SecretStorage, "storage_id"
    ),
    f"{AT}/runners/{{runner_id}}": Put(
        runners.RunnerDraft,
        {"name": "New", "tag": "first"},
        Runner,
        "runner_id",
        {"is_default": True, "public_key": "kept"},
        ("is_default", "tags", "registered"),
    ),
    f"{AT}/templates/{{template_id}}/perms/{{perm_id}}": Put(
        template_roles.TemplateRoleDraft, {"permissions": 0}, TemplateRole, "perm_id", {"role_slug": "ops"}
    ),
    f"{AT}/inventory/{{inventory_id}}/terraform/aliases/{{alias_id}}": Put(
        terraform_states.AliasDraft, {"auth_key_id": None}, StateAlias, "alias_id", {"alias": "kept"}
    ),
    f"{AT}/invites/{{invite_id}}": Put(
        invites.StatusDraft, {"status": "declined"}, Invite, "invite_id", {"role": "guest", "email": "k@example.org"}
    ),
    f"{AT}/host_key_policy": Put(known_hosts.PolicyDraft, {"policy": "ask"}),
    f"{AT}/users/{{user_id}}": Put(team.MemberDraft, {"role": "guest"}),
    f"{AT}/roles/{{slug}}": Put(roles.RoleDraft, {"name": "New", "permissions": 1}),
    AT: Put(
        projects.ProjectDraft,
        {"id": "{project_id}", "name": "New"},
        Project,
        "project_id",
        {"type": "kept", "keep_tasks": 7, "keep_days": 70, "keep_log_days": 17, "keep_log_mib": 170},
        ("keep_tasks", "keep_days", "keep_log_days", "keep_log_mib"),
    ),
    "/roles/{slug}": Put(roles.RoleDraft, {"name": "New", "permissions": 1}),
    "/users/{user_id}": Put(
        users.UserDraft,
        {"username": "new", "name": "New", "email": "new@example.org"},
        User,
        "user_id",
        {"password_hash": "kept", "service": True, "external": True},
        ("service",),
    ),
    "/apps/{app}": Put(app_drafts.AppDraft, {"active": True}),
    "/runners/{runner_id}": Put(runners.RunnerDraft, {"name": "New"}, Runner, "global_id", {"is_default": True}),
}

ELSEWHERE = {"/internal/runners", f"{AT}/templates/{{template_id}}/star", f"{AT}/integrations/{{integration_id}}/rules"}
"""A report of a runner and a star replace nothing; rules of an integration are whole, and older clients send none."""

WIRE = {
    template_drafts.TemplateDraft: {
        "id", "project_id", "inventory_id", "repository_id", "environment_id", "view_id", "build_template_id", "name",
        "description", "app", "playbook", "type", "arguments", "start_version", "autorun", "git_branch", "vaults",
        "survey_vars", "suppress_success_alerts", "allow_override_args_in_task", "allow_override_branch_in_task",
        "allow_parallel_tasks", "task_params", "runner_tag",
    },
    schedules.ScheduleDraft: {
        "id", "project_id", "template_id", "name", "type", "cron_format", "run_at", "active", "delete_after_run",
        "repository_id", "task_params",
    },
    integrations.IntegrationDraft: {
        "id", "project_id", "template_id", "name", "auth_method", "auth_secret_id", "auth_header", "searchable",
        "task_params",
    },
    inventories.InventoryDraft: {
        "id", "name", "project_id", "inventory", "ssh_key_id", "become_key_id", "type", "template_id",
        "repository_id", "runner_tag",
    },
    repositories.RepositoryDraft: {"id", "name", "project_id", "git_url", "git_branch", "ssh_key_id"},
    views.ViewDraft: {"id", "project_id", "title", "position", "type", "hidden", "sort_column", "sort_reverse"},
    projects.ProjectDraft: {"id", "name", "alert", "alert_chat", "max_parallel_tasks", "type", "demo"},
    runners.RunnerDraft: {
        "id", "project_id", "name", "webhook", "max_parallel_tasks", "active", "tag", "public_key",
    },
    users.UserDraft: {
        "username", "name", "email", "password", "current_password", "admin", "external", "alert", "pro",
    },
}  # fmt: skip
"""Members of the wire's bodies, where we may add our own."""


@pytest.fixture
async def mine(hub) -> Things:
    return await with_triggers(hub, "mine", await furnish(hub, "mine"))


@pytest.fixture
async def admin(hub):
    return await People(hub, make_app(hub)).with_token(await administrator())


@pytest.fixture
async def ids(hub, mine) -> dict[str, Any]:
    """Everything that a PUT may name."""
    person = await User.create(created=hub.clock(), username="jane", name="Jane", email="jane@example.org")
    await Membership.create(project_id=mine.project, user=person, role="manager")
    await Role.create(slug="ops", name="Ops", permissions=4)
    ssh = await Key.create(name="SSH", type="ssh", project_id=mine.project)
    everywhere = await Runner.create(name="Everywhere", tags=[])
    return {
        "user_id": person.id, "slug": "ops", "app": "bash", "ssh_id": ssh.id, "global_id": everywhere.id,
    }  # fmt: skip


WISHES = {inventories.InventoryDraft: {"checked"}}
"""Members that say how a body is looked at, of which nothing is kept."""


def test_every_put_has_its_place_here():
    paths = {route.path for route in ROUTES.all if route.method == "PUT"}
    assert paths - ELSEWHERE == set(PUTS)


@pytest.mark.parametrize("draft", WIRE, ids=lambda draft: draft.__name__)
def test_a_member_that_is_ours_is_known_to_be(draft):
    """A new one goes into `newer` of its PUT, with a value in `before` that must survive an old client."""
    ours = {(one.alias or name) for name, one in draft.model_fields.items()} - WIRE[draft] - WISHES.get(draft, set())
    listed = {name for put in PUTS.values() if put.draft is draft for name in put.newer}
    assert ours == listed


@pytest.mark.parametrize("path", PUTS)
async def test_what_an_old_client_never_knew_stays(path, admin, mine, ids):
    put = PUTS[path]
    known = mine.ids(path) | ids
    if path == "/runners/{runner_id}":
        known["runner_id"] = ids["global_id"]
    if path == f"{AT}/roles/{{slug}}":
        await Role.filter(slug="ops").update(project_id=mine.project)
    if put.model is not None and put.before:
        await put.model.filter(id=known[put.key]).update(**put.before)
    if put.model is Template:
        await TemplateEnvironment.create(template_id=mine.template, environment_id=mine.environment, position=0)
    if put.model is User:
        put.body["username"] = "jane"  # that of an external user comes from elsewhere
    body = {name: known[value[1:-1]] if isinstance(value, str) and value.startswith("{") and value != "{}" else value
            for name, value in put.body.items()}  # fmt: skip
    reply = await admin.put(path.format(**known), body)
    assert reply.status in {200, 204}, reply.data
    if put.model is None:
        return
    row = (await put.model.filter(id=known[put.key]).values())[0]
    assert {name: row[name] for name in put.before} == put.before
    sent = {name: value for name, value in body.items() if name in row and name != "id"}
    assert put.model in {Key, User} or {name: row[name] for name in sent} == sent
    if put.model is Template:
        assert await TemplateEnvironment.filter(template_id=mine.template).count() == 1


@pytest.mark.parametrize(
    ("path", "member"), [("schedules/{schedule_id}", "task_params"), ("integrations/{integration_id}", "task_params")]
)
async def test_null_takes_away_what_silence_keeps(path, member, admin, mine):
    put = PUTS[f"{AT}/{path}"]
    known = mine.ids(path)
    await put.model.filter(id=known[put.key]).update(**put.before)
    body = put.body | {"template_id": mine.template, member: None}
    assert (await admin.put(f"{AT}/{path}".format(**known), body)).status == 204
    assert (await put.model.get(id=known[put.key])).task_params is None


async def test_what_the_wire_knows_is_replaced_whole(admin, mine):
    """A client that leaves out a switch of the wire switches it off, as many do."""
    await Template.filter(id=mine.template).update(autorun=True, description="x", suppress_success_alerts=True)
    body = TEMPLATE | {"repository_id": mine.repository, "inventory_id": mine.inventory}
    assert (await admin.put(f"/project/{mine.project}/templates/{mine.template}", body)).status == 204
    row = await Template.get(id=mine.template)
    assert (row.autorun, row.description, row.suppress_success_alerts) == (False, None, False)
