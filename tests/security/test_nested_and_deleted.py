"""Ids that fit the project and not each other, ids of what was deleted, and who a runner's token makes one."""

from __future__ import annotations

import re

import pytest

from hub.models import (
    Delivery,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Runner,
    State,
    StateAlias,
    Template,
    TemplateRole,
)
from hub.services.sessions import digest
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access
from hub.web.pages import PAGES, Who

from .people import Caller, with_triggers
from .test_crossing_projects import SILENT, address, body_for, everything, nested

load_routes()

_PART = re.compile(r"\{(\w+)\}")
TOKEN = "runner-token-of-this-test"


@pytest.fixture
async def mine(hub, mine):
    return await with_triggers(hub, "mine", mine)


@pytest.fixture
async def other(hub, mine) -> dict[str, int]:
    """Within the same project: parts of a second integration, template and inventory."""
    at = {"project_id": mine.project}
    template = await Template.create(name="Other", app="bash", playbook="x", repository_id=mine.repository, **at)
    integration = await Integration.create(name="Other", template=template, **at)
    inventory = await Inventory.create(name="Other", type="static", inventory="x", **at)
    made = {
        "matcher_id": await IntegrationMatcher.create(name="o", integration=integration),
        "value_id": await IntegrationValue.create(name="o", integration=integration),
        "delivery_id": await Delivery.create(
            integration=integration, created=hub.clock(), outcome="started", headers={}, body="", task_ids=[], **at
        ),
        "integration_alias_id": await IntegrationAlias.create(alias="other-alias", integration=integration, **at),
        "perm_id": await TemplateRole.create(template=template, role_slug="task_runner", permissions=1),
        "state_alias_id": await StateAlias.create(alias="other-state", inventory=inventory, **at),
        "state_id": await State.create(inventory=inventory, created=hub.clock(), lineage="o", **at),
    }
    return {name: row.id for name, row in made.items()}


async def test_parts_of_a_sibling_are_as_unknown_as_what_never_was(people, mine, other):
    """A matcher of another integration of the same project, a state of another inventory, and so on."""
    owner = await people.somebody("owner", (mine.project, "owner"))
    before = await everything()
    tried, wrong = set(), {}
    for route, part in nested():
        name = part
        if part == "alias_id":
            name = "state_alias_id" if "/terraform/" in route.path else "integration_alias_id"
        if name not in other or "/integrations/aliases" in route.path:
            continue
        tried.add(name)
        body, ids = body_for(route.path, mine), mine.ids(route.path)
        sibling = await owner.call(route.method, address(route.path, ids | {part: other[name]}), body)
        missing = await owner.call(route.method, address(route.path, ids | {part: 2_000_000_000}), body)
        fine = {204, 400, 404} if (route.method, route.path) in SILENT else {400, 404}
        if sibling.status not in fine or (sibling.status, sibling.data) != (missing.status, missing.data):
            wrong[f"{route.method} {route.path} {part}"] = (sibling.status, sibling.data, missing.status)
    assert wrong == {}
    assert tried == set(other)
    assert await everything() == before


DELETES = sorted(
    {route.path for route in ROUTES.all if route.method == "DELETE" and re.search(r"/\{\w+_id\}$", route.path)}
    & {route.path for route, _ in nested()}
)


@pytest.mark.parametrize("path", DELETES)
async def test_what_was_deleted_is_gone_for_every_verb_and_below_it(path, admin, mine):
    owner = admin  # tasks are deleted by administrators only
    part = _PART.findall(path)[-1]
    ids = mine.ids(path)
    await _free(owner, mine, path)
    reply = await owner.call("DELETE", address(path, ids))
    assert reply.status == 204, reply.data
    wrong = {}
    for route in ROUTES.all:
        if part not in _PART.findall(route.path) or not route.path.startswith(path.removesuffix("}").rsplit("/", 1)[0]):
            continue
        gone = await owner.call(route.method, address(route.path, ids), body_for(route.path, mine))
        missing = await owner.call(
            route.method, address(route.path, ids | {part: 2_000_000_000}), body_for(route.path, mine)
        )
        fine = {204, 400, 404} if (route.method, route.path) in SILENT else {400, 404}
        if gone.status not in fine or (gone.status, gone.data) != (missing.status, missing.data):
            wrong[f"{route.method} {route.path}"] = (gone.status, gone.data, missing.status)
    assert wrong == {}


async def _free(owner: Caller, mine, path: str) -> None:
    """Delete what uses the thing, so that it can be deleted itself."""
    at = f"/project/{mine.project}"
    users = {
        "repository_id": ["templates"], "environment_id": ["templates"], "inventory_id": ["templates"],
        "key_id": ["templates", "repositories", "host_configs"],
    }  # fmt: skip
    for kind in users.get(_PART.findall(path)[-1], []) if path.count("{") == 2 else []:
        rows = (await owner.get(f"{at}/{kind}")).json
        for _ in range(2):  # a deployment goes before the build that it follows
            for row in rows:
                await owner.delete(f"{at}/{kind}/{row['id']}")
    if path.endswith("/templates/{template_id}"):
        await owner.delete(f"{at}/inventory/{mine.inventory}")


async def test_a_runner_is_nobody_anywhere_else(people, mine):
    await Runner.filter(id=mine.runner).update(digest=digest(TOKEN), active=True)
    wrong = {}
    for route in ROUTES.all:
        if route.access in {Access.RUNNER, Access.PUBLIC}:
            continue
        path = address(route.path, mine.ids(route.path))
        for headers in ({"X_Runner_Token": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}):
            reply = await people.nobody().call(route.method, path, {}, **headers)
            if reply.status != 401:
                wrong[f"{route.method} {route.path}"] = reply.status
    assert wrong == {}


async def test_people_are_no_runners(people, mine, admin):
    owner = await people.somebody("owner", (mine.project, "owner"))
    for route in ROUTES.all:
        if route.access is Access.RUNNER:
            for caller in (owner, admin):
                reply = await caller.call(route.method, f"/api{route.path}", {})
                assert reply.status == 401, route
                reply = await caller.call(route.method, f"/api{route.path}", {}, X_Runner_Token=caller.token)
                assert reply.status == 404, route


async def test_pages_of_a_project_are_not_there_for_strangers(people, mine, theirs):
    """The same as for a project that never was; and pages for administrators refuse everybody else."""
    stranger = await people.with_session(await people.actor("jane", (theirs.project, "owner")))
    wrong = {}
    for page in PAGES:
        if "GET" not in page.methods or page.who not in {Who.MEMBER, Who.ADMIN}:
            continue
        ids = mine.ids(page.rule)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part, known=ids: str(known.get(part[1], 1)), page.rule)
        reply = await stranger.call("GET", path)
        if reply.status != (404 if page.who is Who.MEMBER else 403):
            wrong[page.rule] = reply.status
        assert b"mine" not in reply.data, page.rule
    assert wrong == {}
