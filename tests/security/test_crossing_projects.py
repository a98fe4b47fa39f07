"""No id of another project, and no deleted one, works anywhere: in paths, nested, or in bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hub.models import (
    Channel,
    Delivery,
    Environment,
    Event,
    Freeze,
    HostConfig,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Invite,
    Key,
    Notification,
    Project,
    Repository,
    Runner,
    RunnerEnrolment,
    Schedule,
    SecretStorage,
    State,
    StateAlias,
    Task,
    Template,
    TemplateRole,
    TemplateVault,
    View,
)
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route

from .people import with_triggers

load_routes()

MODELS = (
    Channel, Delivery, Environment, Event, Freeze, HostConfig, Integration, IntegrationAlias, IntegrationMatcher,
    IntegrationValue, Inventory, Invite, Key, Notification, Project, Repository, Runner, RunnerEnrolment, Schedule,
    SecretStorage, State, StateAlias, Task, Template, TemplateRole, TemplateVault, View,
)  # fmt: skip
NOT_OF_A_PROJECT = {"project_id", "user_id"}
"""Parts of paths below a project that are no things of it; everything else is tried, also what comes later."""
SILENT = {
    ("DELETE", "/project/{project_id}/integrations/aliases/{alias_id}"),
    ("DELETE", "/project/{project_id}/integrations/{integration_id}/aliases/{alias_id}"),
    ("PUT", "/project/{project_id}/templates/{template_id}/perms/{perm_id}"),
    ("DELETE", "/project/{project_id}/templates/{template_id}/perms/{perm_id}"),
}
"""The wire answers 204 to unknown ids here; then a foreign one is as unknown, and stays."""
_PART = re.compile(r"\{(\w+)\}")

# Bodies that would be accepted, so that the id in the path is all there is to refuse.
BODIES: dict[str, Any] = {
    "keys": {"name": "x", "type": "none"},
    "repositories": {"name": "x", "git_url": "https://example.org/x.git", "git_branch": "main", "ssh_key_id": "key"},
    "inventory": {"name": "x", "type": "static", "inventory": "x"},
    "environment": {"name": "x", "json": "{}"},
    "views": {"title": "x"},
    "templates": {"name": "x", "app": "bash", "playbook": "x.sh", "repository_id": "repository"},
    "tasks": {"template_id": "template"},
    "integrations": {"name": "x", "template_id": "template"},
    "matchers": {
        "name": "x",
        "match_type": "body",
        "method": "equals",
        "body_data_type": "json",
        "key": "a",
        "value": "b",
    },
    "values": {"name": "x", "value_source": "body", "body_data_type": "json", "key": "a", "variable": "b"},
    "schedules": {"name": "x", "template_id": "template", "cron_format": "0 0 * * *"},
    "freezes": {"name": "x", "ends": "2099-01-01"},
    "host_key_policy": {"policy": "ask"},
    "perms": {"role_slug": "task_runner", "permissions": 1},
    "invites": {"status": "declined", "email": "x@example.org", "role": "guest"},
    "host_configs": {"type": "url", "host": "https://x.org/", "ssh_key_id": "key"},
    "channels": {"name": "x", "notifier": "slack", "secrets": {"url": "https://example.org/x"}},
    "secret_storages": {"name": "x", "type": "vault", "secret": "x"},
}


@pytest.fixture
async def mine(hub, mine):
    return await with_triggers(hub, "mine", mine)


@pytest.fixture
async def theirs(hub, theirs):
    return await with_triggers(hub, "theirs", theirs)


def body_for(path: str, things: Any) -> dict[str, Any]:
    kind = next((word for word in reversed(path.split("/")) if word in BODIES), "")
    body = BODIES.get(kind, {})
    return {name: getattr(things, str(value), value) if name.endswith("_id") else value for name, value in body.items()}


def nested() -> Iterator[tuple[Route, str]]:
    """Every route with something of a project in its path, and each of these parts."""
    for route in ROUTES.all:
        parts = _PART.findall(route.path)
        if "project_id" in parts:
            yield from ((route, part) for part in parts if part.endswith("_id") and part not in NOT_OF_A_PROJECT)


def address(path: str, ids: dict[str, int]) -> str:
    return "/api" + _PART.sub(lambda part: str(ids.get(part[1], 999_999)), path)


async def everything() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: await model.all().order_by("id").values() for model in MODELS}


def test_the_generated_cases_cover_every_kind_of_thing(mine):
    assert {part for _, part in nested()} <= set(mine.ids())
    assert {route.method for route, _ in nested()} == {"GET", "POST", "PUT", "DELETE"}


async def test_an_id_of_another_project_answers_like_one_that_never_was(people, mine, theirs):
    """Each part of each path in turn; nothing of either project changes."""
    owner = await people.somebody("owner", (mine.project, "owner"))
    before = await everything()
    wrong = {}
    for route, part in nested():
        body = body_for(route.path, mine)
        foreign = await owner.call(
            route.method, address(route.path, mine.ids(route.path) | {part: theirs.ids(route.path)[part]}), body
        )
        missing = await owner.call(
            route.method, address(route.path, mine.ids(route.path) | {part: 2_000_000_000}), body
        )
        fine = {204, 400, 404} if (route.method, route.path) in SILENT else {400, 404}
        if foreign.status not in fine or (foreign.status, foreign.data) != (missing.status, missing.data):
            wrong[f"{route.method} {route.path} {part}"] = (foreign.status, foreign.data, missing.status)
    assert wrong == {}
    assert await everything() == before


async def test_members_of_both_projects_cannot_mix_them_either(people, mine, theirs):
    both = await people.somebody("both", (mine.project, "owner"), (theirs.project, "owner"))
    admin = await people.with_token(await _administrator())
    before = await everything()
    for caller in (both, admin):
        for route, part in nested():
            path = address(route.path, mine.ids(route.path) | {part: theirs.ids(route.path)[part]})
            reply = await caller.call(route.method, path, body_for(route.path, mine))
            silent = (route.method, route.path) in SILENT
            assert reply.status in {400, 404} or (silent and reply.status == 204), (route, part, reply.status)
    assert await everything() == before


async def test_deleted_things_are_gone_for_every_verb(people, mine, theirs):
    owner = await people.somebody("owner", (theirs.project, "owner"))
    ids = theirs.ids()
    assert (await owner.delete(f"/project/{theirs.project}")).status == 204
    for route in ROUTES.all:
        parts = _PART.findall(route.path)
        if "project_id" in parts and set(parts) <= set(ids):
            reply = await owner.call(route.method, address(route.path, ids), body_for(route.path, theirs))
            assert reply.status == 404, (route, reply.status)
    assert (await owner.call("GET", f"/api/project/{theirs.project}/tasks/{theirs.task}/stream")).status == 404


# What a body may refer to: (collection, member, kind of thing, further members).
REFERENCES = [
    ("repositories", "ssh_key_id", "key"),
    ("inventory", "ssh_key_id", "key"),
    ("inventory", "become_key_id", "key"),
    ("inventory", "repository_id", "repository"),
    ("inventory", "template_id", "template"),
    ("templates", "repository_id", "repository"),
    ("templates", "inventory_id", "inventory"),
    ("templates", "environment_id", "environment"),
    ("templates", "view_id", "view"),
    ("templates", "build_template_id", "build"),
    ("integrations", "template_id", "template"),
    ("integrations", "auth_secret_id", "key"),
    ("schedules", "template_id", "template"),
    ("schedules", "repository_id", "repository"),
    ("tasks", "template_id", "template"),
    ("tasks", "inventory_id", "inventory"),
    ("tasks", "build_task_id", "build_task"),
]
SETUP = {"build_template_id": {"type": "deploy"}, "build_task_id": {}, "inventory_id": {}}


@pytest.mark.parametrize(("kind", "member", "thing"), REFERENCES)
async def test_bodies_cannot_refer_to_things_of_another_project(people, mine, theirs, kind, member, thing):
    owner = await people.somebody("owner", (mine.project, "owner"))
    await Template.filter(id=mine.template).update(task_params={"allow_override_inventory": True})
    body = body_for(f"/project/x/{kind}", mine) | SETUP.get(member, {})
    if kind == "tasks":
        body["template_id"] = mine.template
    fine = await owner.post(f"/project/{mine.project}/{kind}", body | {member: getattr(mine, thing)})
    assert fine.status == 201, fine.data
    foreign = await owner.post(f"/project/{mine.project}/{kind}", body | {member: getattr(theirs, thing)})
    missing = await owner.post(f"/project/{mine.project}/{kind}", body | {member: 2_000_000_000})
    assert foreign.status in {400, 404}
    assert (foreign.status, foreign.data) == (missing.status, missing.data)


@pytest.mark.parametrize(("kind", "member", "thing"), [one for one in REFERENCES if one[0] != "tasks"])
async def test_updates_cannot_refer_to_things_of_another_project(people, mine, theirs, kind, member, thing):
    owner = await people.somebody("owner", (mine.project, "owner"))
    own = {"repositories": mine.repository, "inventory": mine.inventory, "templates": mine.template,
           "integrations": mine.further["integration_id"], "schedules": mine.further["schedule_id"]}[kind]  # fmt: skip
    body = body_for(f"/project/x/{kind}", mine) | SETUP.get(member, {}) | {"id": own}
    before = await everything()
    reply = await owner.put(f"/project/{mine.project}/{kind}/{own}", body | {member: getattr(theirs, thing)})
    assert reply.status in {400, 404}
    assert await everything() == before


async def test_a_vault_of_a_template_cannot_be_opened_with_a_key_of_another_project(people, mine, theirs):
    owner = await people.somebody("owner", (mine.project, "owner"))
    body = body_for("/project/x/templates", mine)
    for key in (theirs.key, theirs.secret, mine.secret):
        vaults = [{"type": "password", "vault_key_id": key, "name": "x"}]
        reply = await owner.post(f"/project/{mine.project}/templates", body | {"vaults": vaults})
        assert reply.status in {400, 404}, key


async def test_a_vault_of_another_template_is_not_taken_over_by_its_id(people, mine, theirs):
    row = await TemplateVault.create(template_id=theirs.template, type="script", script="theirs.sh")
    owner = await people.somebody("owner", (mine.project, "owner"))
    body = body_for("/project/x/templates", mine) | {"id": mine.template}
    vaults = [{"id": row.id, "type": "script", "script": "mine.sh"}]
    reply = await owner.put(f"/project/{mine.project}/templates/{mine.template}", body | {"vaults": vaults})
    assert reply.status == 204, reply.data
    await row.refresh_from_db()
    assert (row.template_id, row.script) == (theirs.template, "theirs.sh")


async def test_secrets_of_a_variable_group_serve_as_no_key(people, mine):
    """They hold what another field hides; a repository that used one would show it to its server."""
    owner = await people.somebody("owner", (mine.project, "owner"))
    for kind, member in (("repositories", "ssh_key_id"), ("inventory", "ssh_key_id"), ("inventory", "become_key_id")):
        body = body_for(f"/project/x/{kind}", mine)
        reply = await owner.post(f"/project/{mine.project}/{kind}", body | {member: mine.secret})
        assert reply.status == 404, (kind, member)
    for method in ("PUT", "DELETE"):
        reply = await owner.call(method, f"/api/project/{mine.project}/keys/{mine.secret}", {"name": "x"})
        assert reply.status == 400


async def test_secrets_of_another_group_cannot_be_changed_by_their_id(people, mine, theirs):
    owner = await people.somebody("owner", (mine.project, "owner"))
    for operation in ("update", "delete"):
        for key in (theirs.secret, mine.key):
            secrets = [{"id": key, "operation": operation, "type": "var", "name": "x", "secret": "y"}]
            body = {"name": "x", "json": "{}", "secrets": secrets}
            reply = await owner.put(f"/project/{mine.project}/environment/{mine.environment}", body)
            assert reply.status == 404
    assert await Key.filter(id__in=[theirs.secret, mine.key]).count() == 2


async def test_a_body_that_names_another_project_is_refused(people, mine, theirs):
    """The reference answered 400 and made the thing in the other project all the same (S5)."""
    both = await people.somebody("both", (mine.project, "owner"), (theirs.project, "owner"))
    before = await everything()
    for kind in ("keys", "repositories", "inventory", "environment", "views"):
        body = body_for(f"/project/x/{kind}", mine) | {"project_id": theirs.project}
        assert (await both.post(f"/project/{mine.project}/{kind}", body)).status == 400, kind
    assert await everything() == before


async def test_positions_of_views_of_another_project_stay(people, mine, theirs):
    owner = await people.somebody("owner", (mine.project, "owner"))
    reply = await owner.post(f"/project/{mine.project}/views/positions", {str(theirs.view): 9, str(mine.view): 7})
    assert reply.status == 204
    assert (await View.get(id=theirs.view)).position == 0
    assert (await View.get(id=mine.view)).position == 7


async def test_lists_hold_nothing_of_another_project(people, mine, theirs):
    owner = await people.somebody("owner", (mine.project, "owner"))
    for route in ROUTES.all:
        parts = set(_PART.findall(route.path))
        if route.method == "GET" and parts <= set(mine.ids()) and route.access.value != "admin":
            if route.path.endswith(("/branches", "/contents")):  # they ask a worker, and there is none
                continue
            reply = await owner.call("GET", address(route.path, mine.ids()))
            assert reply.status < 500, route
            assert b"theirs" not in reply.data, route


async def test_task_bodies_set_no_column_that_belongs_to_the_hub(people, mine):
    """The reference stored every column that it found in the body (S21)."""
    runner = await people.somebody("runner", (mine.project, "task_runner"))
    body = {
        "template_id": mine.template, "id": 4711, "status": "success", "user_id": 1, "project_id": 4711, "start": "x",
        "end": "x", "created": "2001-01-01", "integration_id": 5, "schedule_id": 6, "commit_message": "x forged",
        "version": "9", "tag": "root", "lease_owner": "me", "exit_code": 0, "reason": "forged", "resumed": {"a": 1},
    }  # fmt: skip
    made = await runner.made(f"/project/{mine.project}/tasks", body)
    task = await Task.get(id=made["id"])
    assert (task.status, task.user_id, task.project_id) == ("waiting", runner.actor.user_id, mine.project)
    assert (task.start, task.end, task.integration_id, task.schedule_id) == (None, None, None, None)
    assert (task.version, task.tag, task.lease_owner, task.resumed) == (None, "", None, None)
    assert "forged" not in str(await Task.filter(id=task.id).values())


async def test_who_may_only_run_cannot_override_what_the_template_does_not_offer_w53(people, mine):
    runner = await people.somebody("runner", (mine.project, "task_runner"))
    await Template.filter(id=mine.vault_template).update(allow_override_args_in_task=False)
    for member, value in {"git_branch": "evil", "playbook": "evil.sh", "commit_hash": "deadbeef"}.items():
        body = {"template_id": mine.vault_template, member: value}
        assert (await runner.post(f"/project/{mine.project}/tasks", body)).status == 403, member
    for member in ("environment", "secret"):
        body = {"template_id": mine.vault_template, member: '{"undeclared": "x"}'}
        assert (await runner.post(f"/project/{mine.project}/tasks", body)).status == 400, member
    body = {"template_id": mine.vault_template, "arguments": '["--evil"]', "inventory_id": mine.inventory}
    made = await runner.made(f"/project/{mine.project}/tasks", body)
    task = await Task.get(id=made["id"])
    assert (task.arguments, task.inventory_id) == (None, None)


async def test_nobody_gives_more_rights_than_an_owner_has(people, mine, theirs):
    """Roles are the four known ones: none can be named like a built-in one, and none comes from elsewhere."""
    owner = await people.somebody("owner", (mine.project, "owner"))
    friend = await people.somebody("friend")
    assert friend.actor is not None
    for role in ("admin", "Owner", "owner ", "", "root", "*", "owner\n", "15"):
        body = {"user_id": friend.actor.user_id, "role": role}
        assert (await owner.post(f"/project/{mine.project}/users", body)).status == 400, role
    for flag in ("admin", "pro", "external"):
        body = {"username": "owner", "name": "O", "email": "owner@example.org", flag: True}
        reply = await owner.put(f"/users/{owner.actor.user_id}", body)
        user = (await owner.get(f"/users/{owner.actor.user_id}")).json
        assert user[flag] is False, (flag, reply.status)


async def _administrator():
    from hub.testing.booted import administrator

    return await administrator()
