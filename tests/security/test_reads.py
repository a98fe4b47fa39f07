"""Reads that are answered ahead of the framework: the same answers, and never one that does not hold any more."""

from __future__ import annotations

import inspect
import json
import sqlite3
import subprocess
import sys
from dataclasses import fields, replace
from datetime import timedelta
from types import CodeType, FunctionType
from typing import Any

import pytest
import quart

from hub.db import current, unit, version
from hub.models import Project, Token
from hub.web.api import load_routes
from hub.web.api.kept import STEADY, Kept, Sent
from hub.web.api.reads import is_plain
from hub.web.api.routing import ROUTES, Call
from hub.web.app import make_app

from .people import Caller
from .test_route_walk import filled, name_of

load_routes()

READS = [route for route in ROUTES.all if is_plain(route)]
ASKED = "/branches"
"""Asks a worker, and there is none."""
BEHIND = {"Content-Length": "0"}
"""A request with a body, even an empty one, goes to the framework."""


def seen(reply):
    headers = {name.lower(): value for name, value in reply.headers.items() if name.lower() != "x-request-id"}
    return reply.status, headers, reply.data


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


def looks_at_the_request(view: Any, seen: set[Any]) -> bool:
    """Tell whether a view, or what it calls in the web layer, uses the framework's `request`."""
    view = inspect.unwrap(view)
    if view in seen:
        return False
    seen.add(view)
    codes, names = [view.__code__], set()
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
    found = [view.__globals__[name] for name in names if name in view.__globals__]
    if any(one is quart.request for one in found):
        return True
    ours = [one for one in found if isinstance(one, FunctionType) and one.__module__.startswith("hub.web")]
    return any(looks_at_the_request(one, seen) for one in ours)


@pytest.mark.parametrize("route", READS, ids=name_of)
def test_a_read_ahead_of_the_framework_needs_no_request_of_it(route):
    assert not looks_at_the_request(route.view, set())


def test_what_needs_the_request_is_known_as_such():
    views = {(route.method, route.path): route.view for route in ROUTES.all}
    for path in ("/project/{project_id}/tasks/{task_id}/output", "/project/{project_id}/tasks/{task_id}/raw_output"):
        assert looks_at_the_request(views["GET", path], set())


def test_what_is_kept_goes_by_all_that_a_view_is_given():
    """Whoever adds a member to `Call` thinks of the key of what is kept; ids and texts are parts of the address."""
    members = {"hub", "actor", "ids", "texts", "query", "body", "address", "strict"}
    assert {one.name for one in fields(Call)} == members


async def test_a_read_that_prefers_refusals_gets_no_answer_of_one_that_does_not(admin, mine):
    path = f"/api/project/{mine.project}/templates?nonsense=1"
    assert (await admin.call("GET", path)).status == 200
    assert (await admin.call("GET", path, Prefer="handling=strict")).status == 400


async def test_every_read_is_the_same_ahead_of_the_framework_and_behind_it(people, mine, theirs):
    team = await people.team(mine.project)
    for route in READS:
        if route.path.endswith(ASKED):
            continue
        hers, other = filled(route.path, mine.ids(route.path)), filled(route.path, theirs.ids(route.path))
        for caller, path in ((team["admin"], hers), (team["guest"], hers), (team["guest"], f"{other}?sort=name")):
            behind = seen(await caller.call("GET", path, **BEHIND))
            assert seen(await caller.call("GET", path)) == behind, path
            assert seen(await caller.call("GET", path)) == behind, f"{path} again"


@pytest.mark.parametrize(
    "path",
    ["/api/project/x/keys", "/api/project/99999999999/keys", "/api/project/1/nothing", "/api/projects/", "/api//user",
     "/api", "/api/project/1/keys?sort=%00", "/api/project/%31/keys", "/api/project/1%2Fkeys", "/api/user/../user"],
)  # fmt: skip
async def test_malformed_paths_are_answered_as_by_the_framework(path, admin, mine):
    assert seen(await admin.call("GET", path)) == seen(await admin.call("GET", path, **BEHIND))


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


async def test_a_token_that_expires_is_refused_though_nothing_was_written(hub, people, mine):
    later = [timedelta()]
    app = make_app(replace(hub, clock=lambda: hub.clock() + later[0]))
    token = (await people.somebody("short", (mine.project, "owner"))).token
    await Token.all().update(expires=hub.clock() + timedelta(hours=1), last_used=hub.clock() + timedelta(days=9))
    caller = Caller(app, token=token)
    assert (await caller.get("/projects")).status == 200
    assert (await caller.get("/projects")).status == 200
    later[0] = timedelta(hours=2)
    assert (await caller.get("/projects")).status == 401


async def test_the_answer_of_one_person_is_never_anothers(people, mine, theirs):
    one = await people.somebody("one", (mine.project, "guest"))
    other = await people.somebody("other", (theirs.project, "guest"))
    for _ in range(3):
        assert [p["id"] for p in (await one.get("/projects")).json] == [mine.project]
        assert [p["id"] for p in (await other.get("/projects")).json] == [theirs.project]


async def test_nothing_is_kept_that_was_read_while_something_was_written(hub):
    kept = Kept()
    answers = iter([b"before", b"after"])

    async def read() -> Sent:
        await Project.create(name="meanwhile", created=hub.clock())
        return Sent(200, [], next(answers))

    assert (await kept.answer("key", read)).body == b"before"
    assert (await kept.answer("key", read)).body == b"after"


async def test_an_answer_is_read_once_until_something_is_written(hub):
    kept, reads = Kept(), []

    async def read() -> Sent:
        reads.append(1)
        return Sent(200, [], b"x")

    await kept.answer("key", read)
    await kept.answer("key", read)
    assert len(reads) == 1
    await Project.create(name="new", created=hub.clock())
    await kept.answer("key", read)
    assert len(reads) == 2


async def test_errors_and_units_keep_nothing(hub):
    kept, reads = Kept(), []

    async def failed() -> Sent:
        reads.append(1)
        return Sent(404, [], b"")

    await kept.answer("key", failed)
    await kept.answer("key", failed)
    assert len(reads) == 2

    async def work() -> str | None:
        return version()

    assert await unit(work) is None


async def test_what_is_kept_has_a_limit_and_the_oldest_goes_first(hub):
    kept, reads = Kept(most=4 * 5000), []

    def reader(name: str):
        async def read() -> Sent:
            reads.append(name)
            return Sent(200, [], b"x" * 800)

        return read

    for name in ("a", "b", "c", "d", "a", "e", "a", "b"):
        await kept.answer(name, reader(name))
    assert reads == ["a", "b", "c", "d", "e", "b"]


async def test_a_quick_read_cannot_write(hub):
    with pytest.raises(sqlite3.OperationalError):
        current().client._quick._connection.execute('DELETE FROM "project"')
