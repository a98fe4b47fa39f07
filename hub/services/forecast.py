"""What the schedules of a project will start in the days to come."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from hub.context import Hub
from hub.models import Freeze, Schedule
from hub.services import cron, freezes, schedules
from hub.services.access import require
from hub.services.actor import Actor

DAYS = 7
MOST_DAYS = 31
MOST = 1000
PER_DAY = 10
"""Moments of one schedule on one day, so that one which runs every minute leaves room for the others."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A moment of a schedule; `more` when it has further ones on that day, which are left out."""

    at: datetime
    schedule: Schedule
    more: bool = False


async def forecast(
    hub: Hub, actor: Actor, project_id: int, *, days: int = DAYS, time_zone: str = "UTC"
) -> list[dict[str, Any]]:
    """Moments of all active schedules, the earliest first; those in a freeze say in which.

    The zone says when days begin. The last day is a whole one.
    """
    await require(actor, project_id)
    zone = cron.zone_of(time_zone)
    last = hub.clock().astimezone(zone).date() + timedelta(days=max(1, min(days, MOST_DAYS)) - 1)
    until = _end_of(last, zone)
    query = Schedule.filter(project_id=project_id, next_run_at__lte=until).order_by("next_run_at", "id")
    frozen = await Freeze.filter(project_id=project_id, active=True)
    soonest = await query.limit(MOST).select_related("template")
    found = [_moments(one, max(one.next_run_at or until, hub.clock()), until, zone) for one in soonest]
    coming = heapq.merge(*found, key=lambda one: (one.at, one.schedule.id))
    return [_shape(one, frozen) for one in islice(coming, MOST)]


def _shape(coming: Coming, frozen: list[Freeze]) -> dict[str, Any]:
    schedule = coming.schedule
    return {
        "at": coming.at,
        "local": coming.at.astimezone(zone_of(schedule)).isoformat(),
        "more": coming.more,
        "schedule_id": schedule.id,
        "name": schedule.name,
        "template_id": schedule.template_id,
        "template_name": schedule.template.name,
        "freeze": (freezes.longest_at(frozen, coming.at) or (None,))[0],
    }


def zone_of(schedule: Schedule) -> ZoneInfo:
    """The zone in which a schedule's times of day are meant."""
    if schedule.type == schedules.RUN_AT:
        return ZoneInfo(schedule.time_zone or "UTC")
    return cron.parse(schedule.cron_format, schedule.time_zone).zone


def _moments(schedule: Schedule, first: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Coming]:
    """Yield what is to come from the first moment on, `PER_DAY` of each day."""
    if schedule.type == schedules.RUN_AT:
        yield Coming(first, schedule)
        return
    left = schedule.max_runs - schedule.runs if schedule.max_runs else sys.maxsize
    further = schedules.moments(schedule, first)
    begun: datetime | None = first
    while begun is not None and begun <= until and left > 0:
        end = _end_of(begun.astimezone(zone).date(), zone)
        day = [begun]
        following: datetime | None = None
        for at in islice(further, PER_DAY):
            if at > end:
                following = at
                break
            day.append(at)
        shown = day[: min(left, PER_DAY)]
        more = len(day) > PER_DAY and left > PER_DAY
        yield from (Coming(at, schedule, more=more and at == shown[-1]) for at in shown)
        if more and schedule.max_runs:
            return  # how many of its runs are left after such a day nobody counted
        left -= len(shown)
        if len(day) > PER_DAY:
            further = schedules.moments(schedule, end)
            following = next(further, None)
        begun = following


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
