"""What the schedules of a project will start in the days to come."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from hub.context import Hub
from hub.models import Freeze, Schedule
from hub.services import cron, freezes, schedules
from hub.services.access import require
from hub.services.actor import Actor

DAYS = 7
MOST_DAYS = 31
MOST = 500
PER_SCHEDULE = 100
"""Moments of one schedule, so that one which runs every minute leaves room for the others."""


async def forecast(hub: Hub, actor: Actor, project_id: int, *, days: int = DAYS) -> list[dict[str, Any]]:
    """Moments of all active schedules, the earliest first; those in a freeze say in which."""
    await require(actor, project_id)
    now = hub.clock()
    until = now + timedelta(days=max(1, min(days, MOST_DAYS)))
    query = Schedule.filter(project_id=project_id, next_run_at__isnull=False).order_by("id").select_related("template")
    frozen = await Freeze.filter(project_id=project_id, active=True)
    found = [_moments(one, now, until) for one in await query]
    return [
        {
            "at": at,
            "local": at.astimezone(zone_of(schedule)).isoformat(),
            "schedule_id": schedule.id,
            "name": schedule.name,
            "template_id": schedule.template_id,
            "template_name": schedule.template.name,
            "freeze": (freezes.longest_at(frozen, at) or (None,))[0],
        }
        for at, _, schedule in islice(heapq.merge(*found), MOST)
    ]


def zone_of(schedule: Schedule) -> ZoneInfo:
    """The zone in which a schedule's times of day are meant."""
    if schedule.type == schedules.RUN_AT:
        return ZoneInfo("UTC")
    return cron.parse(schedule.cron_format, schedule.time_zone).zone


def _moments(schedule: Schedule, now: datetime, until: datetime) -> Iterator[tuple[datetime, int, Schedule]]:
    first = schedule.next_run_at
    if first is None:
        return
    begin = max(first, now)
    if begin > until:
        return
    yield begin, schedule.id, schedule
    if schedule.type == schedules.RUN_AT:
        return
    left = PER_SCHEDULE if not schedule.max_runs else min(PER_SCHEDULE, schedule.max_runs - schedule.runs)
    following = takewhile(lambda one: one <= until, schedules.moments(schedule, begin))
    for moment in islice(following, max(0, left - 1)):
        yield moment, schedule.id, schedule
