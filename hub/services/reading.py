"""What the members of a project read of its things: one table, and the one function that applies it (W-64, W-65).

Everybody in a project sees that its things exist and what they are called. What they hold is for those who work with
it. A member of a shape that is not to be read keeps its place with an empty value, so that clients find it there.
docs/rights.md shows the table to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from hub.services.access import EVERYTHING, MANAGE_RESOURCES, MANAGE_USERS, RUN_TASKS, Grant

K = TypeVar("K")
Shape = dict[str, Any]

WORKERS = RUN_TASKS | MANAGE_RESOURCES
"""Who has one of these works with the things of a project; a guest has none."""


@dataclass(frozen=True, slots=True)
class Veil:
    """What stands in place of some members, unless one of `bits` is held."""

    bits: int
    empty: Mapping[str, Any]


_CONTENTS = Veil(WORKERS, {"json": "", "env": None})
_PERSON = {"email": "", "admin": False, "external": False, "alert": False, "pro": False, "service": False}

VEILS: Mapping[str, tuple[Veil, ...]] = {
    "environment": (
        _CONTENTS,
        Veil(MANAGE_RESOURCES, {"password": None, "secrets": [], "secret_storage_key_prefix": ""}),
    ),
    "inventory": (Veil(WORKERS, {"inventory": ""}),),
    "hosts": (Veil(WORKERS, {"hosts": [], "groups": {}, "note": "", "error": "", "said": ""}),),
    "host_facts": (Veil(WORKERS, {"facts": {}}),),
    "repository": (Veil(WORKERS, {"git_url": ""}),),
    "key": (Veil(MANAGE_RESOURCES, {"source_storage_id": None, "source_storage_key": "", "source_storage_type": ""}),),
    "task": (Veil(WORKERS, {"environment": "", "params": None}),),
    "passport": (
        Veil(
            WORKERS, {"commands": [], "params": None, "arguments": None, "variables": None, "env": None, "secrets": []}
        ),
    ),
    "schedule": (Veil(WORKERS, {"task_params": None}),),
    "integration": (Veil(MANAGE_RESOURCES, {"auth_secret_id": None, "auth_header": "", "task_params": None}),),
    "integration_matcher": (Veil(MANAGE_RESOURCES, {"key": "", "value": ""}),),
    "integration_value": (Veil(MANAGE_RESOURCES, {"key": "", "variable": ""}),),
    "integration_alias": (Veil(MANAGE_RESOURCES, {"url": ""}),),
    "secret_storage": (Veil(MANAGE_RESOURCES, {"params": None, "secret": ""}),),
    "host_config": (Veil(WORKERS, {"ssh_key_id": None}),),
    "runner": (Veil(MANAGE_RESOURCES, {"webhook": ""}),),
    "invite": (Veil(MANAGE_USERS, {"email": None, "user": None, "inviter_user": None}),),
    "member": (Veil(EVERYTHING, _PERSON),),
}
"""By kind of thing. What is not named here, every member of the project reads."""


def shown(grant: Grant, kind: str, shape: Shape) -> Shape:
    """Return the shape as the holder of the grant may read it; a task whole to whoever started it."""
    if kind == "task" and grant.user_id is not None and shape.get("user_id") == grant.user_id:
        return shape
    if kind == "member" and grant.user_id is not None and shape.get("id") == grant.user_id:
        return shape
    empty: Shape = {}
    for veil in VEILS[kind]:
        if not grant.held & veil.bits:
            empty |= {name: value for name, value in veil.empty.items() if name in shape}
    return shape | empty if empty else shape


def hidden(grant: Grant, kind: str) -> frozenset[str]:
    """Return the members that the holder of the grant may not read, whatever a list could tell of them."""
    return frozenset(name for veil in VEILS[kind] if not grant.held & veil.bits for name in veil.empty)


@overload
def shown_by(grant: Grant, kind: str, shapes: list[Shape]) -> list[Shape]: ...
@overload
def shown_by(grant: Grant, kind: str, shapes: dict[K, Shape]) -> dict[K, Shape]: ...
def shown_by(grant: Grant, kind: str, shapes: list[Shape] | dict[K, Shape]) -> list[Shape] | dict[K, Shape]:
    """Return several shapes as the holder of the grant may read them."""
    if isinstance(shapes, dict):
        return {key: shown(grant, kind, shape) for key, shape in shapes.items()}
    return [shown(grant, kind, shape) for shape in shapes]
