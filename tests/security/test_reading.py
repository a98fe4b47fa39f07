"""Every read of every thing of a project shows each role what the table of reading says, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.models import (
    Environment,
    HostConfig,
    HostFacts,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Invite,
    Key,
    Repository,
    Role,
    Runner,
    Schedule,
    SecretStorage,
    StateAlias,
    Task,
    User,
)
from hub.services import sessions, watching
from hub.services.access import MANAGE_RESOURCES, MANAGE_USERS, ROLES
from hub.services.actor import Actor
from hub.services.reading import VEILS, WORKERS
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.booted import administrator
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access
from hub.web.pages import PAGES, Who

from .people import Caller, Things, furnish, with_triggers

load_routes()

AT = "/project/{project_id}"
CUSTOM = {"reader": 0, "operator": 1, "keeper": 4, "recruiter": 8, "editor": 2}
BITS = ROLES | CUSTOM

KINDS = {
    f"{AT}/environment": "environment",
    f"{AT}/host_configs": "host_config",
    f"{AT}/integrations": "integration",
    f"{AT}/integrations/aliases": "integration_alias",
    f"{AT}/integrations/{{integration_id}}/aliases": "integration_alias",
    f"{AT}/integrations/{{integration_id}}/matchers": "integration_matcher",
    f"{AT}/integrations/{{integration_id}}/values": "integration_value",
    f"{AT}/inventory": "inventory",
    f"{AT}/inventory/{{inventory_id}}/facts": "host_facts",
    f"{AT}/inventory/{{inventory_id}}/hosts": "hosts",
    f"{AT}/templates/{{template_id}}/hosts": "hosts",
    f"{AT}/invites": "invite",
    f"{AT}/keys": "key",
    f"{AT}/repositories": "repository",
    f"{AT}/runners": "runner",
    f"{AT}/schedules": "schedule",
    f"{AT}/templates/{{template_id}}/schedules": "schedule",
    f"{AT}/secret_storages": "secret_storage",
    f"{AT}/tasks": "task",
    f"{AT}/tasks/last": "task",
    f"{AT}/templates/{{template_id}}/tasks": "task",
    f"{AT}/templates/{{template_id}}/tasks/last": "task",
    f"{AT}/users": "member",
}
"""Lists of things that the table has a row for; one of them alone has the path of its list with an id."""

WITH_TASKS = {f"{AT}/templates", f"{AT}/templates/{{template_id}}", f"{AT}/views/{{view_id}}/templates"}
"""Templates are for everybody, and show their last task as that is shown."""

OF_TASKS = {
    f"{AT}/dashboard": ("at_work", "failing"), f"{AT}/tasks/{{task_id}}/compare": ("left", "right"),
    f"{AT}/tasks/{{task_id}}/passport": ("task",),
}  # fmt: skip
"""Answers that hold tasks, and everybody's figures beside them."""

RULES = f"{AT}/integrations/{{integration_id}}/rules"
"""Holds matchers and values, each shown as it is alone."""

OPEN = {
    AT, f"{AT}/role", f"{AT}/refs", f"{AT}/events", f"{AT}/events/last", f"{AT}/stats", f"{AT}/runner_tags",
    f"{AT}/views", f"{AT}/views/{{view_id}}", f"{AT}/roles", f"{AT}/roles/all", f"{AT}/roles/{{slug}}",
    f"{AT}/templates/{{template_id}}/stats", f"{AT}/templates/{{template_id}}/perms",
    f"{AT}/freezes", f"{AT}/freezes/{{freeze_id}}", f"{AT}/schedules/forecast",
    f"{AT}/known_hosts", f"{AT}/known_hosts/{{known_host_id}}", f"{AT}/host_key_policy",
    f"{AT}/templates/{{template_id}}/perms/{{perm_id}}", f"{AT}/schedules/{{schedule_id}}/next",
    f"{AT}/retention", f"{AT}/drift", f"{AT}/templates/{{template_id}}/drift",
    *(f"{AT}/tasks/{{task_id}}/{part}" for part in (
        "output", "raw_output", "lines", "moves", "results", "stages", "ansible/hosts", "ansible/errors",
        "outputs", "artifacts", "artifacts/{artifact_id}", "log/search", "log/part", "log/download")),
    *(f"{AT}/inventory/{{inventory_id}}/terraform/{part}" for part in (
        "aliases", "aliases/{alias_id}", "states", "states/latest", "states/{state_id}",
        "states/{state_id}/changes", "lock")),
}  # fmt: skip
"""Reads that every member may do whole: what they show holds names, numbers and what tasks printed.

Addresses and texts of Terraform states go by what the caller may do, not by who they are; the canaries see to them.
"""

ASKING = {f"{AT}/repositories/{{repository_id}}/{part}" for part in ("branches", "contents")}
"""What asks a worker, which no hub of these tests has."""

