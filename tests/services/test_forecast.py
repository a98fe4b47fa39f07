"""What the schedules of a project will start, as the calendar shows it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.errors import NotFound
from hub.services import forecast, freezes
from hub.services.actor import Actor
from hub.services.freezes import FreezeDraft

from .schedule_steps import made


async def test_the_days_to_come_show_every_start_in_its_own_time_through_the_change_of_the_clocks(timed, clock):
    clock.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    await made(timed, name="Morning", cron_format="30 9 * * *", time_zone="Europe/Berlin")
    await made(timed, name="Twice", cron_format="0 0 * * *", max_runs=2)
    await made(timed, name="Ends", cron_format="0 12 * * *", ends_at="2026-03-30T12:00:00Z")
    await made(timed, name="Off", active=False)
    await made(timed, name="Once", cron_format="", type="run_at", run_at="2026-03-31T10:00:00Z")
    found = await forecast.forecast(timed.hub, timed.actor, timed.project.id)
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)
    assert Counter(one["name"] for one in found) == {"Morning": 6, "Twice": 2, "Ends": 2, "Once": 1}
    morning = [one for one in found if one["name"] == "Morning"]
    assert morning[0]["local"] == "2026-03-29T09:30:00+02:00"  # the night before had the hour that was left out
    assert {one["at"].hour for one in morning} == {7}


async def test_what_falls_into_a_freeze_says_so(timed, clock):
    await made(timed, cron_format="0 */6 * * *")
    body = {"name": "Audit", "starts": "2026-03-03T05:00:00Z", "ends": "2026-03-03T13:00:00Z"}
    await freezes.create_freeze(timed.hub, timed.actor, timed.project.id, FreezeDraft.read(body))
    found = await forecast.forecast(timed.hub, timed.actor, timed.project.id, days=2)
    hours = [(one["at"].hour, one["freeze"]) for one in found]
    assert hours == [(12, None), (18, None), (0, None), (6, "Audit"), (12, "Audit"), (18, None)]


async def test_one_that_runs_all_the_time_leaves_room_for_the_others(timed, clock):
    for number in range(7):
        await made(timed, name=f"Busy {number}", cron_format="* * * * *")
    await made(timed, name="Rare", cron_format="", type="run_at", run_at=(clock.now + timedelta(days=6)).isoformat())
    found = await forecast.forecast(timed.hub, timed.actor, timed.project.id, time_zone="Asia/Tokyo")
    assert Counter(one["name"] for one in found) == {f"Busy {number}": 70 for number in range(7)} | {"Rare": 1}
    more = [one for one in found if one["more"]]
    assert len(more) == 7 * 7
    days = {one["at"].astimezone(ZoneInfo("Asia/Tokyo")).date() for one in found}
    assert len(days) == 7


async def test_one_that_may_run_a_few_times_more_is_shown_no_more_often(timed, clock):
    await made(timed, cron_format="* * * * *", max_runs=4)
    found = await forecast.forecast(timed.hub, timed.actor, timed.project.id)
    assert [(one["at"].minute, one["more"]) for one in found] == [(1, False), (2, False), (3, False), (4, False)]


async def test_who_is_not_of_the_project_sees_nothing_of_it(timed):
    with pytest.raises(NotFound):
        await forecast.forecast(timed.hub, Actor("user", 4711, "x", "X"), timed.project.id)
