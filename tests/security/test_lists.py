"""Lists: none grows in queries with its rows, none is without a bound, and none tells of what one may not read."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import pytest

from hub import services
from hub.models import Environment, Event, Inventory, Key, Membership, Notification, Repository, Runner, User
from hub.services.listing import Listing
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access

from .growth import multiply, seed, statements
from .people import Caller, Things, furnish, with_triggers

load_routes()

_PART = re.compile(r"\{(\w+)\}")

NOT_OF_ROWS = {
    "/plugins": "what is installed",
    "/project/{project_id}/schedules/{schedule_id}/next": "worked out of one schedule",
    "/project/{project_id}/schedules/forecast": "worked out of the schedules",
    "/project/{project_id}/repositories/{repository_id}/branches": "asked of git by a worker",
    "/project/{project_id}/repositories/{repository_id}/contents": "asked of git by a worker",
    "/notifiers": "what is installed",
}
"""Lists that are no rows of the database."""


ASKED = {"/search": "?q=many"}
"""What gives nothing to those who ask for nothing."""


def reads(things: Things) -> dict[str, str]:
    """Every GET of the table that needs nothing but ids, with its path in the furnished project."""
    found = {}
    for route in ROUTES.all:
        if route.method != "GET" or route.access not in {Access.USER, Access.MEMBER, Access.ADMIN}:
            continue
        ids = things.ids(route.path) | {"user_id": 1}
        if route.path not in NOT_OF_ROWS and all(part in ids for part in _PART.findall(route.path)):
            address = "/api" + _PART.sub(lambda part, ids=ids: str(ids[part[1]]), route.path)
            found[route.path] = address + ASKED.get(route.path, "")
    return found


IN_ONE_PIECE = {
    "/apps": "one for each executor, and what administrators defined beyond them",
    "/search": "the best names, at most fifty",
    "/workers": "those that are there; who is silent for ten minutes is taken off",
    "/tasks": "a snapshot of what is not finished, at most 1000",
    "/tasks/{task_id}": "the same list, as on the wire",
    "/users/{user_id}/identities": "one for each way to sign in that was set up",
    "/runner_tags": "tags, counted",
    "/project/{project_id}/runner_tags": "tags, counted",
    "/user/stars": "at most five hundred of each person",
    "/project/{project_id}/keys/{key_id}/uses": "what uses one key, of every kind",
    "/project/{project_id}/stats": "one row a day, at most ten years",
    "/project/{project_id}/templates/{template_id}/stats": "one row a day, at most ten years",
    "/project/{project_id}/tasks/{task_id}/stages": "what one task told",
    "/project/{project_id}/tasks/{task_id}/ansible/hosts": "what one task told",
    "/project/{project_id}/tasks/{task_id}/ansible/errors": "what one task told",
    "/project/{project_id}/tasks/{task_id}/outputs": "what one task left, at most 200",
    "/project/{project_id}/tasks/{task_id}/artifacts": "what one task left, at most 200",
    "/project/{project_id}/tasks/{task_id}/output": "sent piece by piece",
}
"""Lists without pages."""


BY_HALVING = {"/project/{project_id}/stats", "/project/{project_id}/templates/{template_id}/stats"}
"""The first task of a day is found by halving: a query more for twice the rows."""


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
    grown = {path: (few[path][1], many[path][1]) for path in lists if many[path][1] > few[path][1]}
    assert {path: costs for path, costs in grown.items() if path not in BY_HALVING or costs[1] > costs[0] + 6} == {}


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


HIDDEN = {
    "environment": ("json", "env"),
    "inventory": ("inventory",),
    "repositories": ("git_url",),
    "keys": ("source_storage_id", "source_storage_key", "source_storage_type"),
    "integrations": ("auth_secret_id", "auth_header"),
    "runners": ("webhook",),
    "host_configs": ("ssh_key_id",),
    "users": ("email",),
}
"""What guests may not read of the things of a project."""

CANARY = "canary"


async def _with_canaries(hub, things: Things) -> None:
    """Put a word into what guests may not read."""
    await Environment.filter(id=things.environment).update(json=f'{{"a": "{CANARY}"}}', env=f'{{"b": "{CANARY}"}}')
    await Inventory.filter(id=things.inventory).update(inventory=CANARY)
    await Repository.filter(id=things.repository).update(git_url=CANARY)
    await Key.filter(id=things.key).update(source_storage_key=CANARY)
    await Runner.filter(id=things.runner).update(webhook=CANARY)
    other = await User.create(created=hub.clock(), username="x", name="X", email=f"{CANARY}@example.org")
    await Membership.create(project_id=things.project, user_id=other.id, role="guest")


@pytest.mark.parametrize("kind", HIDDEN)
async def test_nobody_finds_a_thing_by_what_they_may_not_read(kind, hub, people):
    things = await with_triggers(hub, "mine", await furnish(hub, "mine"))
    await _with_canaries(hub, things)
    guest = await people.somebody("guest", (things.project, "guest"))
    address = f"/project/{things.project}/{kind}"
    plain = await guest.get(address)
    assert plain.status == 200
    assert CANARY.encode() not in plain.data
    for column in HIDDEN[kind]:
        for filtered in (column, f"{column}__contains", f"{column}__not", f"{column}__null", f"{column}__gt"):
            reply = await guest.get(f"{address}?{filtered}={CANARY}")
            assert reply.status == 400, (filtered, reply.data)
            assert column not in reply.json.get("allowed", ()), reply.data
        for order in ("asc", "desc"):
            reply = await guest.get(f"{address}?sort={column}&order={order}")
            turned = await guest.get(f"{address}?order={order}")
            assert reply.status == 400 or reply.data == turned.data, (column, reply.data)
    assert (await guest.get(f"{address}?q={CANARY}")).json == []


async def test_those_who_may_read_it_find_it(hub, people):
    things = await with_triggers(hub, "mine", await furnish(hub, "mine"))
    await _with_canaries(hub, things)
    owner = await people.somebody("owner", (things.project, "owner"))
    for kind in ("environment", "inventory", "repositories", "users", "keys"):
        assert len((await owner.get(f"/project/{things.project}/{kind}?q={CANARY}")).json) == 1, kind
    assert len((await owner.get(f"/project/{things.project}/inventory?inventory__contains=ANAR")).json) == 1


async def test_people_find_others_by_names_alone(hub, people, admin):
    await people.actor("other")
    me = await people.somebody("me")
    assert (await me.get("/users?q=example.org")).json == []
    for asked in ("email=other@example.org", "admin=true", "created__gt=2020-01-01", "email__contains=o"):
        assert (await me.get(f"/users?{asked}")).status == 400, asked
    plain = await me.get("/users")
    for column in ("email", "created", "admin", "password_hash"):
        assert (await me.get(f"/users?sort={column}")).data == plain.data, column
    assert [one["username"] for one in (await admin.get("/users?q=other@example.org")).json] == ["other"]


def listings() -> dict[str, Listing]:
    """Every list that a service declares, by its name."""
    found = {}
    for module in pkgutil.walk_packages(services.__path__, "hub.services."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Listing) and not name.startswith("_"):
                found[f"{value.model.__name__} {sorted(value.columns)}"] = value
    return found


@pytest.mark.usefixtures("hub")
async def test_every_listing_names_columns_that_are_there_and_no_secret():
    found = listings()
    assert len(found) > 30
    for name, listing in found.items():
        assert listing.default.removeprefix("-") in listing.sorts, name
        assert set(listing.searched) | set(listing.words) | set(listing.unsorted) <= set(listing.columns), name
        assert not set(listing.own) & set(listing.columns), name
        assert 1 <= (listing.usual or listing.most) <= listing.most <= 5000, name
        assert list(listing.filters()), name
        secret = {"digest", "password_hash", "secret", "alias", "task_params", "password"}
        secret |= {"state"} if listing.model is not Notification else set()  # there it is how far a notice is
        assert not {path.rpartition("__")[2] for path in listing.columns.values()} & secret, name


@pytest.mark.parametrize(("asked", "says"), [
    ("before=x", "cursor"), ("after=17", "cursor"), ("after=e30", "cursor"), ("before=e30&after=e30", "not both"),
    ("sort=secret", "invalid sort column"), ("sort=name__gt", "invalid sort column"),
    ("name__regex=.*", "there are: name"), ("colour__gt=1", "it has: "), ("id=x", "whole number"),
    ("id__gt=99999999999", "whole number"), ("autorun=perhaps", "true or false"), ("view_id__null=2", "true or false"),
    (f"q={'x' * 201}", "200 characters"), (f"id={','.join(['1'] * 101)}", "100 values"),
])  # fmt: skip
async def test_a_wrong_parameter_is_refused_with_what_would_be_right(asked, says, mine, admin):
    reply = await admin.get(f"/project/{mine.project}/templates?{asked}")
    assert reply.status == 400
    assert says in reply.json["error"]
    if "sort" in asked:
        assert {"name", "playbook", "inventory"} <= set(reply.json["allowed"])


async def test_moments_are_read_as_moments(mine, admin):
    at = f"/project/{mine.project}/tasks"
    assert len((await admin.get(f"{at}?created__gt=2020-01-01")).json) == 2
    assert (await admin.get(f"{at}?created__gt=2100-01-01T00:00:00%2B02:00")).json == []
    assert "must be a time" in (await admin.get(f"{at}?created__gt=yesterday")).json["error"]


async def test_what_the_wire_ignores_is_ignored_unless_the_client_wants_it_refused(mine, admin):
    address = f"/api/project/{mine.project}/templates"
    plain = await admin.call("GET", address)
    for asked in ("colour=red", "_=17", "limit=0", "limit=x", "limit=99999", "name=", "order=up"):
        assert (await admin.call("GET", f"{address}?{asked}")).json == plain.json, asked
    reply = await admin.call("GET", f"{address}?colour=red", Prefer="handling=strict")
    assert reply.status == 400
    assert "it has: " in reply.json["error"]
    assert (await admin.call("GET", f"{address}?name=x&limit=2", Prefer="handling=strict")).status == 200


async def test_a_list_without_parameters_is_what_it_was(mine, admin):
    reply = await admin.get(f"/project/{mine.project}/templates")
    assert [one["name"] for one in reply.json] == ["mine build", "mine plain", "mine template"]
    assert "Link" not in reply.headers
    assert reply.headers["X-Has-Next"] == "false"


async def test_links_keep_what_was_asked(mine, admin):
    reply = await admin.get(f"/project/{mine.project}/templates?limit=1&q=mine&sort=playbook")
    link = re.fullmatch(r'<(/api/project/\d+/templates\?limit=1&q=mine&sort=playbook&after=[\w-]+)>; rel="next"',
                        reply.headers["Link"])  # fmt: skip
    assert link is not None
    second = await admin.call("GET", link[1])
    assert [part.partition("; ")[2] for part in second.headers["Link"].split(", ")] == ['rel="next"', 'rel="prev"']
    assert second.headers["X-Has-Next"] == "true"
