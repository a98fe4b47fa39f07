"""What is kept for how long: tasks by number and age, logs by age and size, for the hub and for each project.

A limit of a project counts in place of the hub's. What a kept deployment was built from stays with it, and nothing that
is not finished ever goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import rows
from hub.errors import NotFound
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.draft import MAX_ID, Draft
from hub.services.tasks.retention import OVER

MIB: Final = 1024 * 1024
MEMBERS: Final = ("keep_tasks", "keep_days", "keep_log_days", "keep_log_mib")
"""Columns of a project that hold its limits; 0 leaves a limit to the hub."""
DAYS: Final = 36500
"""Longest time that may be asked for."""


class Wished(Draft):
    """Limits that somebody thinks about; what is left out stays as it is."""

    keep_tasks: int | None = Field(default=None, ge=0, le=MAX_ID)
    keep_days: int | None = Field(default=None, ge=0, le=DAYS)
    keep_log_days: int | None = Field(default=None, ge=0, le=DAYS)
    keep_log_mib: int | None = Field(default=None, ge=0, le=MAX_ID)


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts in one project; 0 is without limit."""

    keep_tasks: int
    keep_days: int
    keep_log_days: int
    keep_log_mib: int

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self.keep_tasks or self.keep_days or self.keep_log_days or self.keep_log_mib)


def limits_of(hub: Hub, project: Mapping[str, Any]) -> Limits:
    """Return what counts in a project: its own limits, else the hub's."""
    kept = hub.settings
    return Limits(
        project["keep_tasks"] or kept.max_tasks_per_template, project["keep_days"] or kept.keep_days,
        project["keep_log_days"] or kept.keep_log_days, project["keep_log_mib"],
    )  # fmt: skip


async def look(
    hub: Hub, actor: Actor, project_id: int, wished: Mapping[str, int | None] | None = None
) -> dict[str, Any]:
    """Return the limits that count in a project, what it holds, and what would go now; with other limits, if wished."""
    await require(actor, project_id)
    found = await rows(_PROJECT, [project_id])
    if not found:
        raise NotFound("There is no such project, or you are not a member of it.")
    limits = limits_of(hub, found[0] | Wished.read(dict(wished or {})).model_dump(exclude_none=True))
    went: dict[str, Any] = {"tasks": 0, "logs": 0}
    if limits.any:
        picture, values = over(hub, project_id, limits)
        (went,) = await rows(_COUNTED.format(picture), values)
    (held,) = await rows(_HELD, [project_id])
    return {
        **{name: getattr(limits, name) for name in MEMBERS},
        "tasks": held["tasks"], "log_bytes": int(held["size"] or 0),
        "over_tasks": int(went["tasks"] or 0), "over_logs": int(went["logs"] or 0),
    }  # fmt: skip


def over(hub: Hub, project_id: int, limits: Limits) -> tuple[str, list[Any]]:
    """Return a SELECT of the finished tasks of a project, and its values: `over` is 1 when the task is to go,
    `log_over` when its log is while the task stays.
    """  # fmt: skip
    now = hub.clock()
    tasks: dict[str, Any] = {}
    logs: dict[str, Any] = {}
    if limits.keep_tasks:
        tasks['"place" > ?'] = limits.keep_tasks
    if limits.keep_days:
        tasks['"end" < ?'] = now - timedelta(days=limits.keep_days)
    if limits.keep_log_days:
        logs['"end" < ?'] = now - timedelta(days=limits.keep_log_days)
    if limits.keep_log_mib:
        logs['"held" > ?'] = limits.keep_log_mib * MIB
    sql = _OVER.format(tasks=" OR ".join(tasks) or "1 = 0", logs=" OR ".join(logs) or "1 = 0", final=OVER)
    return sql, [*logs.values(), *tasks.values(), project_id]


_PROJECT = 'SELECT "keep_tasks", "keep_days", "keep_log_days", "keep_log_mib" FROM "project" WHERE "id" = ?'

_HELD = 'SELECT COUNT(*) AS "tasks", SUM("log_bytes") AS "size" FROM "task" WHERE "project_id" = ?'

_COUNTED = 'SELECT SUM("over") AS "tasks", SUM("log_over") AS "logs" FROM ({}) AS "picture"'

_OVER = """
    SELECT "id", "over",
           CASE WHEN "over" = 0 AND "log_chunks" > 0 AND ({logs}) THEN 1 ELSE 0 END AS "log_over"
    FROM (
        SELECT "id", "end", "log_chunks", "over",
               SUM(CASE WHEN "over" = 1 THEN 0 ELSE "log_bytes" END) OVER (ORDER BY "id" DESC) AS "held"
        FROM (
            SELECT "id", "end", "log_chunks", "log_bytes",
                   CASE WHEN ({tasks}) AND NOT "deployed" THEN 1 ELSE 0 END AS "over"
            FROM (
                SELECT "id", "end", "log_chunks", "log_bytes",
                       ROW_NUMBER() OVER (PARTITION BY "template_id" ORDER BY "id" DESC) AS "place",
                       EXISTS (SELECT 1 FROM "task" AS "deploy" WHERE "deploy"."build_task_id" = "task"."id")
                           AS "deployed"
                FROM "task" WHERE "project_id" = ? AND "status" IN ({final})
            ) AS "ranked"
        ) AS "judged"
    ) AS "added"
"""
