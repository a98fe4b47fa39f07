"""News of other things than tasks: schedules, drift, workers, keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from hub.context import Hub
from hub.db import rows, unit
from hub.models import Notification, Project
from hub.services.notices import names
from hub.services.notices.listeners import Listener, everybody, hearing
from hub.services.notices.outbox import News, put

SOON: Final = (14, 3, 0)
"""Days before a key expires on which people are told, the last one when it has."""
_ASKED_BACK: Final = timedelta(days=60)


async def tell_schedule(hub: Hub, schedule: Mapping[str, Any], reason: str) -> None:
    """Tell that a schedule started nothing, in the unit that notes it."""
    project_id = schedule["project_id"]
    listeners = await _heard(hub, names.SCHEDULE_FAILED, project_id, schedule["template_id"])
    if not listeners:
        return
    project = await _project_name(project_id)
    await put(hub, listeners, News(
        names.SCHEDULE_FAILED, f"The schedule {schedule['name'] or schedule['id']} in {project} started nothing.",
        project_id, project, path=f"/project/{project_id}/schedule",
        facts={"reason": reason, "schedule_id": schedule["id"], "template_id": schedule["template_id"]},
    ))  # fmt: skip


async def tell_drift(hub: Hub, looked: Any, changes: int, *, opened: bool) -> None:
    """Tell that a drift was found, or is over, in the unit that notes it."""
    event = names.DRIFT_OPENED if opened else names.DRIFT_CLOSED
    listeners = await _heard(hub, event, looked.project_id, looked.template_id)
    if not listeners:
        return
    project = await _project_name(looked.project_id)
    what = f"differs from its description, {changes} to change" if opened else "is as described again"
    await put(hub, listeners, News(
        event, f"{looked.template_name} in {project} {what}.", looked.project_id, project, looked.task_id,
        looked.template_name, path=f"/project/{looked.project_id}/tasks/{looked.task_id}",
        facts={"changes": changes, "template_id": looked.template_id},
    ))  # fmt: skip


async def tell_silent_worker(hub: Hub, node: str, host: str) -> None:
    """Tell that a worker was taken off the list because nobody has heard of it, in the unit that does so."""
    if listeners := [one for one in await hearing(hub, {names.WORKER_LOST}, None) if one.project_id is None]:
        sentence = f"Nobody has heard of the worker {node} on {host} for long; it was taken off the list."
        await put(hub, listeners, News(names.WORKER_LOST, sentence, path="/workers", facts={"about": node}))


async def tell_expiring(hub: Hub) -> None:
    """Tell of keys that will expire soon, once for each of the days that count."""
    if not any(names.KEY_EXPIRING in one.events for one in await everybody(hub)):
        return
    now = hub.clock()
    found = await rows(_EXPIRING, [now + timedelta(days=SOON[0])], times=["expires"])
    for row in found:
        left = (row["expires"] - now) / timedelta(days=1)
        stage = min(days for days in SOON if left <= days)
        await unit(partial(_tell_key, hub, row, stage))


async def _tell_key(hub: Hub, row: Mapping[str, Any], stage: int) -> None:
    listeners = await _heard(hub, names.KEY_EXPIRING, row["project_id"], None)
    facts = {"about": f"key {row['id']}", "expires": row["expires"].isoformat(), "stage": stage}
    fresh = [one for one in listeners if not await _was_told(hub, one, facts)]
    when = "has expired" if stage == 0 else f"expires on {row['expires']:%Y-%m-%d}"
    sentence = f"The key {row['name']} in {row['project']} {when}. Replace its secret."
    await put(hub, fresh, News(
        names.KEY_EXPIRING, sentence, row["project_id"], row["project"],
        path=f"/project/{row['project_id']}/keys/{row['id']}", facts=facts,
    ))  # fmt: skip


async def _was_told(hub: Hub, listener: Listener, facts: Mapping[str, Any]) -> bool:
    since = hub.clock() - _ASKED_BACK
    mine = Notification.filter(channel_id=listener.id, event=names.KEY_EXPIRING, created__gt=since)
    told = await mine.values("notice")
    return any(one["notice"].get("facts") == facts for one in told)


async def _heard(hub: Hub, event: str, project_id: int, template_id: int | None) -> list[Listener]:
    """Channels of the whole hub are told of projects whose alerts are on."""
    listeners = await hearing(hub, {event}, project_id, template_id)
    if (
        any(one.project_id is None for one in listeners)
        and not await Project.filter(id=project_id, alert=True).exists()
    ):
        return [one for one in listeners if one.project_id is not None]
    return listeners


async def _project_name(project_id: int) -> str:
    found = await rows('SELECT "name" FROM "project" WHERE "id" = ?', [project_id])
    return str(found[0]["name"]) if found else ""


_EXPIRING = """
    SELECT "key"."id", "key"."project_id", "key"."name", "expires", "project"."name" AS "project"
    FROM "key" JOIN "project" ON "project"."id" = "key"."project_id"
    WHERE "expires" IS NOT NULL AND "expires" < ? AND "owner" = '' ORDER BY "key"."id"
"""