_ID = re.compile(r"/\{\w+_id\}$")
_PART = re.compile(r"\{(\w+)\}")
CANARIES = {"canary-of-workers": WORKERS, "canary-of-keepers": MANAGE_RESOURCES, "canary-of-teams": MANAGE_USERS}
WORK, KEEP, TEAM = CANARIES


ASKED = {f"{AT}/tasks/{{task_id}}/compare": "?with={other}"}


def kind_of(path: str) -> str | None:
    return KINDS.get(path) or KINDS.get(_ID.sub("", path))


def reads() -> Iterator[tuple[str, int]]:
    for route in ROUTES.all:
        if route.method == "GET" and route.access is Access.MEMBER and route.path not in ASKING:
            yield route.path, route.needs


def address(path: str, ids: dict[str, int]) -> str:
    return _PART.sub(lambda part: str(ids.get(part[1], "reader")), path + ASKED.get(path, ""))


@pytest.fixture
async def mine(hub):
    """A project in which whatever the table hides says so."""
    things = await with_triggers(hub, "mine", await furnish(hub, "mine"))
    at = {"id": things.environment}
    await Environment.filter(**at).update(json=f'{{"a": "{WORK}"}}', env=f'{{"A": "{WORK}"}}', password=KEEP,
                                          secret_storage_key_prefix=KEEP)  # fmt: skip
    await Key.filter(id=things.secret).update(name=KEEP)
    await Key.filter(id=things.key).update(source_storage_key=KEEP, source_storage_type="env")
    await Key.filter(owner="vault").update(source_storage_key=KEEP, source_storage_type="env")
    await Inventory.filter(id=things.inventory).update(inventory=WORK)
    told = {"host": "h", "facts": {"a": WORK}, "task_id": things.task, "created": hub.clock()}
    await HostFacts.create(inventory_id=things.inventory, **told)
    await Repository.filter(id=things.repository).update(git_url=f"https://{WORK}.example.org/x.git")
    again: dict[str, Any] = {"template_id": things.template, "project_id": things.project, "created": hub.clock()}
    other = await Task.create(status="waiting", **again)
    await Task.create(status="error", **again)
    await Task.all().update(environment=f'{{"a": "{WORK}"}}', params={"a": WORK})
    await Schedule.all().update(task_params={"message": WORK})
    await Integration.all().update(auth_header=KEEP, auth_secret_id=things.key, task_params={"message": KEEP})
    await IntegrationMatcher.all().update(key=KEEP, value=KEEP)
    await IntegrationValue.all().update(key=KEEP, variable=KEEP)
    await SecretStorage.all().update(params={"url": KEEP})
    await Runner.all().update(webhook=f"https://{KEEP}.example.org")
    await Invite.all().update(email=TEAM)
    await StateAlias.all().update(alias=KEEP)
    for alias in await IntegrationAlias.all():
        await IntegrationAlias.filter(id=alias.id).update(alias=f"{KEEP}-{alias.id}")
    assert await HostConfig.filter(ssh_key_id=things.key).exists()
    for slug, bits in CUSTOM.items():
        await Role.create(slug=slug, name=slug, permissions=bits, project_id=things.project)
    return replace(things, further={**things.further, "other": other.id})


@pytest.fixture
async def boss(people, mine) -> Caller:
    """Somebody who reads everything, and whom everybody may look up."""
    caller = await people.somebody("boss", (mine.project, "owner"))
    await User.filter(id=caller.actor.user_id).update(email="any-bit@example.org")
    return caller


def veiled(kind: str, shape: dict[str, Any], bits: int) -> dict[str, Any]:
    """What the table leaves of a shape: written here once more, so that a change of either shows."""
    for veil in VEILS[kind]:
        if not bits & veil.bits:
            shape = {name: veil.empty.get(name, value) for name, value in shape.items()}
    return shape


def expected(path: str, whole: Any, bits: int) -> Any:
    if isinstance(whole, list):
        return [expected(path, one, bits) for one in whole]
    if path in WITH_TASKS:
        last = whole.get("last_task")
        return whole | ({"last_task": veiled("task", last, bits)} if last else {})
    if path == RULES:
        kinds = {"matchers": "integration_matcher", "values": "integration_value"}
        return {name: [veiled(kind, one, bits) for one in whole[name]] for name, kind in kinds.items()}
    if path in OF_TASKS:
        return of_tasks(whole, OF_TASKS[path], bits)
    kind = kind_of(path)
    return veiled(kind, whole, bits) if kind else whole


def of_tasks(whole: dict[str, Any], members: tuple[str, ...], bits: int) -> dict[str, Any]:
    """Each task as one may read it alone; what two runs were asked for then tells no variables either."""
    found = dict(whole)
    for name in members:
        one = whole[name]
        each = [veiled("task", task, bits) for task in one] if isinstance(one, list) else veiled("task", one, bits)
        found[name] = each
    if "passes" in whole:
        found["passes"] = [veiled("passport", one, bits) for one in whole["passes"]]
    if "members" in whole and not bits & WORKERS:
        found["members"] = [pair for pair in whole["members"] if "." not in pair["name"]]
    return found


