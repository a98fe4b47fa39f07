"""What was told over a channel: its notices, another try for one that failed, and tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from hub.context import Hub
from hub.db import execute, on_commit, rows, unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Channel, Notification, Project
from hub.plugin import PluginError, Refused
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require, require_admin
from hub.services.actor import Actor
from hub.services.channels import find
from hub.services.draft import MAX_ID
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.notices.delivery import send_now, trial
from hub.services.notices.outbox import DUE

KEPT: Final = timedelta(days=30)
"""How long a notice is kept after it was settled."""

LISTING = Listing(
    Notification,
    columns={
        "id": "id", "event": "event", "state": "state", "task_id": "task_id", "created": "created",
        "settled": "settled", "attempts": "attempts", "error": "error",
    },
    default="-id",
    searched=("event", "error"),
    words=("event", "state"),
    unsorted=("settled", "task_id", "error"),
    usual=100,
    most=1000,
)  # fmt: skip


async def _channel(actor: Actor, project_id: int | None, channel_id: int) -> Channel:
    if project_id is None:
        require_admin(actor)
    else:
        await require(actor, project_id, MANAGE_RESOURCES)
    return await find(project_id, channel_id)


async def list_notices(
    actor: Actor, project_id: int | None, channel_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Notices of a channel, newest first."""
    channel = await _channel(actor, project_id, channel_id)
    return (await LISTING.rows(Notification.filter(channel_id=channel.id), asked)).shaped(_wire)


async def retry(hub: Hub, actor: Actor, project_id: int | None, channel_id: int, notice_id: int) -> None:
    """Try a notice again now that failed, or that waits for its next attempt."""
    channel = await _channel(actor, project_id, channel_id)
    known = 0 < notice_id <= MAX_ID
    found = await Notification.get_or_none(id=notice_id, channel_id=channel.id) if known else None
    if found is None:
        raise NotFound("There is no such notice of this channel.")

    async def work() -> None:
        if not await execute(_AGAIN, [hub.clock(), notice_id]):
            raise Conflict("This notice was sent, or is being sent right now.")
        text = f"Channel ID {channel.id} ({channel.name}) is told again: notice {notice_id}"
        await events.record(hub, actor, "channel", channel.id, text, project_id=project_id)

        async def ring() -> None:
            await hub.bell.ring(DUE)

        await on_commit(ring)

    await unit(work)


async def try_channel(hub: Hub, actor: Actor, project_id: int | None, channel_id: int) -> None:
    """Send a test over a channel, even one that is switched off. Raises `Invalid` with what went wrong."""
    channel = await _channel(actor, project_id, channel_id)
    await _test(hub, actor, channel, project_id)


async def try_project(hub: Hub, actor: Actor, project_id: int) -> None:
    """Send a test over every channel that tells of a project; `Conflict` when its alerts are off, as on the wire."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if not await Project.filter(id=project_id, alert=True).exists():
        raise Conflict("The alerts of this project are off. Switch them on in its settings, then try again.")
    mine = await Channel.filter(project_id=project_id, active=True).order_by("id")
    shared = await Channel.filter(project_id__isnull=True, active=True).order_by("id")
    faults = []
    for channel in [*shared, *mine]:
        try:
            await _test(hub, actor, channel, project_id, skips=True)
        except Invalid as fault:
            faults.append(f"{channel.name}: {fault}")
    if faults:
        together = " ".join(faults)
        raise Invalid(together)


async def _test(hub: Hub, actor: Actor, channel: Channel, project_id: int | None, *, skips: bool = False) -> None:
    """Send a test; `skips` is for channels that have nobody to tell, which is no fault on the wire."""
    found = await rows('SELECT "name" FROM "project" WHERE "id" = ?', [project_id]) if project_id else []
    name = str(found[0]["name"]) if found else ""
    try:
        await send_now(hub, channel, trial(project_id, name), key=f"test-{channel.id}-{hub.clock().timestamp():.0f}")
    except Refused as fault:
        if not skips:
            raise Invalid(str(fault)) from None
    except PluginError as fault:
        raise Invalid(str(fault)) from None
    text = f"Channel ID {channel.id} ({channel.name}) was tested"
    await unit(lambda: events.record(hub, actor, "channel", channel.id, text, project_id=project_id))


async def forget_old(hub: Hub) -> int:
    """Remove what was settled long ago, in small pieces; return how many notices."""
    removed, until = 0, hub.clock() - KEPT
    while found := await rows(_OLD, [until]):
        places = ", ".join("?" * len(found))
        removed += await execute(f'DELETE FROM "notification" WHERE "id" IN ({places})', [row["id"] for row in found])  # noqa: S608 - of constants
    return removed


def _wire(one: Notification) -> dict[str, Any]:
    told = one.notice
    return {
        "id": one.id, "channel_id": one.channel_id, "event": one.event, "task_id": one.task_id,
        "sentence": told.get("sentence", ""), "state": one.state, "attempts": one.attempts, "error": one.error,
        "due": one.due, "created": one.created, "settled": one.settled,
    }  # fmt: skip


_AGAIN = """
    UPDATE "notification" SET "state" = 'waiting', "due" = ?, "settled" = NULL, "attempts" = 0
    WHERE "id" = ? AND "state" IN ('failed', 'skipped', 'waiting')
"""

_OLD = """
    SELECT "id" FROM "notification" WHERE "state" IN ('sent', 'failed', 'skipped') AND "settled" < ?
    ORDER BY "id" LIMIT 500
"""
