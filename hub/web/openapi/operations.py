"""One route as an operation of OpenAPI: its parameters, its body, its answers, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

from hub.services.access import MANAGE_RESOURCES, MANAGE_USERS, RUN_TASKS, UPDATE_PROJECT
from hub.web.api.about import Parameter
from hub.web.api.routing import Access, Route
from hub.web.openapi import answers, lists
from hub.web.openapi.schemas import Schemas

_PART = re.compile(r"\{(\w+)\}")
_JSON = "application/json"

_BITS = {
    RUN_TASKS: "run tasks",
    UPDATE_PROJECT: "update the project",
    MANAGE_RESOURCES: "manage resources",
    MANAGE_USERS: "manage users",
}


def operation(route: Route, name: str, schemas: Schemas, *, versioned: bool) -> dict[str, Any]:
    """Return the description of a route. `versioned` ones take `If-Match`."""
    first, rest, text = _told(route)
    told = [part for part in (rest, text, _rights(route)) if part]
    described = {
        "operationId": name,
        "tags": [tag(route)],
        "summary": first,
        "description": "\n\n".join(told),
        "parameters": [*_path_parameters(route.path), *_asked(route), *_headers(route, versioned=versioned)],
        "responses": answers.of_route(route, schemas, versioned=versioned),
        "security": _security(route),
        "x-contract": "wire" if route.wire else "own",
    }
    if (body := _body(route, schemas)) is not None:
        described["requestBody"] = body
    return {member: value for member, value in described.items() if value != "" and (value or member == "security")}


def summary(route: Route) -> str:
    """Return what a route does, in a sentence without its full stop."""
    return _told(route)[0]


def _told(route: Route) -> tuple[str, str, str]:
    """Return the first sentence of what a route says of itself, the rest of that paragraph, and what follows."""
    paragraph, _, text = cleandoc(route.view.__doc__ or "").partition("\n\n")
    first, _, rest = " ".join(paragraph.split()).partition(". ")
    return first.removesuffix("."), rest, " ".join(text.split())


def tag(route: Route) -> str:
    """Return the group that a route stands in: the module that declares it."""
    return route.view.__module__.rpartition(".")[2].replace("_", " ").capitalize()


def _rights(route: Route) -> str:
    bits = [text for bit, text in _BITS.items() if route.needs & bit]
    told = {
        Access.PUBLIC: "",
        Access.SESSION: "For sessions that may still owe their second factor.",
        Access.RUNNER: "For runners.",
        Access.ADMIN: "For administrators.",
        Access.MEMBER: "For members of the project" + (f" that may {' and '.join(bits)}." if bits else "."),
        Access.USER: "For everybody who is signed in.",
    }[route.access]
    return f"{told} Scope of a limited token: `{route.scope}`." if route.scope and told else told


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Access.PUBLIC:
        return []
    if route.access is Access.RUNNER:
        return [{"runner": []}]
    if route.access is Access.SESSION:
        return [{"session": []}]
    return [{"token": [route.scope] if route.scope else []}, {"session": []}]


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID if name.endswith("_id") else {"type": "string"}}
        for name in _PART.findall(path)
    ]


_ID: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}


def _asked(route: Route) -> Iterable[dict[str, Any]]:
    for one in route.about.get("asks", ()):
        yield query_parameter(one)
    if "lists" in route.about:
        yield from lists.parameters(route.about["lists"])


def query_parameter(one: Parameter) -> dict[str, Any]:
    """Return the description of a parameter of a query."""
    schema: dict[str, Any] = {"type": one.kind}
    if one.format:
        schema["format"] = one.format
    if one.choices:
        schema["enum"] = list(one.choices)
    return {"name": one.name, "in": "query", "description": one.text, "schema": schema}


def _headers(route: Route, *, versioned: bool) -> Iterable[Mapping[str, Any]]:
    if takes_key(route):
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if versioned:
        yield {"$ref": "#/components/parameters/IfMatch"}


def takes_key(route: Route) -> bool:
    """Whether a request may name itself, so that it is done once however often it is sent."""
    return route.method == "POST" and route.access not in {Access.PUBLIC, Access.SESSION}


def _body(route: Route, schemas: Schemas) -> dict[str, Any] | None:
    if "takes" not in route.about:
        return None
    content = {_JSON: {"schema": schemas.taken(route.about["takes"])}}
    return {"required": route.needs_body, "content": content}
