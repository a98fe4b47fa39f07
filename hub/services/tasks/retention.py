"""Removing finished tasks, or their logs alone, few rows at a time. W-29: never a running one. W-71."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from hub.context import Hub
from hub.db import column, execute, rows, unit
from hub.models import Task
from hub.services import artifacts, blobs, log, log_archive
from hub.services.log import ARCHIVE, GONE
from hub.services.tasks.states import FINISHED

BATCH: Final = 50
"""Most tasks removed in one unit."""
CHUNKS: Final = 500
"""Most chunks of logs removed in one unit: so the longest lock on a database of one writer takes milliseconds."""

OVER: Final = ", ".join(f"'{status}'" for status in sorted(FINISHED))
"""The final statuses, for statements."""


async def prune(hub: Hub, template_id: int) -> None:
    """Remove the oldest finished tasks of a template beyond the limit, with their logs and artifacts."""
    most = await _most(hub, template_id)
    if not most:
        return
    finished = Task.filter(template_id=template_id, status__in=list(FINISHED)).order_by("-id")
    surplus = await column(finished.offset(most).limit(2 * BATCH), "id")
    async for _ in remove(hub, surplus):
        pass


async def _most(hub: Hub, template_id: int) -> int:
    found = await rows(_KEPT, [template_id])
    return int(found[0]["keep_tasks"]) or hub.settings.max_tasks_per_template if found else 0


_KEPT = """
    SELECT "keep_tasks" FROM "project" JOIN "template" ON "template"."project_id" = "project"."id"
    WHERE "template"."id" = ?
"""


async def remove(hub: Hub, task_ids: Sequence[int]) -> AsyncIterator[int]:
    """Delete finished tasks with everything that is theirs; yield after each short unit how many went with it."""
    known = {row["id"]: row["log_chunks"] for row in await _sizes(task_ids)}
    for task_id, chunks in known.items():
        if chunks > CHUNKS:
            async for _ in drop_log(hub, task_id):
                yield 0
            known[task_id] = 0
    batch: list[int] = []
    size = 0
    for task_id, chunks in [*known.items(), (0, CHUNKS + 1)]:
        if batch and (len(batch) == BATCH or size + chunks > CHUNKS):
            gone = await unit(partial(_delete, batch))
            for one in gone:
                await artifacts.forget(hub, one)
            yield len(gone)
            batch, size = [], 0
        batch.append(task_id)
        size += chunks


async def drop_log(hub: Hub, task_id: int) -> AsyncIterator[int]:
    """Remove the log of a finished task and keep the task; yield after each short unit 1 when the log was there.

    Files go first: what is broken off after them is found again, as the place still says that they are there.
    """
    if await log.place_of(task_id) == ARCHIVE:
        await blobs.clear(hub, [blobs.log_folder(task_id)])
    if not await execute(_GONE, [task_id]):
        return
    yield 1
    async for _ in clear_chunks(task_id):
        yield 0


async def clear_chunks(task_id: int) -> AsyncIterator[None]:
    """Remove what the database still holds of a log that is not there any more, its first chunks first."""
    while found := await rows(_FIRST, [task_id]):
        await execute('DELETE FROM "task_chunk" WHERE "task_id" = ? AND "seq" < ?', [task_id, found[0]["seq"] + CHUNKS])
        yield


async def archive(hub: Hub, task_id: int) -> AsyncIterator[int]:
    """Move the log of a finished task to the blob store; yield after each short unit, and 1 once it is there.

    The order is what makes it safe to break off anywhere: stored and read back, then named as the place, then deleted.
    """
    written = await log_archive.write(hub, task_id, log.whole(task_id))
    if not await execute(_ARCHIVED, [written.size, task_id, written.chunks, written.lines]):
        await blobs.clear(hub, [blobs.log_folder(task_id)])  # the task was removed meanwhile, or its log
        return
    yield 1
    async for _ in clear_chunks(task_id):
        yield 0


async def _delete(task_ids: Sequence[int]) -> list[int]:
    places = ", ".join("?" * len(task_ids))
    lasting = f'"id" IN ({places}) AND "status" IN ({OVER})'
    found = [row["id"] for row in await rows(f'SELECT "id" FROM "task" WHERE {lasting}', task_ids)]  # noqa: S608 - of constants
    if found:
        await Task.filter(id__in=found, status__in=list(FINISHED)).delete()
    return found


async def _sizes(task_ids: Sequence[int]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    for start in range(0, len(task_ids), 500):
        some = task_ids[start : start + 500]
        places = ", ".join("?" * len(some))
        sql = f'SELECT "id", "log_chunks" FROM "task" WHERE "id" IN ({places}) AND "log_place" <> \'{ARCHIVE}\''  # noqa: S608 - of constants
        found += await rows(sql, some)
        known = {row["id"] for row in found}
        found += [{"id": one, "log_chunks": 0} for one in some if one not in known]
    return found


_FIRST = 'SELECT "seq" FROM "task_chunk" WHERE "task_id" = ? ORDER BY "seq" LIMIT 1'

_GONE = f"""
    UPDATE "task" SET "log_place" = '{GONE}', "log_lines" = 0, "log_chunks" = 0, "log_bytes" = 0
    WHERE "id" = ? AND "log_place" <> '{GONE}' AND "status" IN ({OVER})
"""  # noqa: S608 - of constants

_ARCHIVED = f"""
    UPDATE "task" SET "log_place" = '{ARCHIVE}', "log_bytes" = ?
    WHERE "id" = ? AND "log_place" = '' AND "log_chunks" = ? AND "log_lines" = ? AND "status" IN ({OVER})
"""  # noqa: S608 - of constants
