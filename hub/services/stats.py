"""Figures of tasks by the day they were created on: how many by status, how long they ran, how long they waited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any, Final

from hub.db import current, rows
from hub.models import Template
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.belongings import find

MOST_DAYS: Final = 3660
"""Days of the longest list; `end` asks for those before."""

_STATUSES: Final = 12
"""More than a day can have."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which tasks count, as on the wire: begun on or after `start`, ended before `end`, of one user."""

    start: date | None = None
    end: date | None = None
    user_id: int | None = None


async def of_project(actor: Actor, project_id: int, span: Span) -> list[dict[str, Any]]:
    """Figures of a project, newest day first; days without tasks are absent."""
    await require(actor, project_id)
    return await _by_day({"project_id": project_id}, span)


async def of_template(actor: Actor, project_id: int, template_id: int, span: Span) -> list[dict[str, Any]]:
    """Figures of one template."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    return await _by_day({"template_id": template_id}, span)


_DAY = {
    "sqlite": 'substr("created", 1, 10)',
    "postgres": """to_char("created" AT TIME ZONE 'UTC', 'YYYY-MM-DD')""",
    "mysql": """DATE_FORMAT("created", '%Y-%m-%d')""",
}
_SECONDS = {
    "sqlite": '(julianday("{to}") - julianday("{since}")) * 86400.0',
    "postgres": 'EXTRACT(EPOCH FROM ("{to}" - "{since}"))',
    "mysql": 'TIMESTAMPDIFF(MICROSECOND, "{since}", "{to}") / 1000000.0',
}


async def _by_day(whose: Mapping[str, int], span: Span) -> list[dict[str, Any]]:
    return await by_day(*_which(whose, span))


async def by_day(where: str, params: Sequence[Any]) -> list[dict[str, Any]]:
    """Figures of the tasks that a condition chooses, newest day first. Callers have checked permission."""
    dialect = current().dialect
    ran = _SECONDS[dialect].format(since="start", to="end")
    waited = _SECONDS[dialect].format(since="created", to="start")
    found = await rows(
        f'SELECT {_DAY[dialect]} AS "day", "status", COUNT(*) AS "number", '  # noqa: S608 - of constants
        f'SUM({ran}) AS "ran", SUM(CASE WHEN "start" IS NOT NULL AND "end" IS NOT NULL THEN 1 ELSE 0 END) AS "ended", '
        f'SUM({waited}) AS "waited", COUNT("start") AS "begun" '
        f'FROM "task" WHERE {where} GROUP BY 1, "status" ORDER BY 1 DESC, "status" '
        f"LIMIT {MOST_DAYS * _STATUSES}",
        params,
    )
    days: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        days.setdefault(str(row["day"]), []).append(row)
    return [_shape(day, group) for day, group in islice(days.items(), MOST_DAYS)]


def _which(whose: Mapping[str, int], span: Span) -> tuple[str, list[Any]]:
    conditions = [f'"{name}" = ?' for name in whose]
    params: list[Any] = list(whose.values())
    for text, bound in (('"start" >= ?', span.start), ('"end" < ?', span.end)):
        if bound is not None:
            conditions.append(text)
            params.append(_midnight(bound))
    if span.user_id is not None:
        conditions.append('"user_id" = ?')
        params.append(span.user_id)
    return " AND ".join(conditions), params


def _midnight(day: date) -> datetime | str:
    """Return the first moment of a day in UTC as the database compares it."""
    moment = datetime.combine(day, time(), UTC)
    return moment.isoformat(sep=" ") if current().dialect == "sqlite" else moment


def _shape(day: str, group: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "date": day,
        "count_by_status": {str(row["status"]): int(row["number"]) for row in group},
        "avg_duration": _average(group, "ran", "ended"),
        "avg_wait": _average(group, "waited", "begun"),
    }


def _average(group: list[dict[str, Any]], total: str, number: str) -> int:
    """Whole seconds; 0 when there was nothing to measure. W-31."""
    count = sum(int(row[number] or 0) for row in group)
    return round(sum(float(row[total] or 0) for row in group) / count) if count else 0
