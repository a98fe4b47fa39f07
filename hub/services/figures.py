"""What the database tells of the work that waits and runs, and of the workers: for metrics, the same on every node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hub.context import Hub
from hub.db import column, on_commit, rows
from hub.meters import FINISHED as ENDED
from hub.meters import TASK_SECONDS
from hub.models import Worker
from hub.services.tasks.moves import Subject
from hub.services.tasks.states import UNFINISHED

TAGS: Final = 200
"""Tags of the longest list; what waits for others is told together."""
SILENT: Final = timedelta(seconds=30)
"""A worker that was not seen for so long does not count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand."""

    by_status: dict[str, int]
    waiting_by_tag: dict[str, int]
    oldest_wait: float
    """Seconds since the first of those that wait came."""
    workers: dict[str, int]


async def standing(hub: Hub) -> Standing:
    """Look."""
    now = hub.clock()
    statuses = dict.fromkeys(sorted(UNFINISHED), 0)
    statuses |= {row["status"]: row["n"] for row in await rows(_STATUSES)}
    waiting = {row["tag"]: row["n"] for row in await rows(_WAITING)}
    (first,) = await rows(_OLDEST, times=("first",))
    workers = {"active": 0, "draining": 0}
    for draining in await column(Worker.filter(seen__gt=now - SILENT), "draining"):
        workers["draining" if draining else "active"] += 1
    oldest = (now - first["first"]).total_seconds() if first["first"] is not None else 0.0
    return Standing(statuses, waiting, max(0.0, oldest), workers)


async def count_end(hub: Hub, subject: Subject, status: str) -> None:
    """Count a task that ends in the unit under way, once that is committed."""

    async def count() -> None:
        one = (str(subject.project_id), str(subject.template_id)) if hub.settings.metrics_by_template else ("", "")
        labels = (status, subject.app, *one)
        ENDED.add(*labels)
        if not hub.settings.metrics:
            return
        found: list[dict[str, Any]] = await rows(_TIMES, [subject.id], times=("start", "end"))
        if found and found[0]["start"] is not None and found[0]["end"] is not None:
            TASK_SECONDS.see((found[0]["end"] - found[0]["start"]).total_seconds(), *labels)

    await on_commit(count)


_OPEN = ", ".join(f"'{status}'" for status in sorted(UNFINISHED))

_STATUSES = f'SELECT "status", COUNT(*) AS "n" FROM "task" WHERE "status" IN ({_OPEN}) GROUP BY "status"'  # noqa: S608 - of constants

_WAITING = f"""
    SELECT "tag", COUNT(*) AS "n" FROM "task" WHERE "status" IN ('waiting', 'confirmed', 'starting')
    GROUP BY "tag" ORDER BY "n" DESC LIMIT {TAGS}
"""  # noqa: S608 - of constants

_OLDEST = """SELECT MIN("created") AS "first" FROM "task" WHERE "status" IN ('waiting', 'starting')"""

_TIMES = 'SELECT "start", "end" FROM "task" WHERE "id" = ?'
