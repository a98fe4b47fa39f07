"""Keys of the key store made usable in a private folder."""

from __future__ import annotations

from pathlib import Path

from hub.context import Hub
from hub.db import one
from hub.errors import Invalid
from hub.models import Key
from hub.plugin import KeyType, Material, PluginError
from hub.services import keys
from hub.services.params import parse

_SECONDS = 30  # for a key type to make its material


async def materialise(hub: Hub, project_id: int, ref: int, parent: Path) -> tuple[KeyType, Material]:
    """Write a key of a project below `parent`; whoever asked releases it. Raises `HubError` with a sentence."""
    row = await one(Key, id=int(ref), project_id=project_id)
    if row is None:
        raise Invalid("A key that is needed here does not exist in the project any more.")
    kind = hub.registry.key_types.get(row.type)
    if kind is None:
        raise Invalid(f"The key {row.name} is of type {row.type}, which no installed plugin brings.")
    members = await keys.read_secret(hub, row)
    if not members and row.type != "none":
        raise Invalid(f"The key {row.name} has no secret stored; open the key store and enter it.")
    folder = parent / str(ref)
    parent.mkdir(mode=0o700, exist_ok=True)  # noqa: ASYNC240 - on the local disk, as the line below
    folder.mkdir(mode=0o700)
    making = kind.materialise(parse(kind.params_type, members, "key"), folder)
    try:
        return kind, await hub.registry.guard(kind, making, limit=_SECONDS)
    except PluginError as error:
        raise Invalid(f"The key {row.name} cannot be used: {error}") from None
