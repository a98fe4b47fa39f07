"""Freezes hold back what schedules would start, and what everybody would, if wanted. W-78."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.errors import Conflict, Invalid
from hub.models import Freeze, Schedule, Task
from hub.services import freezes
from hub.services.freezes import FreezeDraft
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.scene import Scene

from .schedule_steps import MONDAY, made, started, tick, told


async def frozen(timed: Scene, **members: Any) -> dict[str, Any]:
    body = {"name": "Quarter end", "starts": "2026-03-02T12:30:00Z", "ends": "2026-03-02T14:30:00Z"} | members
    return await freezes.create_freeze(timed.hub, timed.actor, timed.project.id, FreezeDraft.read(body))


@pytest.mark.parametrize(("misfire", "hours"), [("skip", [12, 15]), ("once", [12, 14, 15])])
async def test_in_a_freeze_nothing_starts_and_afterwards_as_the_schedule_treats_what_it_missed(
    timed, clock, misfire, hours
):
    schedule = await made(timed, misfire=misfire, overlap="parallel")
    await frozen(timed)
    for _ in range(8):
        clock.forward(minutes=30, seconds=1)
        await tick(timed.hub)
    tasks = await Task.filter(schedule_id=schedule.id).order_by("id")
    assert [one.created.hour for one in tasks] == hours
    assert any("Frozen until 2026-03-02 14:30 UTC: Quarter end." in one for one in await told(schedule))


async def test_a_freeze_by_cron_lasts_its_minutes_and_joins_the_next(timed):
    rows = {"project_id": timed.project.id, "name": "Nights", "cron_format": "0 22 * * *", "minutes": 480}
    night = Freeze(**rows, time_zone="Europe/Berlin")
    assert freezes.end_of(night, datetime(2026, 3, 2, 23, tzinfo=UTC)) == datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert freezes.end_of(night, datetime(2026, 3, 2, 21, tzinfo=UTC)) == datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert freezes.end_of(night, datetime(2026, 3, 2, 20, 59, tzinfo=UTC)) is None
    assert freezes.end_of(night, datetime(2026, 3, 3, 5, tzinfo=UTC)) is None
    joined = Freeze(**rows | {"cron_format": "0 0,2,4 * * *", "minutes": 120})
    assert freezes.end_of(joined, datetime(2026, 3, 2, 1, tzinfo=UTC)) == datetime(2026, 3, 2, 6, tzinfo=UTC)


async def test_a_freeze_of_everything_stops_people_too(timed, clock):
    template = await timed.template("hello.sh")
    await frozen(timed, everything=True)
    draft = TaskDraft(template_id=template.id)
    await launch(timed.hub, timed.actor, timed.project.id, draft)
    clock.forward(hours=2)
    with pytest.raises(Conflict, match=r"until 2026-03-02 14:30 UTC: Quarter end\."):
        await launch(timed.hub, timed.actor, timed.project.id, draft)
    clock.forward(hours=2)
    await launch(timed.hub, timed.actor, timed.project.id, draft)


async def test_a_freeze_that_is_ended_early_lets_everything_go_on(timed, clock):
    template = await timed.template("hello.sh", allow_parallel_tasks=True)
    hourly = await made(timed, template=template, misfire="once")
    at = (MONDAY + timedelta(hours=1)).isoformat()
    once = await made(timed, template=template, cron_format="", type="run_at", run_at=at, misfire="once")
    freeze = await frozen(timed, starts=None, ends=None)  # from now on, until somebody ends it
    clock.forward(hours=1)
    await tick(timed.hub)
    assert (await started(hourly), await started(once)) == (0, 0)
    assert (await Schedule.get(id=hourly.id)).last_error == "Frozen until somebody ends the freeze: Quarter end."
    clock.forward(minutes=10)
    draft = FreezeDraft.read(freeze | {"starts": freeze["starts"].isoformat(), "active": False})
    await freezes.update_freeze(timed.hub, timed.actor, timed.project.id, freeze["id"], draft)
    await tick(timed.hub)
    assert (await started(hourly), await started(once)) == (0, 1)
    clock.forward(minutes=50)
    await tick(timed.hub)
    assert (await started(hourly), await started(once)) == (1, 1)


EVERY = "Name times of day here; @every counts from whenever it was begun."


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": " "}, "A freeze needs a name that says why."),
        ({"ends": "2026-03-02T12:30:00Z"}, "A freeze must end after it starts."),
        ({"starts": "soon"}, "The member starts must be a time such as 2030-01-31T12:00:00Z."),
        ({"cron_format": "0 22 * * *"}, "Say how many minutes the freeze lasts."),
        ({"cron_format": "@every 1h", "minutes": 5}, EVERY),
    ],
)
async def test_a_freeze_that_says_no_time_is_refused(timed, change, error):
    with pytest.raises(Invalid) as told_to:
        await frozen(timed, **change)
    assert str(told_to.value) == error
    assert await Freeze.all().count() == 0
