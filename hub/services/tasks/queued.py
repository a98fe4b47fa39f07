"""What people are told of tasks that wait: what for, and how many are before them.

Nothing of it is stored: it changes with every task that begins or ends, and ten thousand may wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from hub.context import utc_now
from hub.db import rows
from hub.services.tasks.slots import JOINED, LINE, InUse, in_use, line_of
from hub.services.tasks.states import CONFIRMED, HELD, STARTING, WAITING

POSITION: Final = "queue_position"
"""Member of a waiting task."""

_BRIEF: Final = timedelta(seconds=2)
"""A task that waits for no longer is about to be let through; there is nothing to tell yet."""

_QUEUED: Final = frozenset({WAITING, CONFIRMED})
_TOLD: Final = _QUEUED | {STARTING}


async def explain(found: Sequence[MutableMapping[str, Any]], *, positions: bool = False) -> None:
    """Put the reason into each of these rows that waits, and its place in the queue where that is wanted.

    Rows have `id`, `status` and `reason`. Callers have checked permission. Nothing is read when none of them waits.
    """
    waiting = {row["id"]: row for row in found if row["status"] in _TOLD}
    if not waiting:
        return
    now = utc_now()
    use = await in_use(now)
    for row in await _lines(waiting):
        waiting[row["id"]]["reason"] = _reason(use, row, now)
    queued = [task_id for task_id, row in waiting.items() if row["status"] in _QUEUED]
    if positions and queued:
        for row in await rows(_POSITIONS.format(ids=_places(queued)), queued):
            waiting[row["id"]][POSITION] = row["place"]


def _reason(use: InUse, row: Mapping[str, Any], now: datetime) -> str:
    line = line_of(row)
    if row["status"] == STARTING:
        return use.rooms.absent(line.tag) if row["lease_owner"] is None else ""
    if reason := use.obstacle(line):
        return reason
    if use.held and now - row["created"] > _BRIEF:
        if use.held == 1:
            return "It waits for a free slot; the hub runs 1 task at the moment."
        return f"It waits for a free slot; the hub runs {use.held} tasks at the moment."
    return ""


async def _lines(ids: Iterable[int]) -> list[dict[str, Any]]:
    wanted = list(ids)
    return await rows(
        f'SELECT "task"."id", "task"."created", "task"."lease_owner", {LINE} FROM {JOINED} '  # noqa: S608 - of constants
        f'WHERE "task"."id" IN ({_places(wanted)})',
        wanted, times=["created"], flags=["allow_parallel_tasks"],
    )  # fmt: skip


def _places(ids: Sequence[int]) -> str:
    return ", ".join("?" * len(ids))


def _among(statuses: Iterable[str]) -> str:
    return ", ".join(f"'{status}'" for status in sorted(statuses))


_POSITIONS = f"""
    SELECT "id", "place" FROM (
        SELECT "id", ROW_NUMBER() OVER (ORDER BY "priority" DESC, "turn", "id") AS "place" FROM (
            SELECT "task"."id", "template"."priority", COALESCE("busy"."count", 0) + ROW_NUMBER() OVER (
                       PARTITION BY "task"."project_id" ORDER BY "template"."priority" DESC, "task"."id"
                   ) AS "turn"
            FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                 LEFT JOIN (SELECT "project_id", COUNT(*) AS "count" FROM "task"
                            WHERE "status" IN ({_among(HELD)}) GROUP BY "project_id") AS "busy"
                 ON "busy"."project_id" = "task"."project_id"
            WHERE "task"."status" IN ({_among(_QUEUED)})
        ) AS "turns"
    ) AS "places" WHERE "id" IN ({{ids}})
"""  # noqa: S608 - of constants
"""The order in which they would be let through, were there nothing in the way of any: as `dispatch` has it."""
