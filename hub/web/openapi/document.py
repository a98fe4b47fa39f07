"""The whole document."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hub import shapes
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route
from hub.web.api.versions import reader
from hub.web.openapi import answers, texts
from hub.web.openapi.examples import EXAMPLES
from hub.web.openapi.operations import operation, tag
from hub.web.openapi.schemas import Schemas
from hub.web.openapi.watching import STREAM, STREAM_PATH

_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS")
"""Those that OpenAPI knows; LOCK and UNLOCK of Terraform are beyond it."""


@cache
def document() -> Mapping[str, Any]:
    """Return the description of every route, but for the address of the hub. The models must be bound."""
    load_routes()
    routes = [one for one in ROUTES.all if one.method in _METHODS]
    taken = [one.about["takes"] for one in routes if "takes" in one.about]
    given = [one.about["gives"] for one in routes if "gives" in one.about]
    schemas = Schemas(_once(taken), _once([*given, shapes.Error]))
    return {
        "openapi": "3.1.0",
        "info": {"title": texts.TITLE, "version": texts.VERSION, "description": texts.INTRODUCTION},
        "tags": _tags(routes),
        "paths": _paths(routes, schemas),
        "components": {
            "schemas": dict(sorted(_with_examples(schemas.components).items())),
            "responses": answers.responses(),
            "parameters": texts.PARAMETERS,
            "headers": texts.HEADERS,
            "securitySchemes": texts.SECURITY,
        },
    }


def _once(types: Iterable[Any]) -> list[Any]:
    return list({repr(one): one for one in types}.values())


def _with_examples(components: dict[str, Any]) -> dict[str, Any]:
    for name, example in EXAMPLES.items():
        components[name]["examples"] = [example]
    return components


def _tags(routes: Sequence[Route]) -> list[dict[str, str]]:
    texts_of = {tag(one): (sys.modules[one.view.__module__].__doc__ or "").partition("\n")[0] for one in routes}
    return [{"name": name, "description": texts_of[name]} for name in sorted(texts_of)]


def _paths(routes: Sequence[Route], schemas: Schemas) -> dict[str, Any]:
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for one in routes:
        by_path[one.path][one.method] = one
    paths: dict[str, Any] = defaultdict(dict)
    for one, name in names(routes):
        read = reader(one, by_path) if one.method in {"PUT", "DELETE"} else None
        described = operation(one, name, schemas, versioned=read is not None and _is_object(read, schemas))
        paths[one.path][one.method.lower()] = described
    paths[STREAM_PATH] = {"get": STREAM}
    return dict(sorted(paths.items()))


def _is_object(read: Route, schemas: Schemas) -> bool:
    return "gives" in read.about and schemas.given(read.about["gives"]).get("type") != "array"


def names(routes: Sequence[Route]) -> list[tuple[Route, str]]:
    """Return a name for each route: that of its view, with what tells it from others of the same name."""
    modules = defaultdict(set)
    for one in routes:
        modules[one.view.__name__].add(one.view.__module__)
    found: dict[str, Route] = {}
    for one in sorted(routes, key=lambda one: (len(one.path), _METHODS.index(one.method))):
        name, module = one.view.__name__, one.view.__module__.rpartition(".")[2]
        plain = name if len(modules[name]) == 1 else f"{module}_{name}"
        free = next((candidate for candidate in _candidates(plain, one) if candidate not in found), None)
        if free is None:
            raise AssertionError(f"{one.method} {one.path} needs a view with a name of its own.")
        found[free] = one
    return [(one, name) for name, one in found.items()]


def _candidates(name: str, route: Route) -> Iterator[str]:
    yield name
    if route.path.startswith("/project/"):
        name = f"{name}_of_project"
        yield name
    yield f"{name}_by_{route.method.lower()}"
    yield f"{name}_at_{route.path.rpartition('/')[2].strip('{}')}"
