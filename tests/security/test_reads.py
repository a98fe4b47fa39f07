"""Reads that are answered ahead of the framework give what it gives."""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import Any

import pytest
import quart

from hub.web.api import load_routes
from hub.web.api.reads import is_plain
from hub.web.api.routing import ROUTES

from .test_route_walk import filled, name_of

load_routes()

READS = [route for route in ROUTES.all if is_plain(route)]
ASKED = ("/branches", "/contents")
"""They ask a worker, and there is none."""
MOMENTARY = "/system/health"
"""Tells how long things take just now."""
BEHIND = {"Content-Length": "0"}
"""A request with a body, even an empty one, goes to the framework."""


def seen(reply):
    headers = {name.lower(): value for name, value in reply.headers.items() if name.lower() != "x-request-id"}
    return reply.status, headers, reply.data


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
    for part in ("output", "raw_output", "artifacts/{artifact_id}"):
        assert looks_at_the_request(views["GET", f"/project/{{project_id}}/tasks/{{task_id}}/{part}"], set())


async def test_every_read_is_the_same_ahead_of_the_framework_and_behind_it(people, mine, theirs):
    team = await people.team(mine.project)
    for route in READS:
        if route.path.endswith((*ASKED, MOMENTARY)):
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
