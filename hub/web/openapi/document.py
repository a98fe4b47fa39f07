"""The description of the API: as a whole for programs, and of single routes for those who read about one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from hub import shapes
from hub.web.api.routing import Route
from hub.web.openapi import answers, outline, texts
from hub.web.openapi.examples import EXAMPLES
from hub.web.openapi.operations import operation
from hub.web.openapi.schemas import Schemas
from hub.web.openapi.watching import STREAM, STREAM_PATH


@cache
def document() -> Mapping[str, Any]:
    """Return the description of every route, but for the address of the hub. The models must be bound."""
    schemas = _schemas(outline.routes())
    paths = _paths(outline.names(), schemas)
    paths[STREAM_PATH] = {"get": STREAM}
    return {
        "openapi": "3.1.0",
        "info": {"title": texts.TITLE, "version": texts.VERSION, "description": texts.INTRODUCTION},
        "tags": [{"name": one.name, "description": one.about} for one in outline.groups()],
        "paths": dict(sorted(paths.items())),
        "components": _components(schemas),
    }


def alone(name: str) -> Mapping[str, Any] | None:
    """Return the description of one route, which takes a fraction of the time of all; None where no route has the name.

    It is the whole one without other routes and without the objects that only those need.
    """
    if name == STREAM["operationId"]:
        return {"paths": {STREAM_PATH: {"get": STREAM}}, "components": _components(_schemas(()))}
    found = outline.names().get(name)
    if found is None:
        return None
    read = outline.read_before(found)
    schemas = _schemas([found, read] if read else [found])
    return {"paths": _paths({name: found}, schemas), "components": _components(schemas)}


def _schemas(routes: Sequence[Route]) -> Schemas:
    return Schemas(outline.types(routes, "takes"), [*outline.types(routes, "gives"), shapes.Error])


def _paths(names: Mapping[str, Route], schemas: Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = defaultdict(dict)
    for name, one in names.items():
        read = outline.read_before(one)
        described = operation(one, name, schemas, versioned=read is not None and _is_object(read, schemas))
        paths[one.path][one.method.lower()] = described
    return paths


def _is_object(read: Route, schemas: Schemas) -> bool:
    return "gives" in read.about and schemas.given(read.about["gives"]).get("type") != "array"


def _components(schemas: Schemas) -> dict[str, Any]:
    components = {
        name: {**schema, "examples": [EXAMPLES[name]]} if name in EXAMPLES else schema
        for name, schema in sorted(schemas.components.items())
    }
    return {
        "schemas": components,
        "responses": answers.responses(),
        "parameters": texts.PARAMETERS,
        "headers": texts.HEADERS,
        "securitySchemes": texts.SECURITY,
    }
