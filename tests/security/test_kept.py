"""Answers that are kept: never one that does not hold any more, and never that of another question."""

from __future__ import annotations

import asyncio
import contextvars
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from hub.db import current, transaction
from hub.models import Event, Membership, Project, Role, Session, TemplateRole, Token, User
from hub.services import sessions
from hub.services.actor import Actor
from hub.testing.booted import administrator, booted
from hub.testing.carriers import SETUPS
from hub.web.api.kept import STEADY
from hub.web.api.routing import Call
from hub.web.app import make_app

from .people import Caller, People, furnish
from .test_reads import BEHIND, READS, seen
from .test_route_walk import filled

both_setups = pytest.mark.parametrize("setup", SETUPS)


def steady(things) -> list[str]:
    return [f"/api{filled(path, things.ids()).removeprefix('/api')}" for path in sorted(STEADY)]


async def answers(caller: Caller, paths: list[str], **headers: str) -> list[Any]:
    return [seen(await caller.call("GET", path, **headers)) for path in paths]


class Turned:
    """A hub's clock, which can be put forward."""

    def __init__(self, hub) -> None:
        self.ahead = timedelta()
        self.hub = replace(hub, clock=lambda: hub.clock() + self.ahead)


def elsewhere(statement: str, *values: object) -> None:
    """Write to the database as another process does."""
    path = current().address.path
    program = (
        "import sqlite3, sys, json\n"
        "with sqlite3.connect(sys.argv[1]) as found: found.execute(sys.argv[2], json.loads(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", program, str(path), statement, json.dumps(values)], check=True)


def test_what_is_kept_are_reads_of_the_table():
    assert {route.path for route in READS} >= STEADY


def test_what_is_kept_goes_by_all_that_a_view_is_given():
    """Whoever adds a member to `Call` thinks of the key of what is kept; ids and texts are parts of the address."""
    members = {"hub", "actor", "ids", "texts", "query", "body", "address", "strict"}
    assert {one.name for one in fields(Call)} == members


