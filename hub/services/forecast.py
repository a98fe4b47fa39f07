"""What the schedules of a project will start in the days to come."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from hub.context import Hub
from hub.db import rows
from hub.models import Freeze
from hub.services import cron, freezes, schedules
from hub.services.access import require
from hub.services.actor import Actor

DAYS = 7
MOST_DAYS = 31
MOST = 1000
PER_DAY = 10
"""Moments of one schedule on one day, so that one which runs every minute leaves room for the others."""


_FOUND: Final = f"""
    SELECT "schedule"."id", "schedule"."name", "schedule"."type", "cron_format", "time_zone", "max_runs", "runs",
           "ends_at", "next_run_at", "template_id", "template"."name" AS "template_name"
    FROM "schedule" JOIN "template" ON "template"."id" = "schedule"."template_id"
    WHERE "schedule"."project_id" = ? AND "next_run_at" <= ? ORDER BY "next_run_at", "schedule"."id" LIMIT {MOST}
"""  # noqa: S608 - MOST is a number


class Coming(NamedTuple):
    """A moment of a schedule; `more` when it has further ones on that day, which are left out."""

    at: datetime
    schedule: Mapping[str, Any]
    more: bool = False


async def forecast(
    hub: Hub, actor: Actor, project_id: int, *, days: int = DAYS, time_zone: str = "UTC"
) -> list[dict[str, Any]]:
    """Moments of all active schedules, the earliest first; those in a freeze say in which.

    The zone says when days begin. The last day is a whole one.
    """
    await require(actor, project_id)
    zone = cron.zone_of(time_zone)
    now = hub.clock()
    last = now.astimezone(zone).date() + timedelta(days=max(1, min(days, MOST_DAYS)) - 1)
    until = _end_of(last, zone)
    frozen = await Freeze.filter(project_id=project_id, active=True)
    soonest = await rows(_FOUND, [project_id, until], times=("ends_at", "next_run_at"))
    found = [_moments(one, max(one["next_run_at"], now), until, zone) for one in soonest]
    coming = heapq.merge(*found, key=lambda one: (one.at, one.schedule["id"]))
    return [_shape(one, frozen) for one in islice(coming, MOST)]


def _shape(coming: Coming, frozen: list[Freeze]) -> dict[str, Any]:
    schedule = coming.schedule
    return {
        "at": coming.at,
        "local": coming.at.astimezone(_zone_of(schedule)).isoformat(),
        "more": coming.more,
        "schedule_id": schedule["id"],
        "name": schedule["name"],
        "template_id": schedule["template_id"],
        "template_name": schedule["template_name"],
        "freeze": (freezes.longest_at(frozen, coming.at) or (None,))[0] if frozen else None,
    }


def _zone_of(schedule: Mapping[str, Any]) -> ZoneInfo:
    """The zone in which a schedule's times of day are meant."""
    if schedule["type"] == schedules.RUN_AT:
        return ZoneInfo(schedule["time_zone"] or "UTC")
    return cron.parse(schedule["cron_format"], schedule["time_zone"]).zone


def _moments(schedule: Mapping[str, Any], first: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Coming]:
    """Yield what is to come from the first moment on, `PER_DAY` of each day."""
    if schedule["type"] == schedules.RUN_AT:
        yield Coming(first, schedule)
        return
    left = schedule["max_runs"] - schedule["runs"] if schedule["max_runs"] else sys.maxsize
    text = schedule["cron_format"], schedule["time_zone"]
    begun: datetime | None = first
    while begun is not None and begun <= until and left > 0:
        end = _end_of(begun.astimezone(zone).date(), zone)
        day, following = _day(text, begun, end, schedule["ends_at"])
        shown = day[: min(left, PER_DAY)]
        more = len(day) > PER_DAY and left > PER_DAY
        yield from (Coming(at, schedule, more=more and at == shown[-1]) for at in shown)
        if more and schedule["max_runs"]:
            return  # how many of its runs are left after such a day nobody counted
        left -= len(shown)
        begun = following


@lru_cache(maxsize=4096)  # a calendar is looked at again and again, and what a text names on a day does not change
def _day(
    text: tuple[str, str], begun: datetime, end: datetime, ends_at: datetime | None
) -> tuple[tuple[datetime, ...], datetime | None]:
    """Return the moments of a day from the first on, no more than one too many, and the first of a later day."""
    read = cron.parse(*text)
    further = takewhile(lambda one: ends_at is None or one <= ends_at, read.after(begun))
    day = [begun]
    for at in islice(further, PER_DAY):
        if at > end:
            return tuple(day), at
        day.append(at)
    if len(day) > PER_DAY:
        further = takewhile(lambda one: ends_at is None or one <= ends_at, read.after(end))
    return tuple(day), next(further, None)


@lru_cache(maxsize=64)
def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
