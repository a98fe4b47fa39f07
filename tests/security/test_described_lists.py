"""What the description of the API tells of lists is what they take, one by one."""

from __future__ import annotations

import ast
import inspect
from urllib.parse import urlencode

import pytest

from hub.services.listing import Listing
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route
from hub.web.openapi.document import document

from .people import furnish, with_triggers

load_routes()
LISTS = [one for one in ROUTES.all if "lists" in one.about]

FITTING = {"integer": 1, "boolean": "true", "date-time": "2026-03-01T08:30:00Z", "string": "x", "date": "2026-03-01"}


@pytest.fixture
async def things(hub):
    return await with_triggers(hub, "mine", await furnish(hub, "mine"))


@pytest.fixture
def at(things, admin):
    """Addresses of lists that hold something."""
    return lambda route: route.path.format_map(things.ids(route.path) | {"user_id": admin.actor.user_id})


def told_of(route: Route) -> dict[str, dict]:
    found = document()["paths"][route.path]["get"].get("parameters", ())
    return {one["name"]: one["schema"] for one in found if one.get("in") == "query"}


def fitting(schema: dict) -> str | int:
    if "enum" in schema:
        return schema["enum"][0]
    if "items" in schema:
        return f"{fitting(schema['items'])},{fitting(schema['items'])}"
    return FITTING[schema.get("format") or schema["type"]]


def test_every_list_with_pages_says_which_and_nothing_else_does():
    asking = {one.path for one in ROUTES.all if "asked" in names_in(one)}
    assert len(asking) > 35
    assert {one.path for one in LISTS} == asking


def names_in(route: Route) -> set[str]:
    tree = ast.parse(inspect.getsource(inspect.unwrap(route.view)))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


async def test_each_list_is_the_one_that_its_route_names(admin, at):
    """It names its columns itself when it refuses a parameter that it does not know."""
    wrong = {}
    for route in LISTS:
        listing: Listing = route.about["lists"]
        reply = await admin.call("GET", f"/api{at(route)}?no_such_column=1", Prefer="handling=strict")
        told = reply.json.get("allowed")
        if reply.status != 400 or told != [*listing.own, *listing.columns]:
            wrong[route.path] = (reply.status, told)
        own = {one.name for one in route.about.get("asks", ())}
        if not own <= set(listing.own):
            wrong[f"{route.path} asks"] = own
    assert wrong == {}


async def test_every_parameter_that_is_told_of_a_list_is_one(admin, at):
    """All at once, and whatever it may be sorted by; none is unknown, and every value is one that fits."""
    wrong = {}
    for route in LISTS:
        told = told_of(route)
        asked = [{name: fitting(schema) for name, schema in told.items() if name not in {"before", "after"}}]
        asked += [{"sort": name, "order": "desc", "limit": 1} for name in told["sort"]["enum"]]
        for query in asked:
            reply = await admin.call("GET", f"/api{at(route)}?{urlencode(query)}", Prefer="handling=strict")
            if reply.status != 200:
                wrong[f"{route.path} {query}"] = reply.data
    assert wrong == {}


async def test_no_page_is_longer_than_is_told(admin, at):
    for route in LISTS:
        limit = told_of(route)["limit"]
        assert limit["default"] <= limit["maximum"] == route.about["lists"].most <= 5000
        reply = await admin.call("GET", f"/api{at(route)}?limit=1")
        assert (reply.status, reply.headers["X-Has-Next"] in {"true", "false"}) == (200, True), route.path
        assert len(reply.json) <= 1, route.path