class Nothing:
    """Stands where an answer must not look."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"an answer that is kept looks at {name}")

    def __call__(self) -> Any:
        raise AssertionError("an answer that is kept looks at the clock")


async def test_what_is_kept_looks_at_the_database_alone(hub, mine):
    """Not at the clock, a plugin, the queue or a key: those change without a word of the database."""
    nothing = Nothing()
    bare = replace(hub, clock=nothing, registry=nothing, queue=nothing, bell=nothing, vault=nothing, tally=nothing)
    views = {route.path: route.view for route in READS}
    for path in STEADY:
        given = Call(bare, await administrator(), mine.ids(), {}, {}, address=f"/api{path}")
        assert await views[path](given) is not None, path


async def test_a_read_that_prefers_refusals_gets_no_answer_of_one_that_does_not(admin, mine):
    path = f"/api/project/{mine.project}/templates?nonsense=1"
    assert (await admin.call("GET", path)).status == 200
    assert (await admin.call("GET", path, Prefer="handling=strict")).status == 400


HEADERS = [
    {"Accept_Encoding": "gzip"},
    {"Accept_Encoding": "gzip", "Sec_Fetch_Site": "cross-site"},
    {"Accept": "text/html"},
    {"Accept_Language": "ru"},
    {"If_None_Match": "*"},
    {"Range": "bytes=0-9"},
    {"Host": "other.example.org"},
    {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "other.example.org"},
    {"X_Forwarded_Prefix": "/one"},
    {"X_Forwarded_Prefix": "/other"},
    {"Prefer": "handling=strict"},
]


async def test_headers_and_parameters_get_what_the_framework_gives_whatever_was_asked_before(plugins):
    async with booted(plugins=plugins, trusted_proxies="127.0.0.0/8") as hub:
        admin = await People(hub, make_app(hub)).with_token(await administrator())
        mine = await furnish(hub, "mine")
        paths = [path + query for path in steady(mine) for query in ("", "?limit=1", "?limit=2", "?nonsense=1")]
        for headers in ({}, *HEADERS):
            behind = await answers(admin, paths, **headers, **BEHIND)
            assert await answers(admin, paths, **headers) == behind, headers
            assert await answers(admin, paths, **headers) == behind, headers


def changes(turned: Turned, user_id: int, things) -> dict[str, Callable[[], Awaitable[object]]]:
    """What can happen to the rights of somebody with a token and a session, each step after the one before."""
    mine = Membership.filter(user_id=user_id)

    async def later() -> None:
        turned.ahead += timedelta(days=2)

    return {
        "another role": lambda: mine.update(role="deployer"),
        "the role gets bits": lambda: Role.all().update(permissions=4),
        "a right on a template": lambda: TemplateRole.create(
            template_id=things.template, role_slug="deployer", permissions=1
        ),
        "that right changes": lambda: TemplateRole.all().update(permissions=5),
        "a built-in role": lambda: mine.update(role="guest"),
        "another name": lambda: User.filter(id=user_id).update(name="Renamed"),
        "an administrator": lambda: User.filter(id=user_id).update(admin=True),
        "a limited token": lambda: Token.filter(user_id=user_id).update(scopes=["read"], project_id=things.project),
        "none any more": lambda: User.filter(id=user_id).update(admin=False),
        "out of the project": mine.delete,
        "a session that owes a code": lambda: Session.filter(user_id=user_id).update(verified=False),
        "the code is given": lambda: Session.filter(user_id=user_id).update(verified=True),
        "the token expires": later,
        "the session is closed": lambda: Session.filter(user_id=user_id).delete(),
    }


@both_setups
async def test_rights_are_as_fresh_as_if_nothing_were_kept(hub):
    turned = Turned(hub)
    things = await furnish(hub, "mine")
    await Role.create(slug="deployer", name="Deployer", permissions=0, project_id=things.project)
    await Event.create(project_id=None, object_type="user", description="of no project", created=hub.clock())
    people = People(hub, make_app(turned.hub))
    actor = await people.actor("jane", (things.project, "task_runner"))
    callers = [await people.with_token(actor), await people.with_session(actor)]
    await Token.all().update(expires=hub.clock() + timedelta(days=1), last_used=hub.clock() + timedelta(days=9))
    paths = steady(things)
    before = [await answers(caller, paths) for caller in callers]
    for name, change in changes(turned, actor.user_id, things).items():
        assert [await answers(caller, paths) for caller in callers] == before, f"before: {name}"
        await change()
        now = [await answers(caller, paths) for caller in callers]
        assert now == [await answers(caller, paths, **BEHIND) for caller in callers], name
        assert now != before, f"{name}: changes nothing"
        before = now


async def test_an_idle_session_ends_though_nothing_was_written(hub, mine):
    turned = Turned(hub)
    people = People(hub, make_app(turned.hub))
    caller = await people.with_session(await administrator())
    await Session.all().update(last_active=hub.clock() + timedelta(hours=1))  # so that asking writes nothing
    assert {(await caller.call("GET", path)).status for path in steady(mine) * 2} == {200}
    turned.ahead = timedelta(days=hub.settings.session_idle_days, hours=2)
    assert {(await caller.call("GET", path)).status for path in steady(mine)} == {401}


async def test_the_answer_of_one_token_is_never_anothers(hub, people, mine, theirs):
    """Not of another person, and not of the same person with other scopes."""
    one = await people.somebody("one", (mine.project, "guest"))
    other = await people.somebody("other", (theirs.project, "guest"))
    boss = await administrator()
    narrow = await sessions.create_token(hub, boss, sessions.TokenDraft(project_id=mine.project))
    callers = [one, other, await people.with_token(boss), Caller(people.app, boss, token=narrow["id"])]
    both = {mine.project, theirs.project}
    for _ in range(3):
        found = [{each["id"] for each in (await caller.get("/projects")).json} for caller in callers]
        assert found == [{mine.project}, {theirs.project}, both, {mine.project}]
        assert [(await caller.get("/events")).status for caller in callers] == [200, 200, 200, 403]


async def test_what_another_process_writes_is_in_the_very_next_answer(admin, mine):
    await admin.get("/projects")
    kept = await admin.get("/projects")
    elsewhere('UPDATE "project" SET "name" = ? WHERE "id" = ?', "renamed elsewhere", mine.project)
    fresh = await admin.get("/projects")
    assert b"renamed elsewhere" not in kept.data
    assert b"renamed elsewhere" in fresh.data


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ('DELETE FROM "membership" WHERE "user_id" = ?', 404),
        ('DELETE FROM "token" WHERE "user_id" = ?', 401),
        ('DELETE FROM "user" WHERE "id" = ?', 401),
    ],
)
async def test_rights_that_another_process_takes_are_gone_at_the_very_next_request(people, mine, statement, status):
    caller = await people.somebody("leaver", (mine.project, "owner"))
    path = f"/project/{mine.project}/templates"
    assert (await caller.get(path)).status == 200
    assert (await caller.get(path)).status == 200
    elsewhere(statement, caller.actor.user_id)
    assert (await caller.get(path)).status == status


async def names_of(caller: Caller) -> list[str]:
    return [one["name"] for one in (await caller.get("/projects")).json]


async def test_a_unit_is_in_answers_from_its_commit_on_and_never_when_it_is_rolled_back(people, mine):
    caller = await people.with_token(Actor("user", (await administrator()).user_id, "admin"))
    named = Project.filter(id=mine.project)
    for end, name in ((RuntimeError, "mine"), (None, "renamed")):
        assert await names_of(caller) == ["mine"]
        try:
            async with transaction():
                await named.update(name="renamed")
                assert await outside(names_of, caller) == ["mine"]
                if end is not None:
                    raise end
        except RuntimeError:
            pass
        assert await names_of(caller) == [name]


async def outside(ask: Callable[[Caller], Awaitable[list[str]]], caller: Caller) -> list[str]:
    """Ask as another request does, which knows nothing of the unit under way."""
    return await asyncio.get_running_loop().create_task(ask(caller), context=contextvars.Context())
