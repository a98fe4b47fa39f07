"""Schedules start their templates: each occurrence once, whatever happens meanwhile. W-24, W-84."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import OperationalError

from hub.db import current
from hub.models import Schedule, Task, Template
from hub.services import firing, schedules
from hub.testing.carriers import SETUPS
from hub.worker.timer import Timer
from tests.security.growth import statements

from .schedule_steps import MONDAY, made, started, tick, told


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_nothing_starts_before_its_moment_and_once_at_it(timed, clock):
    schedule = await made(timed)
    await tick(timed.hub)
    assert await started(schedule) == 0
    clock.forward(hours=1)
    await tick(timed.hub)
    await tick(timed.hub)
    task = await Task.get(schedule_id=schedule.id)
    now = await Schedule.get(id=schedule.id)
    assert (now.last_task_id, now.last_run_at, now.runs) == (task.id, clock.now, 1)
    assert now.next_run_at == clock.now + timedelta(hours=1)
    assert (task.user_id, task.status) == (None, "waiting")


async def test_of_many_nodes_that_look_at_once_one_starts_it(timed, clock):
    schedule = await made(timed)
    clock.forward(hours=1)
    same = [await firing.due(timed.hub) for _ in range(8)]
    await asyncio.gather(*(firing.fire(timed.hub, one) for (one,) in same))
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).last_error == ""


async def test_the_zone_of_a_schedule_counts_through_the_change_of_the_clocks(timed, clock):
    clock.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    schedule = await made(timed, cron_format="30 9 * * *", time_zone="Europe/Berlin")
    assert schedule.next_run_at == datetime(2026, 3, 29, 7, 30, tzinfo=UTC)  # the night between, clocks go forward
    clock.now = datetime(2026, 3, 29, 7, 30, tzinfo=UTC)
    await tick(timed.hub)
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).next_run_at == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(("misfire", "tasks"), [("skip", 0), ("once", 1), ("all", 3)])
async def test_what_was_missed_is_treated_as_the_schedule_says(timed, clock, misfire, tasks):
    schedule = await made(timed, misfire=misfire, overlap="parallel")
    clock.forward(hours=3, minutes=30)  # 12:00, 13:00 and 14:00 have passed; it is 14:30
    await tick(timed.hub)
    assert await started(schedule) == tasks
    now = await Schedule.get(id=schedule.id)
    assert now.next_run_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert bool(now.last_error) is (misfire == "skip")
    clock.now = now.next_run_at
    await tick(timed.hub)
    assert await started(schedule) == tasks + 1
    assert (await Schedule.get(id=schedule.id)).last_error == ""


async def test_an_occurrence_that_is_a_little_late_is_not_missed(timed, clock):
    schedule = await made(timed)
    clock.forward(hours=1, seconds=59)
    await tick(timed.hub)
    assert await started(schedule) == 1


async def test_of_those_missed_the_newest_still_starts_when_it_is_hardly_late(timed, clock):
    schedule = await made(timed)
    clock.forward(hours=4, seconds=10)  # 15:00:10
    await tick(timed.hub)
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).next_run_at == datetime(2026, 3, 2, 16, tzinfo=UTC)


@pytest.mark.parametrize("delete", [True, False])
async def test_one_that_runs_once_is_done_with_afterwards(timed, clock, delete):
    at = (MONDAY + timedelta(hours=5)).isoformat()
    schedule = await made(timed, cron_format="", type="run_at", run_at=at, delete_after_run=delete)
    clock.forward(hours=5)
    await tick(timed.hub)
    await tick(timed.hub)
    assert await Task.filter(template_id=schedule.template_id).count() == 1
    now = await Schedule.get_or_none(id=schedule.id)
    if delete:
        assert now is None
        assert (await told(schedule))[-1].endswith("deleted")
    else:
        assert (now.active, now.next_run_at) == (False, None)


@pytest.mark.parametrize(("misfire", "tasks"), [("skip", 0), ("once", 1)])
async def test_one_that_was_to_run_once_while_the_hub_was_down_says_what_became_of_it(timed, clock, misfire, tasks):
    at = (MONDAY + timedelta(hours=5)).isoformat()
    schedule = await made(timed, cron_format="", type="run_at", run_at=at, misfire=misfire, delete_after_run=True)
    clock.forward(hours=9)
    await tick(timed.hub)
    assert await Task.filter(template_id=schedule.template_id).count() == tasks
    if misfire == "skip":  # it stays, so that somebody sees it
        now = await Schedule.get(id=schedule.id)
        assert (now.active, now.next_run_at) == (False, None)
        assert now.last_error.startswith("The hub was not running at 2026-03-02 16:00 UTC")


async def test_one_that_may_run_so_often_stops_after_that_and_begins_anew_when_switched_on(timed, clock):
    schedule = await made(timed, max_runs=2)
    for _ in range(4):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 2
    now = await Schedule.get(id=schedule.id)
    assert (now.active, now.next_run_at, now.runs) == (False, None, 2)
    await schedules.set_active(timed.hub, timed.actor, timed.project.id, schedule.id, active=True)
    clock.forward(hours=1)
    await tick(timed.hub)
    assert await started(schedule) == 3


async def test_one_with_an_end_starts_nothing_after_it(timed, clock):
    schedule = await made(timed, ends_at="2026-03-02T13:30:00Z")
    for _ in range(4):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 2
    assert (await Schedule.get(id=schedule.id)).next_run_at is None


@pytest.mark.parametrize(("overlap", "tasks"), [("skip", 1), ("queue", 3), ("parallel", 3)])
async def test_while_its_task_is_not_finished_the_schedule_does_as_it_says(timed, clock, overlap, tasks):
    schedule = await made(timed, overlap=overlap)
    for _ in range(3):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == tasks
    if overlap == "skip":
        first = await Task.get(schedule_id=schedule.id)
        assert (await Schedule.get(id=schedule.id)).last_error == (
            f"The task {first.id} that this schedule started before is not finished."
        )
        assert len(await told(schedule)) == 2  # created, and once that it started nothing


@pytest.mark.parametrize(("overlap", "most"), [("queue", "MOST_QUEUED"), ("parallel", "MOST_MADE_UP")])
async def test_a_queue_of_one_schedule_does_not_grow_without_end(timed, clock, monkeypatch, overlap, most):
    monkeypatch.setattr(firing, most, 3)
    schedule = await made(timed, overlap=overlap)
    for _ in range(6):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 3
    assert "3 tasks of this schedule are waiting already." in (await told(schedule))[-1]


async def test_answers_of_a_schedule_reach_its_task_secret_ones_sealed(timed, clock):
    survey = [{"name": "size", "title": "Size", "type": "int"}, {"name": "word", "title": "Word", "type": "secret"}]
    template = await timed.template("hello.sh", survey_vars=survey)
    params = {"environment": '{"size": "7"}', "secret": '{"word": "mellon"}', "message": "by the clock"}
    schedule = await made(timed, template=template, task_params=params)
    clock.forward(hours=1)
    await tick(timed.hub)
    task = await Task.get(schedule_id=schedule.id)
    assert (task.environment, task.message) == ('{"size": "7"}', "by the clock")
    assert "mellon" not in str(task.secret)
    assert task.secret


async def test_a_task_that_cannot_start_is_said_once_and_hinders_no_other_schedule(timed, clock):
    survey = [{"name": "size", "title": "Size", "type": "int", "required": True}]
    broken = await made(timed, template=await timed.template("hello.sh", survey_vars=survey))
    fine = await made(timed)
    for _ in range(3):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert (await started(broken), await started(fine)) == (0, 3)
    now = await Schedule.get(id=broken.id)
    assert "size" in now.last_error.lower()
    assert len(await told(broken)) == 2


async def test_an_error_inside_the_hub_hinders_no_other_schedule(timed, clock, monkeypatch, caplog):
    broken, fine = await made(timed, name="Broken"), await made(timed)
    real = firing.ready

    async def ready(hub, actor, *rest):
        if actor.source_id == broken.id:
            raise RuntimeError("a secret detail")
        return await real(hub, actor, *rest)

    monkeypatch.setattr(firing, "ready", ready)
    clock.forward(hours=1)
    await tick(timed.hub)
    assert (await started(broken), await started(fine)) == (0, 1)
    assert (await Schedule.get(id=broken.id)).last_error == "The hub met an error; its log tells which."


async def test_a_change_between_look_and_start_wins(timed, clock):
    schedule = await made(timed)
    clock.forward(hours=1)
    (seen,) = await firing.due(timed.hub)
    await schedules.set_active(timed.hub, timed.actor, timed.project.id, schedule.id, active=False)
    await firing.fire(timed.hub, seen)
    assert await started(schedule) == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_however_two_nodes_take_turns_no_moment_starts_twice_and_none_is_lost(timed, clock, seed):
    draw = random.Random(seed)
    template = await timed.template("hello.sh", allow_parallel_tasks=True)
    found = [await made(timed, template=template, overlap="parallel", misfire="all") for _ in range(8)]
    ahead = replace(timed.hub, clock=lambda: clock.now + timedelta(seconds=2), node="ahead")
    nodes = [Timer(timed.hub), Timer(ahead)]
    hours = 0
    while hours < 6:
        step = draw.randint(1, 3)
        hours += step
        clock.forward(hours=step)
        await asyncio.gather(*(draw.choice(nodes).once() for _ in range(3)))
        one = draw.choice(found)
        await schedules.set_active(timed.hub, timed.actor, timed.project.id, one.id, active=True)  # as an edit does
    await tick(timed.hub)
    assert [await started(one) for one in found] == [hours] * 8


async def test_one_that_starts_all_it_missed_starts_the_last_of_them_only(timed, clock, monkeypatch):
    monkeypatch.setattr(firing, "MOST_MADE_UP", 3)
    schedule = await made(timed, misfire="all", overlap="parallel", cron_format="*/10 * * * *")
    clock.forward(days=3)
    await tick(timed.hub)
    assert await started(schedule) == 3
    assert (await Schedule.get(id=schedule.id)).next_run_at == clock.now + timedelta(minutes=10)
    assert "for more than 3 moments" in (await told(schedule))[-1]


async def test_a_time_that_cannot_be_read_any_more_stops_its_schedule_and_no_other(timed, clock):
    broken, fine = await made(timed), await made(timed)
    await Schedule.filter(id=broken.id).update(time_zone="Atlantis/Poseidonis")
    clock.forward(hours=1)
    await tick(timed.hub)
    assert (await started(broken), await started(fine)) == (0, 1)
    now = await Schedule.get(id=broken.id)
    assert now.next_run_at is None
    assert "unknown time zone Atlantis/Poseidonis" in now.last_error


async def test_a_database_that_fails_for_a_moment_costs_no_occurrence(timed, clock, monkeypatch):
    schedule, fine = await made(timed), await made(timed)
    real = firing.ready

    async def ready(hub, actor, *rest):
        if actor.source_id == schedule.id:
            raise OperationalError("the connection was lost")
        return await real(hub, actor, *rest)

    monkeypatch.setattr(firing, "ready", ready)
    clock.forward(hours=1)
    await tick(timed.hub)
    assert (await started(schedule), await started(fine)) == (0, 1)
    monkeypatch.setattr(firing, "ready", real)
    clock.forward(seconds=1)
    await tick(timed.hub)
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).last_error == ""


async def test_a_clock_that_is_set_back_starts_nothing_twice(timed, clock):
    schedule = await made(timed)
    clock.forward(hours=1)
    await tick(timed.hub)
    clock.forward(minutes=-2)
    for active in (False, True):  # which works out the next moment anew
        await schedules.set_active(timed.hub, timed.actor, timed.project.id, schedule.id, active=active)
    clock.forward(minutes=3)
    await tick(timed.hub)
    assert await started(schedule) == 1
    clock.forward(hours=-5)
    for _ in range(5):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 1


async def test_a_plugin_that_is_gone_is_said_and_the_schedule_lives_on(timed, clock):
    template = await timed.template("hello.sh")
    schedule = await made(timed, template=template)
    await Template.filter(id=template.id).update(app="cobol")
    for _ in range(2):
        clock.forward(hours=1)
        await tick(timed.hub)
    now = await Schedule.get(id=schedule.id)
    assert "cobol" in now.last_error
    assert len(await told(schedule)) == 2
    await Template.filter(id=template.id).update(app="bash")
    clock.forward(hours=1)
    await tick(timed.hub)
    assert await started(schedule) == 1


async def test_with_nothing_due_a_look_asks_once_and_finds_its_rows_by_the_index(timed):
    schedule = await made(timed)
    await Schedule.bulk_create([
        Schedule(project_id=timed.project.id, template_id=schedule.template_id, name=f"{number}", cron_format="@daily",
                 active=True, next_run_at=MONDAY + timedelta(minutes=1 + number))
        for number in range(2000)
    ])  # fmt: skip
    analyze, explain = {
        "sqlite": ("ANALYZE", "EXPLAIN QUERY PLAN "),
        "postgres": ("ANALYZE schedule", "EXPLAIN "),
        "mysql": ("ANALYZE TABLE schedule", "EXPLAIN "),
    }[current().dialect]
    await current().client.execute_script(analyze)
    _, rows = await current().client.execute_query(explain + firing.coming_up(timed.hub).sql(params_inline=True))
    plan = " ".join(str(dict(row)) for row in rows)
    assert "idx_schedule_active" in plan, plan
    assert "Seq Scan" not in plan
    if current().dialect == "sqlite":
        async with statements() as heard:
            await Timer(timed.hub).once()
        assert len(heard) == 1
