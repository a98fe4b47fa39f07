"""Delivery: takes notices out of the outbox and sends them, on whichever node is first; what fails is tried again.

A notice is claimed by compare-and-set for a while. A node that dies meanwhile lets it fall due again, so a notice
arrives at least once, and twice only if a node dies between sending it and saying so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from hub import meters
from hub.context import Hub
from hub.db import column, execute, rows, unit
from hub.errors import HubError
from hub.models import Channel, Membership, Project, User
from hub.plugin import Notice, NotReady, PluginError, Refused, Retry
from hub.services import events
from hub.services.actor import SYSTEM
from hub.services.notices import channel_params, names

logger = logging.getLogger(__name__)

CLAIM: Final = timedelta(seconds=90)
"""How long a node has for a notice before others may take it."""
LIMIT: Final = 45.0
"""Seconds for one attempt."""
TRIES: Final = 8
BATCH: Final = 16
"""Notices that one node sends at once."""
_WAITS: Final = (10, 30, 60, 180, 600, 1800, 3600)
"""Seconds between attempts."""
_LONGEST: Final = 3600.0
OFF: Final = "The channel was switched off before this was sent."


async def deliver(hub: Hub) -> int:
    """Send what is due, one batch of it; return how many notices were tried."""
    found = await rows(_DUE, [hub.clock(), BATCH], times=("due",), documents=("notice",))
    claimed = [row for row in found if await _claim(hub, row)]
    if claimed:
        await asyncio.gather(*(_attempt(hub, row) for row in claimed))
    return len(claimed)


async def next_due() -> datetime | None:
    """When the next notice is to be sent; None when none waits."""
    [row] = await rows(_NEXT, times=("due",))
    due: datetime | None = row["due"]
    return due


async def send_now(hub: Hub, channel: Channel, notice: Mapping[str, Any], *, key: str) -> None:
    """Send over a channel, here and now. Raises `PluginError` or `HubError`."""
    notifier, params, secrets = await channel_params.for_sending(hub, channel)
    told = await _addressed(hub, channel, _notice(hub, notice))
    told = replace(told, id=key, secrets=secrets, inside=channel.project_id is None)
    await hub.registry.guard(notifier, notifier.send(params, told), limit=LIMIT)


async def _claim(hub: Hub, row: Mapping[str, Any]) -> bool:
    return bool(await execute(_CLAIM, [hub.clock() + CLAIM, row["id"], row["attempts"], hub.clock()]))


async def _attempt(hub: Hub, row: Mapping[str, Any]) -> None:
    """Send one notice, and note how that went."""
    attempts = row["attempts"] + 1
    error, again, state = "", None, "failed"
    try:
        channel = await Channel.get_or_none(id=row["channel_id"])
        if channel is None:
            return
        if channel.active:
            await send_now(hub, channel, row["notice"], key=f"{hub_key(hub)}-{row['id']}")
        else:
            error, state = OFF, "skipped"
    except Retry as fault:
        error, again = str(fault), min(max(fault.after, 1.0), _LONGEST)
    except (NotReady, HubError) as fault:
        error, again = str(fault), float(_WAITS[min(attempts - 1, len(_WAITS) - 1)])
    except Refused as fault:
        error, state = str(fault), "skipped"
    except PluginError as fault:
        error = str(fault)
    except Exception:
        logger.exception("The notice %s could not be sent.", row["id"])
        error = "The hub met an error; its log tells which."
    if again is not None and attempts < TRIES:
        await _put_off(hub, row, attempts, error, again)
    else:
        await _settle(hub, row, attempts, (state if error else "sent", error))


def hub_key(hub: Hub) -> str:
    """What sets the notices of this hub apart from those of others, at receivers that know several."""
    host = hub.settings.address.partition("//")[2]
    return "".join(letter if letter.isalnum() else "-" for letter in host)[:80] or "hub"


async def _put_off(hub: Hub, row: Mapping[str, Any], attempts: int, error: str, seconds: float) -> None:
    due = hub.clock() + timedelta(seconds=seconds)
    await execute(_PUT_OFF, [due, error, row["id"], attempts])
    meters.NOTICES.add(row["notifier"], "put off")


async def _settle(hub: Hub, row: Mapping[str, Any], attempts: int, end: tuple[str, str]) -> None:
    """Note the end of it. A channel that begins to fail is an event; that it goes on failing is none."""
    state, error = end

    async def work() -> None:
        before = await rows(_FORMER, [row["channel_id"], row["id"]])
        if not await execute(_SETTLE, [state, error, hub.clock(), row["id"], attempts]):
            return
        if state == "failed" and (not before or before[0]["state"] == "sent"):
            text = f"Channel ID {row['channel_id']} ({row['name']}) could not be told: {error}"
            await events.record(hub, SYSTEM, "channel", row["channel_id"], text, project_id=row["project_id"])

    await unit(work)
    meters.NOTICES.add(row["notifier"], state)


def _notice(hub: Hub, told: Mapping[str, Any]) -> Notice:
    path = str(told.get("path") or "")
    return Notice(
        told["event"], told["sentence"], told.get("project_id") or 0, told.get("project_name") or "",
        task_id=told.get("task_id"), template_name=told.get("template_name") or "", status=told.get("status") or "",
        author=told.get("author") or "", version=told.get("version") or "", message=told.get("message") or "",
        url=f"{hub.settings.address}{path}" if path else None, facts=told.get("facts") or {},
    )  # fmt: skip


async def _addressed(hub: Hub, channel: Channel, notice: Notice) -> Notice:
    """Add whom it concerns: people who wish alerts, and the project's own chat for channels of the whole hub."""
    wishing = User.filter(alert=True, email__not="")
    admins = await column(wishing.filter(admin=True), "email")
    if not notice.project_id:
        return replace(notice, people=tuple(dict.fromkeys(map(str, admins))))
    member_ids = await column(Membership.filter(project_id=notice.project_id), "user_id")
    members = await column(wishing.filter(id__in=member_ids), "email") if member_ids else []
    chats = await column(Project.filter(id=notice.project_id), "alert_chat") if channel.project_id is None else []
    chat = str(chats[0] or "") if chats else ""
    return replace(notice, people=tuple(dict.fromkeys(map(str, [*members, *admins]))), chat=chat)


