"""Every route that changes something leads to a verb that records an event, or is excused by name and reason."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import pytest

from hub.services import events
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route
from tests.web.audited import SILENT

load_routes()

CHANGING = [one for one in ROUTES.all if one.method not in {"GET", "HEAD", "OPTIONS", "LOCK", "UNLOCK"}]
QUIET = {
    **SILENT,
    "PUT /internal/runners": "a sign of life, several in a minute",
    "POST /project/{project_id}/schedules/preview": "changes nothing",
    "POST /subscription": "there is none",
    "DELETE /subscription": "there is none",
    "POST /subscription/refresh": "there is none",
}


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def leads_to_an_event(start: Any) -> bool:
    """Follow what a function names, and what that names, as far as it is the hub's own."""
    seen: set[Any] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if one in (events.record, events.row_of):  # what `record` writes, in one statement with something else
            return True
        if one not in seen:
            seen.add(one)
            waiting.extend(named_in(one))
    return False


@cache
def named_in(function: Any) -> tuple[Any, ...]:
    return tuple(_named_in(inspect.unwrap(function)))


def _named_in(function: Any) -> Iterator[Any]:
    if isinstance(function, type):
        yield from (one for one in vars(function).values() if isinstance(one, FunctionType))
        return
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):  # made by a decorator, or a lambda within a line
        return
    known = function.__globals__
    for node in ast.walk(tree):
        found: Any = None
        if isinstance(node, ast.Name):
            found = known.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = known.get(node.value.id)
            found = getattr(module, node.attr, None) if isinstance(module, ModuleType) else None
        if isinstance(found, FunctionType | type) and str(found.__module__).startswith(("hub.services", "hub.web.api")):
            yield found


@pytest.mark.parametrize("route", CHANGING, ids=name_of)
def test_a_route_that_changes_something_records_an_event(route):
    assert leads_to_an_event(route.view) or name_of(route) in QUIET


def test_what_is_excused_is_there():
    assert set(QUIET) <= {name_of(one) for one in CHANGING}
