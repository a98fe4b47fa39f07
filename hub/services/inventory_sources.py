"""Inventories that are fetched: which sources there are, and what an inventory of such a type holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Key
from hub.plugin import Executor, InventorySource, Params

FIELD = "inventory"
WIRE_TYPES = ("static", "static-yaml", "file", "terraform-workspace", "tofu-workspace")
"""Types that the wire takes whatever is installed; plugins bring more with their executors and sources."""


def find(hub: Hub, kind: str) -> InventorySource | None:
    """Return the source of a type of inventory; None where the type is none of a source."""
    return None if kind in WIRE_TYPES else hub.registry.inventory_sources.get(kind)


def names(hub: Hub) -> tuple[str, ...]:
    """Return the types of inventory that sources bring."""
    return tuple(name for name in hub.registry.inventory_sources if find(hub, name) is not None)


def fitting(hub: Hub, executor: Executor | None) -> tuple[str, ...]:
    """Return the types of inventory that an executor takes, the usual one first."""
    if executor is None:
        return ()
    able = executor.capabilities
    return able.inventory_types + (names(hub) if able.inventory_sources else ())


def members(text: str) -> dict[str, Any]:
    """Return the params that an inventory holds as text. Raises `Invalid`."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid("An inventory of this type holds a JSON object with the parameters of its source.", field=FIELD)
    return found


def parsed(hub: Hub, kind: str, text: str) -> tuple[InventorySource, Params]:
    """Return a source, and the params of an inventory of its type. Raises `Invalid`."""
    source = find(hub, kind)
    if source is None:
        raise Invalid(f"No installed plugin brings inventories of the type {kind}.")
    try:
        return source, source.params_type.model_validate(members(text))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"]) or FIELD
        raise Invalid(
            f"The parameter {name} is wrong: {fault['msg'].removeprefix('Value error, ')}.", field=f"{FIELD}.{name}"
        ) from None


async def check(hub: Hub, project_id: int, kind: str, text: str) -> str:
    """Check what an inventory of a source holds, and return it as it is stored. Raises `Invalid`."""
    source, params = parsed(hub, kind, text)
    given = {name: value for name, value in members(text).items() if value is not None}
    for name, kinds in key_fields(source).items():
        ref = getattr(params, name)
        if ref is None:
            continue
        row = await Key.get_or_none(id=ref, project_id=project_id, owner="")
        if row is None:
            raise Invalid("There is no such key in this project.", field=f"{FIELD}.{name}")
        if kinds and row.type not in kinds:
            raise Invalid(f"The key {row.name} is of a type that does not fit here.", field=f"{FIELD}.{name}")
    return json.dumps(given, ensure_ascii=False)


def key_fields(source: InventorySource) -> dict[str, tuple[str, ...]]:
    """Return the params of a source that name keys, each with the types of key that fit."""
    found = {}
    for name, described in source.params_type.model_json_schema().get("properties", {}).items():
        for one in (described, *described.get("anyOf", ())):
            if one.get("x-widget") == "key":
                found[name] = tuple(one.get("x-kinds", ()))
    return found


def keys_of(hub: Hub, kind: str, text: str) -> set[int]:
    """Return the ids of the keys that an inventory of a source names."""
    source = find(hub, kind)
    if source is None:
        return set()
    try:
        given = members(text)
    except Invalid:
        return set()
    return {given[name] for name in key_fields(source) if isinstance(given.get(name), int)}


def named_keys(kind: str, text: str, names: Mapping[int, str]) -> dict[str, str] | None:
    """Return the names of the keys that an inventory of a source may refer to, by id; None for none.

    What of it are keys is known to the source alone, which may not be installed; so this names all that could be.
    """
    return {str(ref): names[ref] for ref in possible_keys(kind, text) if ref in names} or None


def possible_keys(kind: str, text: str) -> list[int]:
    """Return every number of an inventory of a source, any of which may be a key."""
    if kind in WIRE_TYPES or not text.startswith("{"):
        return []
    try:
        given = members(text)
    except Invalid:
        return []
    return [value for value in given.values() if isinstance(value, int) and not isinstance(value, bool)]


def with_keys(hub: Hub, kind: str, text: str, change: Callable[[Any], Any]) -> str:
    """Return the text of an inventory with every key in it changed; that of other types as it is."""
    source = find(hub, kind)
    if source is None:
        return text
    keys = key_fields(source)
    changed = {name: change(value) if name in keys and value else value for name, value in members(text).items()}
    return json.dumps(changed, ensure_ascii=False)