def trial(project_id: int | None, project_name: str) -> dict[str, Any]:
    """Return a notice that says only that it arrives."""
    where = f" of {project_name}" if project_name else ""
    return {
        "event": names.TEST, "sentence": f"This is a test of the notifications{where}. They arrive.",
        "project_id": project_id, "project_name": project_name,
        "path": f"/project/{project_id}/history" if project_id else "/",
    }  # fmt: skip


_DUE = """
    SELECT "notification"."id", "channel_id", "notification"."notice", "attempts", "due", "channel"."notifier",
           "channel"."name", "channel"."project_id"
    FROM "notification" JOIN "channel" ON "channel"."id" = "channel_id"
    WHERE "state" IN ('waiting', 'sending') AND "due" <= ? ORDER BY "due", "notification"."id" LIMIT ?
"""

_CLAIM = """
    UPDATE "notification" SET "state" = 'sending', "due" = ?, "attempts" = "attempts" + 1
    WHERE "id" = ? AND "attempts" = ? AND "state" IN ('waiting', 'sending') AND "due" <= ?
"""

_PUT_OFF = """
    UPDATE "notification" SET "state" = 'waiting', "due" = ?, "error" = ?
    WHERE "id" = ? AND "attempts" = ? AND "state" = 'sending'
"""

_SETTLE = """
    UPDATE "notification" SET "state" = ?, "due" = NULL, "error" = ?, "settled" = ?
    WHERE "id" = ? AND "attempts" = ? AND "state" = 'sending'
"""

_FORMER = """
    SELECT "state" FROM "notification" WHERE "channel_id" = ? AND "id" <> ? AND "state" IN ('sent', 'failed')
    ORDER BY "settled" DESC LIMIT 1
"""

_NEXT = """SELECT MIN("due") AS "due" FROM "notification" WHERE "state" IN ('waiting', 'sending')"""