def without_own(value: Any) -> Any:
    """Take out what differs from caller to caller by its meaning."""
    if isinstance(value, list):
        return [without_own(one) for one in value]
    return {name: one for name, one in value.items() if name != "permissions"} if isinstance(value, dict) else value


def test_every_read_of_a_project_has_its_place_here():
    """A new one is either of a kind that the table knows, or written down as open to every member."""
    paths = {path for path, needs in reads() if not needs and not path.endswith("/refs")}
    known = {path for path in paths if kind_of(path)} | WITH_TASKS | OF_TASKS.keys() | {RULES} | (OPEN & paths)
    assert paths == known
    assert {*KINDS.values(), "passport"} == set(VEILS)


@pytest.mark.parametrize("role", BITS)
async def test_a_role_reads_what_the_table_says(role, people, mine, boss):
    bits = BITS[role]
    caller = await people.somebody("jane", (mine.project, role))
    ids = mine.ids() | {"user_id": boss.actor.user_id}
    wrong = {}
    for path, needs in reads():
        there = address(path, mine.ids(path) | {"user_id": ids["user_id"]})
        reply = await caller.get(there)
        if needs & ~bits:
            assert reply.status == 403, path
            continue
        whole = await boss.get(there)
        assert reply.status == whole.status, (path, reply.data)
        if whole.status != 200 or path in OPEN:
            continue
        found, wanted = without_own(reply.content), without_own(expected(path, whole.content, bits))
        if found != wanted:
            wrong[path] = (found, wanted)
    assert wrong == {}


def leaked(text: str, bits: int) -> list[str]:
    return [canary for canary, needed in CANARIES.items() if canary in text and not bits & needed]


@pytest.mark.parametrize("role", BITS)
async def test_no_read_and_no_page_shows_a_role_what_is_hidden_from_it(role, people, mine, boss):
    actor = await people.actor("jane", (mine.project, role))
    token, session = await people.with_token(actor), await people.with_session(actor)
    wrong = {}
    for route in ROUTES.all:
        if route.method == "GET" and route.access in {Access.MEMBER, Access.USER} and route.path not in ASKING:
            ids = mine.ids(route.path) | {"user_id": boss.actor.user_id}
            reply = await token.get(address(route.path, ids))
            assert reply.status < 500, (route.path, reply.data)
            if found := leaked(reply.data.decode(), BITS[role]):
                wrong[route.path] = found
    for page in PAGES:
        if "GET" in page.methods and page.who in {Who.MEMBER, Who.USER}:
            reply = await session.call("GET", page_address(page.rule, mine, boss))
            assert reply.status < 500, (page.rule, reply.data)
            if found := leaked(reply.data.decode(), BITS[role]):
                wrong[page.rule] = found
    assert wrong == {}


def page_address(rule: str, mine: Things, boss: Caller) -> str:
    ids = mine.ids(rule) | {"user_id": boss.actor.user_id}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(ids.get(part[1], 1)), rule)


async def test_the_canaries_are_seen_by_those_who_may_read_them(mine, boss):
    """Else the walks above would show nothing."""
    seen = set()
    for path, _ in reads():
        reply = await boss.get(address(path, mine.ids(path) | {"user_id": boss.actor.user_id}))
        seen |= {
            (canary, path if path in OF_TASKS else kind_of(path))
            for canary in CANARIES
            if canary in reply.data.decode()
        }
    assert {kind for _, kind in seen if kind} == (set(VEILS) | set(OF_TASKS)) - {
        "host_config", "member", "hosts", "passport",
    }  # fmt: skip
    assert {canary for canary, _ in seen} == set(CANARIES)


async def test_a_live_view_tells_no_answers_to_anybody(hub, people, mine):
    """What is told of a task is its state and its lines, whoever reads."""
    guest = await people.actor("jane", (mine.project, "guest"))
    watcher = watching.Watcher(hub, Actor("user", guest.user_id, guest.label))
    await watcher.begin()
    made = await launch(hub, await administrator(), mine.project, TaskDraft(template_id=mine.build, message=WORK))
    await Task.filter(id=made["id"]).update(environment=f'{{"a": "{WORK}"}}')
    assert await watcher.still_allowed()
    told = [message async for message in watcher.news(["task/"])]
    assert told
    assert not leaked(str(told), 0)


async def test_a_token_of_less_scope_reads_what_its_owner_reads(hub, people, mine):
    """Scopes limit what is done; what is read goes by the person."""
    keeper = await people.actor("jane", (mine.project, "keeper"))
    made = await sessions.create_token(hub, keeper, sessions.TokenDraft(scopes=["read"]))
    caller = Caller(people.app, keeper, token=made["id"])
    assert KEEP in (await caller.get(f"/project/{mine.project}/integrations")).data.decode()
