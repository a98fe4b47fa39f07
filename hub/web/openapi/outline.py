"""Which routes the description tells of, how each is called, and in what groups: all that is known without schemas."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route
from hub.web.api.versions import reader
from hub.web.openapi.operations import summary, tag
from hub.web.openapi.watching import STREAM, STREAM_PATH

_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS")
"""Those that OpenAPI knows; LOCK and UNLOCK of Terraform are beyond it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A route as lists of routes show it."""

    name: str
    method: str
    path: str
    summary: str


@dataclass(frozen=True, slots=True)
class Group:
    """Routes of one module, with what it says of itself."""

    name: str
    about: str
    lines: list[Line]


@cache
def routes() -> Sequence[Route]:
    """Return every route that OpenAPI can describe."""
    load_routes()
    return [one for one in ROUTES.all if one.method in _METHODS]


@cache
def groups() -> Sequence[Group]:
    """Return every route, and the live view of a task, in groups and with the paths in order."""
    found: dict[str, list[Line]] = defaultdict(list)
    for name, one in names().items():
        found[tag(one)].append(Line(name, one.method, one.path, summary(one)))
    found[STREAM["tags"][0]].append(Line(STREAM["operationId"], "GET", STREAM_PATH, STREAM["summary"]))
    about = {tag(one): (sys.modules[one.view.__module__].__doc__ or "").partition("\n")[0] for one in routes()}
    return [Group(name, about[name], sorted(lines, key=lambda one: one.path)) for name, lines in sorted(found.items())]


@cache
def names() -> Mapping[str, Route]:
    """Return each route by its name: that of its view, with what tells it from others of the same name."""
    modules = defaultdict(set)
    for one in routes():
        modules[one.view.__name__].add(one.view.__module__)
    found: dict[str, Route] = {}
    for one in sorted(routes(), key=lambda one: (len(one.path), _METHODS.index(one.method))):
        name, module = one.view.__name__, one.view.__module__.rpartition(".")[2]
        plain = name if len(modules[name]) == 1 else f"{module}_{name}"
        free = next((candidate for candidate in _candidates(plain, one) if candidate not in found), None)
        if free is None:
            raise AssertionError(f"{one.method} {one.path} needs a view with a name of its own.")
        found[free] = one
    return found


def _candidates(name: str, route: Route) -> Iterator[str]:
    yield name
    if route.path.startswith("/project/"):
        name = f"{name}_of_project"
        yield name
    yield f"{name}_by_{route.method.lower()}"
    yield f"{name}_at_{route.path.rpartition('/')[2].strip('{}')}"


def read_before(route: Route) -> Route | None:
    """Return the route that tells the version of what `route` changes, if it changes something."""
    return reader(route, _by_path()) if route.method in {"PUT", "DELETE"} else None


@cache
def _by_path() -> Mapping[str, Mapping[str, Route]]:
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for one in routes():
        by_path[one.path][one.method] = one
    return by_path


def types(of: Iterable[Route], member: Literal["takes", "gives"]) -> list[Any]:
    """Return what routes take or give, each type once."""
    return list({repr(one.about[member]): one.about[member] for one in of if member in one.about}.values())
