"""One round of retention: removes and archives what is due, in small pieces, on one node; events tell how much went."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hub import meters
from hub.context import Hub
from hub.db import execute, rows
from hub.plugin import PluginError
from hub.services import blobs, channel_log, election, retention
from hub.services.actor import SYSTEM
from hub.services.events import record
from hub.services.notices.others import tell_expiring
from hub.services.tasks.retention import OVER, archive, clear_chunks, drop_log, remove

logger = logging.getLogger(__name__)

LOCK: Final = "retention"
"""Whose turn it is; nobody else has one until the next round is due."""
AT_WORK: Final = "retention at work"
"""Who is removing things at this moment."""
ROUND: Final = timedelta(minutes=5)
"""How often it is looked what is due."""
DAILY: Final = timedelta(days=1)
"""How often it is looked for what was begun and not ended, and for files of tasks that are gone."""
MOST: Final = 25_000
"""Tasks whose ids are in memory at once. To choose them, all tasks of a project are looked at."""


@dataclass(slots=True)
class Removed:
    """How much went of one project."""

    tasks: int = 0
    logs: int = 0


async def run(hub: Hub, *, at_once: bool = False) -> Mapping[int, Removed] | None:
    """Remove and archive what is due; return what went, by project. None when this is another node's work.

    `at_once` waits for no turn, only for whoever is at it.
    """
    if not (at_once or await election.take(hub, LOCK, ROUND)) or not await election.take(hub, AT_WORK, ROUND):
        return None
    try:
        return await _everything(hub)
    finally:
        await election.give_back(hub, AT_WORK)


async def _everything(hub: Hub) -> Mapping[int, Removed]:
    if await election.take(hub, "retention daily", DAILY):
        await _finish_what_was_begun()
        await _measure()
        await clear_orphans(hub)
    removed = {row["id"]: await _tidy(hub, row) for row in await rows(_PROJECTS)}
    await _shrink(hub, removed)
    for project_id, went in removed.items():
        await _tell(hub, project_id, went)
    await _archive(hub)
    await _forget_events(hub)
    await channel_log.forget_old(hub)
    await tell_expiring(hub)
    return {project_id: went for project_id, went in removed.items() if went.tasks or went.logs}


async def _tidy(hub: Hub, project: Mapping[str, Any]) -> Removed:
    """Remove what is over the limits of a project."""
    limits, went = retention.limits_of(hub, project), Removed()
    if not limits.any:
        return went
    picture, values = retention.over(hub, project["id"], limits)
    while ids := await _ids(f'SELECT "id" FROM ({picture}) AS "picture" WHERE "over" = 1', values):  # noqa: S608 - of constants
        before = went.tasks
        async for gone in _paced(hub, remove(hub, ids)):
            went.tasks += gone
        if went.tasks == before:
            break
    while ids := await _ids(f'SELECT "id" FROM ({picture}) AS "picture" WHERE "log_over" = 1', values):  # noqa: S608 - of constants
        went.logs += await _drop(hub, ids)
    return went


async def _shrink(hub: Hub, removed: Mapping[int, Removed]) -> None:
    """Keep the logs of all projects together within the hub's limit."""
    most = hub.settings.keep_log_mib * retention.MIB
    while most and (found := await rows(_TOO_LARGE, [most])):
        for row in found:
            removed[row["project_id"]].logs += await _drop(hub, [row["id"]])


async def _drop(hub: Hub, task_ids: list[int]) -> int:
    dropped = 0
    for task_id in task_ids:
        async for gone in _paced(hub, drop_log(hub, task_id)):
            dropped += gone
    return dropped


async def _archive(hub: Hub) -> None:
    """Move logs that are old enough to the blob store; one that is away is no reason to stop."""
    after = hub.settings.archive_logs_after
    if after is None:
        return
    until, last = hub.clock() - timedelta(days=after), 0
    while ids := await _ids(_TO_ARCHIVE, [until, last]):
        for last in ids:
            try:
                async for _ in _paced(hub, archive(hub, last)):
                    pass
            except PluginError as error:
                logger.warning("The log of task %s stays in the database for now: %s", last, error)
                return


async def _finish_what_was_begun() -> None:
    """Remove what a node left in the database that was stopped after it had moved or dropped a log."""
    for task_id in await _ids(_LEFT_OVER, []):
        async for _ in clear_chunks(task_id):
            await asyncio.sleep(0)


