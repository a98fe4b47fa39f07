"""Figures of tasks by the day they were created on: how many by status, how long they ran, how long they waited.

Days are those of UTC unless a zone is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from time import monotonic
from typing import Any, Final
from weakref import WeakKeyDictionary

from hub.context import utc_now
from hub.db import Database, current, rows
from hub.models import Template
from hub.services import zone_days
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.belongings import find

MOST_DAYS: Final = 3660
"""Days of the longest list; `end` asks for those before."""

_STATUSES: Final = 12
"""More than a day can have."""

SETTLED: Final = 600.0
"""Seconds for which figures of days before yesterday are given again."""
_MOST_KNOWN: Final = 200
_SUMS: Final = ("number", "ran", "ended", "waited", "begun")
_Key = tuple[str, str, tuple[Any, ...], int]
"""How days are told, the condition with its values, and the first id that is not in it."""
_known: WeakKeyDictionary[Database, dict[_Key, tuple[float, dict[Any, dict[str, Any]]]]] = WeakKeyDictionary()
"""By database: when, and what was counted."""


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


_SECONDS = {
    "sqlite": '(julianday("{to}") - julianday("{since}")) * 86400.0',
    "postgres": 'EXTRACT(EPOCH FROM ("{to}" - "{since}"))',
    "mysql": 'TIMESTAMPDIFF(MICROSECOND, "{since}", "{to}") / 1000000.0',
}


async def _by_day(whose: Mapping[str, int], span: Span) -> list[dict[str, Any]]:
    return await by_day(*_which(whose, span))


async def by_day(where: str, params: Sequence[Any], zone: str = "UTC") -> list[dict[str, Any]]:
    """Figures of the tasks that a condition chooses, newest day of a time zone first. Callers have checked permission.

    What was created before yesterday hardly changes any more: it is counted once in ten minutes.
    """
    now = utc_now().date()
    day = zone_days.day_of("created", current().dialect, zone_days.shifts(zone, now))
    edge = await _settled_before(now - timedelta(days=1))
    found = await _remembered((day, where, tuple(params), edge))
    for row in await _counted(day, f'{where} AND "id" >= ?', [*params, edge]):
        _add(found, row)
    days: dict[str, list[dict[str, Any]]] = {}
    for (day, _status), row in sorted(found.items(), key=_newest_first):
        days.setdefault(day, []).append(row)
    return [_shape(day, group) for day, group in islice(days.items(), MOST_DAYS)]


def _newest_first(item: tuple[tuple[str, str], Any]) -> tuple[int, str]:
    (day, status), _ = item
    return -date.fromisoformat(day).toordinal(), status


def _add(found: dict[tuple[str, str], dict[str, Any]], row: dict[str, Any]) -> None:
    """Put a row to those of the same day and status."""
    known = found.setdefault((str(row["day"]), str(row["status"])), row)
    if known is not row:
        for name in _SUMS:
            known[name] = (known[name] or 0) + (row[name] or 0)


async def _remembered(key: _Key) -> dict[tuple[str, str], dict[str, Any]]:
    """Return a copy of what was counted of the tasks before an id; counted anew when that is long ago."""
    mine = _known.setdefault(current(), {})
    kept = mine.get(key)
    if kept is None or not 0 <= monotonic() - kept[0] < SETTLED:
        day, where, params, edge = key
        fresh: dict[tuple[str, str], dict[str, Any]] = {}
        for row in await _counted(day, f'{where} AND "id" < ?', [*params, edge]):
            _add(fresh, row)
        if len(mine) >= _MOST_KNOWN:
            mine.clear()
        kept = mine[key] = (monotonic(), fresh)
    return {place: dict(row) for place, row in kept[1].items()}


def forget() -> None:
    """Count everything anew the next time."""
    _known.clear()


async def _settled_before(day: date) -> int:
    return await first_since(datetime.combine(day, time(), UTC))


async def first_since(since: datetime) -> int:
    """Return the id from which on tasks were created after a moment; ids grow with time, so it is found by halving."""
    edge = await rows('SELECT MAX("id") AS "last" FROM "task"')
    low, high = 0, int(edge[0]["last"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        one = await rows(
            'SELECT "id", "created" FROM "task" WHERE "id" >= ? ORDER BY "id" LIMIT 1', [middle], times=("created",)
        )
        if one and one[0]["created"] < since:
            low = one[0]["id"] + 1
        else:
            high = middle
    return low


async def _counted(day: str, where: str, params: Sequence[Any]) -> list[dict[str, Any]]:
    dialect = current().dialect
    ran = _SECONDS[dialect].format(since="start", to="end")
    waited = _SECONDS[dialect].format(since="created", to="start")
    return await rows(
        f'SELECT {day} AS "day", "status", COUNT(*) AS "number", '  # noqa: S608 - of constants
        f'SUM({ran}) AS "ran", SUM(CASE WHEN "start" IS NOT NULL AND "end" IS NOT NULL THEN 1 ELSE 0 END) AS "ended", '
        f'SUM({waited}) AS "waited", COUNT("start") AS "begun" '
        f'FROM "task" WHERE {where} GROUP BY 1, "status" ORDER BY 1 DESC, "status" '
        f"LIMIT {MOST_DAYS * _STATUSES}",
        params,
    )


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
