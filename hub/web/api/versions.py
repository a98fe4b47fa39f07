"""Versions of things: `ETag` tells which one was read, `If-Match` lets a change go through only if it still is that.

A version is a digest of the JSON that `GET` answers, without what changes by itself while tasks run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from quart import request

from hub.db import exclusive, unit
from hub.errors import Changed, Invalid
from hub.web.api.routing import Answer, Call, Route
from hub.web.encoding import dumps

_MOVING = frozenset({"last_task", "tasks", "permissions", "next_run_at", "last_run_at", "last_task_id", "touched"})
"""Members that nobody edits."""

_OF_ROLES = frozenset({"slug", "role_slug"})
"""Members of what gives rights: there, `permissions` are what people edit, and not what the reader may do."""


def tag(value: Mapping[str, Any]) -> str:
    """Return the version of what a GET answers, as headers have it."""
    return f'"{hashlib.sha256(dumps(still(value))).hexdigest()[:32]}"'


def still(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that only people change, by name."""
    moving = _MOVING - {"permissions"} if _OF_ROLES & value.keys() else _MOVING
    return {name: value[name] for name in sorted(value) if name not in moving}


def reader(route: Route, by_path: Mapping[str, Mapping[str, Route]]) -> Route | None:
    """Return the route that reads what `route` changes: of the same path, or for a part of a thing the path above."""
    for path in (route.path, route.path.rpartition("/")[0]):
        if "GET" in by_path.get(path, {}):
            return by_path[path]["GET"]
    return None


async def unless_changed(route: Route, read: Route | None, call: Call, wanted: str) -> Answer:
    """Make the change if the thing is still in a state that `wanted` names. Raises `Changed`.

    Both happen in one unit that no other conditional change of the thing can divide.
    """
    accepted = {one.strip().removeprefix("W/") for one in wanted.split(",")}

    async def work() -> Answer:
        path = request.path.rstrip("/")
        await exclusive(f"version of {path if read is None or read.path == route.path else path.rpartition('/')[0]}")
        found = await read.view(call) if read is not None else None
        if not isinstance(found, dict):
            raise Invalid("What this request changes has no version; send it without If-Match.")
        if "*" not in accepted and tag(found) not in accepted:
            raise Changed("Somebody else changed this after you read it. Load it again, then repeat your change.")
        return await route.view(call)

    return await unit(work)
