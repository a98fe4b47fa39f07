"""The protocol of Terraform's `http` backend: reading, writing, locking and removing the state of one inventory.

A state is written by whoever holds its lock, or by anybody who has no lock where there is none; always onto the
version that it was made from, which its serial and lineage tell. What is sent twice is stored once.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from dataclasses import dataclass, field

from hub.context import Hub
from hub.db import exclusive
from hub.errors import Conflict, Invalid
from hub.models import State, StateLock
from hub.services import events, state_locks, state_rows, state_texts
from hub.services.actor import SYSTEM
from hub.services.belongings import store
from hub.services.state_locks import Locked, OtherLock
from hub.services.state_rows import Version
from hub.services.state_texts import Head
from hub.services.terraform_seats import Seat


@dataclass(frozen=True, slots=True)
class Sent:
    """A state as it came."""

    body: bytearray = field(repr=False)
    md5: bytes
    """Of the body, made while it came."""
    content_md5: str = ""
    """What the sender says of it; empty when nothing."""
    lock_id: str = ""
    """The lock that the sender says it holds."""


async def read(hub: Hub, seat: Seat) -> bytes | None:
    """Return the state; None when there is none."""
    last = await state_rows.latest(seat.inventory_id)
    return None if last is None else await state_rows.text_of(hub, last.id)


async def write(hub: Hub, seat: Seat, sent: Sent) -> None:
    """Keep a new version. Raises `Invalid`, `Locked`, and `Conflict` for one that was made from another version."""
    if sent.content_md5 and not _is_digest(sent.content_md5, sent.md5):
        raise Invalid("The state was changed on its way: it does not fit its Content-MD5. Send it again.")
    head = await asyncio.to_thread(state_texts.read_head, sent.body)
    packed = await asyncio.to_thread(state_texts.pack, sent.body)

    async def work() -> None:
        await alone(seat.inventory_id)
        await _refuse_without_lock(seat, sent.lock_id)
        last = await state_rows.latest(seat.inventory_id)
        if last is not None and not await _is_next(hub, last, head, sent.body):
            return
        made = await state_rows.add(hub, Version(
            seat.project_id, seat.inventory_id, seat.task_id, packed, head.serial, head.lineage
        ))  # fmt: skip
        await tell(hub, seat, made.id, f"written with serial {head.serial}")

    await store(work)


async def remove(hub: Hub, seat: Seat, lock_id: str = "") -> None:
    """Say that there is no state any more; the versions stay. Raises `Locked`."""

    async def work() -> None:
        await alone(seat.inventory_id)
        await _refuse_without_lock(seat, lock_id)
        last = await state_rows.latest(seat.inventory_id)
        if last is None or await State.filter(id=last.id, state__isnull=True).exists():
            return
        made = await state_rows.add(hub, Version(seat.project_id, seat.inventory_id, seat.task_id))
        await tell(hub, seat, made.id, "removed")

    await store(work)


async def lock(hub: Hub, seat: Seat, body: bytes | bytearray) -> None:
    """Take the lock; the same one twice is once. Raises `Locked` with the present one."""
    info = state_locks.parse(body)

    async def work() -> None:
        await alone(seat.inventory_id)
        held = await StateLock.get_or_none(inventory_id=seat.inventory_id)
        if held is None:
            await StateLock.create(
                inventory_id=seat.inventory_id, lock_id=info["ID"], created=hub.clock(),
                info=state_locks.text_of(info, seat.task_id),
            )  # fmt: skip
        elif held.lock_id != info["ID"]:
            raise Locked(held.info)

    await store(work)


async def unlock(hub: Hub, seat: Seat, body: bytes | bytearray) -> None:
    """Release a lock. Raises `OtherLock` when the present one is another.

    The tool's own `force-unlock` names no lock here, so it releases any: for people at an alias, never for a task.
    """
    wanted = state_locks.parse(body)["ID"] if body.strip() else ""

    async def work() -> None:
        await alone(seat.inventory_id)
        held = await StateLock.get_or_none(inventory_id=seat.inventory_id)
        if held is None:
            return
        forced = not wanted and seat.task_id is None
        if held.lock_id != wanted and not forced:
            raise OtherLock(held.info)
        await held.delete()
        if forced:
            text = f"Lock {held.lock_id} of a Terraform state released by force through {seat.label}"
            await events.record(hub, SYSTEM, "inventory", seat.inventory_id, text, project_id=seat.project_id)

    await store(work)


async def alone(inventory_id: int) -> None:
    """Let nobody else touch this state until the unit ends."""
    await exclusive(f"terraform state {inventory_id}")


async def tell(hub: Hub, seat: Seat, state_id: int, verb: str) -> None:
    """Write down what happened to a state."""
    text = f"Terraform state {state_id} {verb} by {seat.label}"
    await events.record(hub, SYSTEM, "terraform_state", state_id, text, project_id=seat.project_id)
    await events.announce(
        hub, SYSTEM, f"terraform_state.{verb.split(maxsplit=1)[0]}", state_id, seat.project_id,
        inventory_id=seat.inventory_id, task_id=seat.task_id,
    )  # fmt: skip


async def _refuse_without_lock(seat: Seat, lock_id: str) -> None:
    """Raises `Locked` unless the lock is the sender's, or there is none: serial and lineage decide then alone.

    A run whose lock somebody released by force may still write what it has done; to refuse that would lose it.
    """
    held = await StateLock.get_or_none(inventory_id=seat.inventory_id)
    if held is not None and held.lock_id != lock_id:
        raise Locked(held.info)


async def _is_next(hub: Hub, last: State, head: Head, body: bytearray) -> bool:
    """Tell whether this is a version to keep; False for the one that is kept already. Raises `Conflict`."""
    if last.lineage and head.lineage != last.lineage:
        raise Conflict(
            "This state has another lineage than the one kept here: it was made for something else. Nothing was "
            "written; remove the state here first if it is to be replaced."
        )
    if head.serial > last.serial:
        return True
    kept = await state_rows.text_of(hub, last.id) if head.serial == last.serial else b""
    if kept is None:  # the state was removed, so this is the first one again
        return True
    if kept == body:
        return False
    raise Conflict(
        f"The state has changed meanwhile: serial {last.serial} is kept here, and serial {head.serial} was sent. "
        "Nothing was written; plan again from the present state."
    )


def _is_digest(text: str, digest: bytes) -> bool:
    try:
        return hmac.compare_digest(base64.b64decode(text, validate=True), digest)
    except ValueError:
        return False