async def _measure() -> None:
    """Give logs that were written before sizes were kept their size."""
    while ids := await _ids(_UNMEASURED, []):
        for task_id in ids:
            await execute(_MEASURE, [task_id, task_id])
            await asyncio.sleep(0)


async def _forget_events(hub: Hub) -> None:
    if not hub.settings.keep_event_days:
        return
    until = hub.clock() - timedelta(days=hub.settings.keep_event_days)
    while found := await rows(_OLD_EVENTS, [until]):
        await execute('DELETE FROM "event" WHERE "id" <= ? AND "created" < ?', [found[-1]["id"], until])
        await asyncio.sleep(0)


async def clear_orphans(hub: Hub) -> int:
    """Delete files of tasks that went with their project or template; return of how many tasks."""
    store, params = blobs.store_of(hub)
    orphans: set[int] = set()
    some: set[int] = set()
    for folder in (blobs.ARTIFACTS, blobs.LOGS):
        async for name in store.list(params, folder):
            task_id = blobs.task_of(name)
            some |= set() if task_id is None else {task_id}
            if len(some) == 500:
                orphans |= await _without_task(some)
                some = set()
    orphans |= await _without_task(some)
    for task_id in sorted(orphans):
        await blobs.clear(hub, [blobs.artifact_folder(task_id), blobs.log_folder(task_id)])
    return len(orphans)


async def _without_task(task_ids: set[int]) -> set[int]:
    if not task_ids:
        return set()
    places = ", ".join("?" * len(task_ids))
    found = await rows(f'SELECT "id" FROM "task" WHERE "id" IN ({places})', sorted(task_ids))  # noqa: S608 - of constants
    return task_ids - {row["id"] for row in found}


async def _paced(hub: Hub, steps: AsyncIterator[int]) -> AsyncIterator[int]:
    """Let others write for as long after each unit as it took, and keep the round this node's meanwhile."""
    began = held = time.monotonic()
    async for step in steps:
        yield step
        await asyncio.sleep(min(1.0, time.monotonic() - began))
        began = time.monotonic()
        if began - held > ROUND.total_seconds() / 4:
            held = began
            await election.take(hub, AT_WORK, ROUND)
            await election.take(hub, LOCK, ROUND)


async def _tell(hub: Hub, project_id: int, went: Removed) -> None:
    meters.REMOVED.add("task", count=went.tasks)
    meters.REMOVED.add("log", count=went.logs)
    if went.tasks or went.logs:
        text = f"Retention removed {went.tasks} tasks, and of tasks that stay {went.logs} logs"
        await record(hub, SYSTEM, "project", project_id, text, project_id=project_id)


async def _ids(sql: str, values: list[Any]) -> list[int]:
    return [row["id"] for row in await rows(f'{sql} ORDER BY "id" LIMIT {MOST}', values)]


_PROJECTS = 'SELECT "id", "keep_tasks", "keep_days", "keep_log_days", "keep_log_mib" FROM "project" ORDER BY "id"'

_TOO_LARGE = f"""
    SELECT "id", "project_id" FROM (
        SELECT "id", "project_id", "log_chunks", SUM("log_bytes") OVER (ORDER BY "id" DESC) AS "held"
        FROM "task" WHERE "status" IN ({OVER})
    ) AS "added" WHERE "held" > ? AND "log_chunks" > 0 ORDER BY "id" LIMIT {MOST}
"""  # noqa: S608 - of constants

_TO_ARCHIVE = f"""
    SELECT "id" FROM "task"
    WHERE "status" IN ({OVER}) AND "log_place" = '' AND "log_chunks" > 0 AND "end" <= ? AND "id" > ?
"""  # noqa: S608 - of constants

_LEFT_OVER = """
    SELECT "id" FROM "task"
    WHERE "log_place" <> '' AND EXISTS (SELECT 1 FROM "task_chunk" WHERE "task_chunk"."task_id" = "task"."id")
"""

_UNMEASURED = f"""
    SELECT "id" FROM "task"
    WHERE "status" IN ({OVER}) AND "log_place" = '' AND "log_chunks" > 0 AND "log_bytes" = 0
      AND EXISTS (SELECT 1 FROM "task_chunk" WHERE "task_chunk"."task_id" = "task"."id")
"""  # noqa: S608 - of constants

_MEASURE = """
    UPDATE "task" SET "log_bytes" = (SELECT SUM(LENGTH("data")) FROM "task_chunk" WHERE "task_id" = ?)
    WHERE "id" = ?
"""

_OLD_EVENTS = 'SELECT "id" FROM "event" WHERE "created" < ? ORDER BY "id" LIMIT 500'
