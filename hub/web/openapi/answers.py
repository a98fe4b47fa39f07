"""What a route may answer: its success, and the refusals that can meet it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.web.api.routing import Access, Route
from hub.web.openapi.schemas import REF, Schemas

_JSON = "application/json"

ERRORS = {
    "Invalid": (400, "The request is wrong, or what it would delete is in use; nothing was changed."),
    "Unauthenticated": (401, "Nobody is signed in, or the session or the token has ended."),
    "Forbidden": (403, "The caller may not do this."),
    "NotFound": (404, "There is no such thing, or the caller may not know of it."),
    "WrongMethod": (405, "Not by this method; `Allow` names those that there are."),
    "TooSlow": (408, "The body took too long to arrive."),
    "Conflict": (409, "The request does not fit the present state."),
    "Changed": (412, "Somebody else changed this meanwhile."),
    "TooLarge": (413, "The request is larger than 10 MiB."),
    "Unprocessable": (422, "The Idempotency-Key came with another request before, or a delivery could start no task."),
    "Locked": (423, "Somebody else holds the lock; the body is the lock, as its holder described it."),
    "TooMany": (429, "Too many requests; `Retry-After` says how many seconds to wait."),
    "Unavailable": (503, "Something outside of the hub does not answer."),
}

EVERYWHERE = ("TooLarge", "TooMany", "Unavailable")
"""Refusals that come before a route is looked for."""

_TEXTS = {
    200: "Done.",
    201: "Made.",
    204: "Done; there is no body.",
    307: "Go on at `Location`, also after a failure, which is told there.",
}

_NAMES = {status: name for name, (status, _) in ERRORS.items()}

_LIST_HEADERS = {
    "Link": {"description": "Addresses of the next and the previous page.", "schema": {"type": "string"}},
    "X-Has-Next": {
        "description": "Whether another page follows.", "schema": {"type": "string", "enum": ["true", "false"]}
    },
}  # fmt: skip


def responses() -> dict[str, Any]:
    """Return the refusals, which are described once for all routes."""
    return {name: _refusal(status, text) for name, (status, text) in ERRORS.items()}


def _refusal(status: int, text: str) -> dict[str, Any]:
    schema = {"type": "object"} if status == 423 else {"$ref": f"{REF}Error"}
    said: dict[str, Any] = {"description": text, "content": {_JSON: {"schema": schema}}}
    if status == 429:
        said["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return said


def of_route(route: Route, schemas: Schemas, *, versioned: bool) -> dict[str, Any]:
    """Return every answer of a route by status."""
    about = route.about
    status = about.get("status", 200 if "gives" in about else 204)
    told: dict[str, Any] = {}
    if status < 400:
        told[str(status)] = _success(route, status, schemas)
    for further in about.get("also", ()):
        told[str(further)] = {"description": _TEXTS[further]} if further < 400 else _refused(_NAMES[further])
    for name in (*_refusals(route), *(["Changed"] if versioned else [])):
        told[str(ERRORS[name][0])] = _refused(name)
    return dict(sorted(told.items()))


def _refused(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


def _success(route: Route, status: int, schemas: Schemas) -> dict[str, Any]:
    about = route.about
    said: dict[str, Any] = {"description": _TEXTS[status]}
    if "gives" in about:
        schema = schemas.given(about["gives"])
        said["content"] = {_JSON: {"schema": schema}}
        if route.method == "GET" and schema.get("type") != "array":
            said["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    elif "media" in about:
        said["content"] = {about["media"]: {"schema": {"type": "string"}}}
    if status == 307:
        said["headers"] = {"Location": {"description": "Where to.", "schema": {"type": "string"}}}
    if "lists" in about:
        said["headers"] = _LIST_HEADERS
    return said


def _refusals(route: Route) -> Iterable[str]:
    open_to_all = route.access is Access.PUBLIC
    writes = route.method not in {"GET", "HEAD", "OPTIONS"}
    if not open_to_all or writes:
        yield "Unauthenticated"
        yield "Forbidden"
    if not open_to_all or writes or "{" in route.path:
        yield "NotFound"
    yield "Invalid"
    if writes:
        yield "TooSlow"
        yield "Conflict"
    if route.method == "POST" and not open_to_all:
        yield "Unprocessable"
    yield from EVERYWHERE
