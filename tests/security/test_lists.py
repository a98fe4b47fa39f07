"""Lists: none grows in queries with its rows, none is without a bound, and none tells of what one may not read."""

from __future__ import annotations

import re

from hub.models import Event
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access

from .growth import multiply, seed, statements
from .people import Caller, Things, furnish, with_triggers

load_routes()

_PART = re.compile(r"\{(\w+)\}")

NOT_OF_ROWS = {
    "/plugins": "what is installed",
    "/project/{project_id}/schedules/{schedule_id}/next": "worked out of one schedule",
    "/project/{project_id}/repositories/{repository_id}/branches": "asked of git by a worker",
}
"""Lists that are no rows of the database."""


def reads(things: Things) -> dict[str, str]:
    """Every GET of the table that needs nothing but ids, with its path in the furnished project."""
    found = {}
    for route in ROUTES.all:
        if route.method != "GET" or route.access not in {Access.USER, Access.MEMBER, Access.ADMIN}:
            continue
        ids = things.ids(route.path) | {"user_id": 1}
        if route.path not in NOT_OF_ROWS and all(part in ids for part in _PART.findall(route.path)):
            found[route.path] = "/api" + _PART.sub(lambda part, ids=ids: str(ids[part[1]]), route.path)
    return found


IN_ONE_PIECE = {
    "/apps": "one for each executor, and what administrators defined beyond them",
    "/tasks": "a snapshot of what is not finished, at most 1000",
    "/tasks/{task_id}": "the same list, as on the wire",
    "/users/{user_id}/identities": "one for each way to sign in that was set up",
    "/runner_tags": "tags, counted",
    "/project/{project_id}/runner_tags": "tags, counted",
    "/project/{project_id}/stats": "one row a day, at most ten years",
    "/project/{project_id}/templates/{template_id}/stats": "one row a day, at most ten years",
    "/project/{project_id}/tasks/{task_id}/stages": "what one task told",
    "/project/{project_id}/tasks/{task_id}/ansible/hosts": "what one task told",
    "/project/{project_id}/tasks/{task_id}/ansible/errors": "what one task told",
    "/project/{project_id}/tasks/{task_id}/output": "sent piece by piece",
}
"""Lists without pages."""


async def cost(caller: Caller, address: str) -> tuple[int, int]:
    """Rows of a list, and how many queries it takes; no rows for what is no list."""
    await caller.call("GET", address)
    await Event.create(created="2026-01-01T00:00:00Z", description="so that nothing that was kept answers")
    async with statements() as heard:
        reply = await caller.call("GET", address)
    if reply.status != 200 or not reply.headers["Content-Type"].startswith("application/json"):
        return 0, 0
    return (len(reply.json), len(heard)) if isinstance(reply.json, list) else (0, 0)


async def test_no_list_of_the_table_costs_more_queries_for_more_rows(hub, people, admin):
    things = await with_triggers(hub, "many", await furnish(hub, "many"))
    await seed(hub, things)
    paths = reads(things)
    few = {path: await cost(admin, address) for path, address in paths.items()}
    lists = {path for path, (rows, _) in few.items() if rows}
    assert len(lists) >= 40, "hardly a list was found"
    await multiply(things, 30)
    many = {path: await cost(admin, paths[path]) for path in lists}
    assert {path: rows for path, (rows, _) in many.items() if rows < 30} == {}, "tell growth.py how these get rows"
    assert {path: (few[path][1], many[path][1]) for path in lists if many[path][1] > few[path][1]} == {}


async def test_every_list_has_pages_with_the_way_to_the_next_one(hub, people, admin):
    things = await with_triggers(hub, "many", await furnish(hub, "many"))
    await seed(hub, things)
    await multiply(things, 8)
    wrong = {}
    for path, address in reads(things).items():
        whole = await admin.call("GET", address)
        if path in IN_ONE_PIECE or whole.status != 200 or not whole.data.startswith(b"["):
            continue
        walked, pages, further = [], 0, f"{address}?limit=3"
        while further and pages < 200:
            reply = await admin.call("GET", further)
            walked, pages = [*walked, *reply.json], pages + 1
            found = re.search(r'<([^>]+)>; rel="next"', reply.headers.get("Link", ""))
            further = found[1] if found else ""
        if walked != whole.json or pages < 3:
            wrong[path] = (len(whole.json), len(walked), pages)
    assert wrong == {}
