"""What people do with Terraform states: compare versions, go back to one, and release a lock that was left."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.db import column
from hub.errors import Changed, Conflict, Invalid, NotFound
from hub.models import Inventory, State, StateLock
from hub.services import events, state_changes, state_locks, state_rows, state_texts
from hub.services.access import MANAGE_RESOURCES, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import find, store
from hub.services.draft import MAX_ID, Draft
from hub.services.state_rows import Version
from hub.services.terraform_backend import alone

NO_STATE = "No state found"


class ReleaseDraft(Draft):
    """Body of a release: which lock was seen, and why it has to go."""

    lock_id: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=200)


async def inventory_of(actor: Actor, project_id: int, inventory_id: int, bits: int = 0) -> tuple[Grant, Inventory]:
    """Return an inventory of the project, once the actor may do that much there."""
    grant = await require(actor, project_id, bits)
    return grant, await find(Inventory, project_id, inventory_id, "inventory")


async def version_of(inventory_id: int, state_id: int) -> State:
    """Return a version, without its text. Raises `NotFound`."""
    query = State.filter(inventory_id=inventory_id, id=state_id if 0 < state_id <= MAX_ID else 0)
    found = await query.only("id", "project_id", "inventory_id", "task_id", "created", "serial", "lineage").first()
    if found is None:
        raise NotFound(NO_STATE)
    return found


async def get_lock(actor: Actor, project_id: int, inventory_id: int) -> dict[str, Any]:
    """Who holds the lock. Raises `NotFound` when nobody does."""
    await inventory_of(actor, project_id, inventory_id)
    held = await StateLock.get_or_none(inventory_id=inventory_id)
    if held is None:
        raise NotFound("The state is not locked.")
    return {**state_locks.shown(held.info), "created": held.created}


async def release_lock(hub: Hub, actor: Actor, project_id: int, inventory_id: int, draft: ReleaseDraft) -> None:
    """Take a lock away by force. What holds it may go on, but writes no state over that of somebody else."""
    await inventory_of(actor, project_id, inventory_id, MANAGE_RESOURCES)
    reason = " ".join(draft.reason.split())
    if not reason:
        raise Invalid("Say why the lock has to go; the reason is written down.", field="reason")

    async def work() -> None:
        await alone(inventory_id)
        held = await StateLock.get_or_none(inventory_id=inventory_id)
        if held is None:
            raise NotFound("The state is not locked.")
        if held.lock_id != draft.lock_id:
            raise Changed("Somebody else holds the lock by now; look who it is before you release it.")
        await held.delete()
        holder = state_locks.sentence(held.info).removeprefix("The state is locked by ").rstrip(".")
        await events.record(hub, actor, "inventory", inventory_id,
                            f"Lock of a Terraform state, held by {holder}, released by force: {reason}",
                            project_id=project_id)  # fmt: skip
        await events.announce(hub, actor, "terraform_state.unlocked", inventory_id, project_id, reason=reason)

    await store(work)


async def changes(
    hub: Hub, actor: Actor, at: tuple[int, int], state_id: int, since: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """What a version of the state at (project, inventory) changed since another one; None is the one before it."""
    await inventory_of(actor, *at)
    newer = await version_of(at[1], state_id)
    if since is None:
        older = await State.filter(inventory_id=at[1], id__lt=newer.id).order_by("-id").only("id", "serial").first()
    else:
        older = await version_of(at[1], since)
    before = await state_rows.text_of(hub, older.id) if older is not None else None
    after = await state_rows.text_of(hub, newer.id)
    found = await asyncio.to_thread(state_changes.between, before, after)
    sides = {"id": newer.id, "serial": newer.serial, "since": None if older is None else older.id}
    return {**sides, "since_serial": None if older is None else older.serial, **found}


async def roll_back(hub: Hub, actor: Actor, at: tuple[int, int], state_id: int) -> dict[str, Any]:
    """Make a former version of the state at (project, inventory) the present one, as a new version with a new serial.

    What it describes is not touched: the next plan tells how far the two are apart.
    """
    await inventory_of(actor, *at, MANAGE_RESOURCES)
    wanted = await version_of(at[1], state_id)
    body = await state_rows.text_of(hub, wanted.id)
    if body is None:
        raise Invalid("In this version the state was removed, so there is nothing to go back to.")
    head = await asyncio.to_thread(state_texts.read_head, body)

    async def work() -> State:
        await alone(at[1])
        if held := await StateLock.get_or_none(inventory_id=at[1]):
            raise Conflict(f"{state_locks.sentence(held.info)} Wait for its end, or release the lock first.")
        last = await state_rows.latest(at[1])
        if last is not None and last.id == wanted.id:
            raise Conflict("This is the present version already.")
        highest = await column(State.filter(inventory_id=at[1]).order_by("-serial").limit(1), "serial")
        serial = max(int(highest[0]) if highest else 0, head.serial) + 1
        packed = await asyncio.to_thread(_renumbered, body, serial)
        made = await state_rows.add(hub, Version(at[0], at[1], None, packed, serial, head.lineage))
        await events.record(hub, actor, "terraform_state", made.id,
                            f"Terraform state {made.id} with serial {serial} made by going back to {wanted.id}",
                            project_id=at[0])  # fmt: skip
        await events.announce(hub, actor, "terraform_state.rolled_back", made.id, at[0], inventory_id=at[1])
        return made

    made = await store(work)
    return {
        "id": made.id, "created": made.created, "project_id": at[0], "inventory_id": at[1], "serial": made.serial,
        "lineage": made.lineage,
    }  # fmt: skip


def _renumbered(body: bytes, serial: int) -> str:
    return state_texts.pack(state_texts.with_serial(body, serial))
