"""Versions of Terraform states as rows: sealed, numbered by the tool's serial, the oldest of many forgotten.

A row without text says that the state was removed there; the versions before it stay.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hub.context import Hub
from hub.db import column
from hub.models import State
from hub.services import state_texts
from hub.vault import place


@dataclass(frozen=True, slots=True)
class Version:
    """A version to be stored. The text is packed already, for that takes time that no unit should."""

    project_id: int
    inventory_id: int
    task_id: int | None = None
    packed: str | None = field(default=None, repr=False)
    serial: int = 0
    lineage: str = ""


async def latest(inventory_id: int) -> State | None:
    """Return the newest version, without its text."""
    return await State.filter(inventory_id=inventory_id).order_by("-id").only("id", "serial", "lineage").first()


async def text_of(hub: Hub, state_id: int) -> bytes | None:
    """Return the text of a version; None where the state was removed."""
    found = await column(State.filter(id=state_id), "state")
    return await asyncio.to_thread(_open, hub, state_id, str(found[0])) if found and found[0] else None


async def add(hub: Hub, version: Version) -> State:
    """Store a version in the unit under way, and forget the oldest beyond the hub's limit."""
    row = await State.create(
        project_id=version.project_id, inventory_id=version.inventory_id, task_id=version.task_id,
        serial=version.serial, lineage=version.lineage, created=hub.clock(),
    )  # fmt: skip
    if version.packed is not None:
        sealed = await asyncio.to_thread(hub.vault.seal, version.packed, place("state", "state", row.id))
        await State.filter(id=row.id).update(state=sealed)
    kept = State.filter(inventory_id=version.inventory_id).order_by("-id")
    beyond = await column(kept.offset(hub.settings.terraform_state_versions).limit(1), "id")
    if beyond:
        await State.filter(inventory_id=version.inventory_id, id__lte=beyond[0]).delete()
    return row


def _open(hub: Hub, state_id: int, sealed: str) -> bytes:
    return state_texts.unpack(hub.vault.open(sealed, place("state", "state", state_id)))
