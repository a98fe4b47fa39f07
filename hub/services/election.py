"""Work that one node of all does: whoever takes its name first, for a while."""

from __future__ import annotations

from datetime import timedelta

from tortoise.exceptions import IntegrityError

from hub.context import Hub
from hub.db import execute, unit
from hub.models import NodeLock


async def take(hub: Hub, name: str, lasts: timedelta) -> bool:
    """Hold the lock `name` for so long, or hold it longer; False while another node does."""
    now = hub.clock()
    if await execute(_TAKE, [hub.node, now + lasts, name, hub.node, now]):
        return True
    if await NodeLock.filter(name=name).exists():
        return False

    async def work() -> None:
        await NodeLock.create(name=name, owner=hub.node, until=now + lasts)

    try:
        await unit(work)
    except IntegrityError:  # another node was faster
        return False
    return True


async def give_back(hub: Hub, name: str) -> None:
    """Let others have a lock of this node before its time is over."""
    await execute('UPDATE "node_lock" SET "until" = ? WHERE "name" = ? AND "owner" = ?', [None, name, hub.node])


_TAKE = """
    UPDATE "node_lock" SET "owner" = ?, "until" = ?
    WHERE "name" = ? AND ("owner" = ? OR "until" IS NULL OR "until" < ?)
"""
