"""Schedules start their templates: each occurrence once, whatever happens meanwhile. W-24, W-78, W-84."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.context import Hub
from hub.db import column
from hub.errors import Conflict
from hub.models import Event, Freeze, Schedule, Task
from hub.services import firing, freezes, schedules
from hub.services.freezes import FreezeDraft
from hub.services.schedules import ScheduleDraft
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene, commit_files
from hub.worker.main import work
from hub.worker.timer import Timer

MONDAY = datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Clock:
    """A hub's clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock(MONDAY)


@pytest.fixture
def timed(scene: Scene, clock: Clock) -> Scene:
    return replace(scene, hub=replace(scene.hub, clock=clock))


async def made(timed: Scene, **members: Any) -> Schedule:
    """Make a schedule that is due at every full hour, unless said otherwise."""
    template = members.pop("template", None) or await timed.template("hello.sh", allow_parallel_tasks=True)
    body = {"template_id": template.id, "name": "Hourly", "cron_format": "0 * * * *", "active": True} | members
    found = await schedules.create_schedule(timed.hub, timed.actor, timed.project.id, ScheduleDraft.read(body))
    return await Schedule.get(id=found["id"])


async def tick(hub: Hub) -> None:
    timer = Timer(hub)
    await timer.once()
    await timer.settle()


@asynccontextmanager
async def answering(hub: Hub) -> AsyncIterator[None]:
    """A worker that answers questions; it has the real time, for its leases."""
    worker = asyncio.create_task(work(hub))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def started(schedule: Schedule) -> int:
    return await Task.filter(schedule_id=schedule.id).count()


async def told(schedule: Schedule) -> list[str]:
    query = Event.filter(object_type="schedule", object_id=schedule.id).order_by("id")
    return [str(one) for one in await column(query, "description")]


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


async def test_a_queue_of_one_schedule_does_not_grow_without_end(timed, clock):
    schedule = await made(timed)
    for _ in range(firing.MOST_QUEUED + 3):
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == firing.MOST_QUEUED


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


# Freezes


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


# Watching a repository


async def test_one_that_watches_a_repository_starts_for_new_commits_only(scene, timed, clock):
    template = await timed.template("hello.sh", allow_parallel_tasks=True)
    schedule = await made(timed, template=template, repository_id=timed.repository.id)
    async with answering(scene.hub):
        for commits in (1, 1, 2):
            if commits == 2:
                newest = commit_files(timed.folder, {"new.txt": "new\n"}, "second")
            clock.forward(hours=1)
            await tick(timed.hub)
            assert await started(schedule) == commits
    assert (await Schedule.get(id=schedule.id)).last_commit_hash == newest


async def test_a_repository_that_cannot_be_asked_is_told_once_and_asked_again(scene, timed, clock):
    schedule = await made(timed, repository_id=timed.repository.id)
    await timed.repository.refresh_from_db()
    timed.repository.git_branch = "nowhere"
    await timed.repository.save()
    async with answering(scene.hub):
        for _ in range(2):
            clock.forward(hours=1)
            await tick(timed.hub)
        assert await started(schedule) == 0
        now = await Schedule.get(id=schedule.id)
        assert "nowhere" in now.last_error
        assert now.last_commit_hash is None
        assert len(await told(schedule)) == 2
        timed.repository.git_branch = "main"
        await timed.repository.save()
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).last_error == ""
