"""What is written into the outbox, when, and for whom: in the unit that makes the news true, and in no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.db import unit
from hub.models import Key, Notification, Project, Task, Worker
from hub.plugin import Outcome
from hub.services import channels, freezes, workers
from hub.services.actor import SYSTEM
from hub.services.channels import ChannelDraft
from hub.services.freezes import FreezeDraft
from hub.services.notices import names, others
from hub.services.tasks import dispatch, leases, stop
from hub.services.tasks.finish import end
from hub.services.tasks.moves import subject_of
from hub.services.tasks.states import SUCCESS
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene

from .notice_steps import channel, with_tube, written
from .schedule_steps import made, tick
from .task_steps import claim, later, node, run

both_setups = pytest.mark.parametrize("setup", SETUPS)


@pytest.fixture
def tubed(scene: Scene) -> Scene:
    return with_tube(scene)[0]


async def ended(scene: Scene, outcome: Outcome | None = None, *, template: Any = None, **members: Any) -> int:
    template = template or await scene.template("hello.sh", allow_parallel_tasks=True, **members)
    number = await scene.launch(template, message="Nightly")
    await dispatch.admit(scene.hub)
    await run(scene.hub, number, outcome)
    return number


@both_setups
async def test_each_end_of_a_task_is_told_to_the_channels_that_want_it(tubed: Scene) -> None:
    await channel(tubed, names.SUCCESS, names.FAILED, name="All")
    await channel(tubed, names.FAILED, name="Bad news")
    await ended(tubed)
    number = await ended(tubed, Outcome.failure(3))
    assert await written("channel_id", "event", "state") == [
        (1, names.SUCCESS, "waiting"), (1, names.FAILED, "waiting"), (2, names.FAILED, "waiting")
    ]  # fmt: skip
    last = await Notification.all().order_by("-id").first()
    assert last is not None
    told = last.notice
    assert (last.task_id, last.attempts) == (number, 0)
    assert told["sentence"] == f"hello.sh failed: task {number} in Scene."
    assert told["facts"]["reason"] == "It ended with exit code 3."
    assert (told["author"], told["message"], told["status"]) == ("admin", "Nightly", "error")
    assert told["path"] == f"/project/{tubed.project.id}/tasks/{number}"


async def test_a_start_is_told_once_even_when_the_task_goes_on_after_a_decision(tubed: Scene) -> None:
    await channel(tubed, names.STARTED, names.WAITS, names.SUCCESS)
    number = await ended(tubed, Outcome.awaiting("Apply 3 changes?", {}, {}))
    await stop.confirm(tubed.hub, tubed.actor, tubed.project.id, number)
    await dispatch.admit(tubed.hub)
    await run(tubed.hub, number)
    assert await written() == [names.STARTED, names.WAITS, names.SUCCESS]
    waits = await Notification.get(event=names.WAITS)
    assert waits.notice["facts"]["reason"] == "Apply 3 changes?"


async def test_the_first_success_after_a_failure_is_a_recovery_and_told_once(tubed: Scene) -> None:
    await channel(tubed, names.RECOVERED, names.SUCCESS, name="Both")
    await channel(tubed, names.SUCCESS, name="Success")
    template = await tubed.template("hello.sh", allow_parallel_tasks=True)
    for outcome in (Outcome.success(), Outcome.failure(1), Outcome.success(), Outcome.success()):
        await ended(tubed, outcome, template=template)
    assert await written("channel_id", "event") == [
        (1, names.SUCCESS), (2, names.SUCCESS),
        (1, names.RECOVERED), (2, names.SUCCESS),
        (1, names.SUCCESS), (2, names.SUCCESS),
    ]  # fmt: skip


async def test_a_template_that_keeps_its_successes_quiet_still_tells_of_a_recovery(tubed: Scene) -> None:
    await channel(tubed, names.RECOVERED, names.SUCCESS)
    template = await tubed.template("hello.sh", allow_parallel_tasks=True, suppress_success_alerts=True)
    for outcome in (Outcome.success(), Outcome.failure(1), Outcome.success()):
        await ended(tubed, outcome, template=template)
    assert await written() == [names.RECOVERED]


async def test_a_channel_of_some_templates_hears_of_no_others(tubed: Scene) -> None:
    one, other = [await tubed.template("hello.sh", name=name) for name in ("one", "other")]
    await channel(tubed, names.SUCCESS, template_ids=[one.id])
    first = await ended(tubed, template=one)
    await ended(tubed, template=other)
    assert await written("task_id") == [(first,)]


async def test_channels_of_the_whole_hub_hear_of_projects_whose_alerts_are_on(tubed: Scene) -> None:
    await channel(tubed, names.SUCCESS, everywhere=True)
    await ended(tubed)
    assert await written() == []
    await Project.filter(id=tubed.project.id).update(alert=True)
    await ended(tubed)
    assert await written() == [names.SUCCESS]


async def test_a_switched_off_channel_hears_nothing_from_then_on(tubed: Scene) -> None:
    number = await channel(tubed, names.SUCCESS)
    draft = ChannelDraft.read({"name": "Tube", "notifier": "tube", "events": [names.SUCCESS], "active": False})
    await channels.update_channel(tubed.hub, tubed.actor, tubed.project.id, number, draft)
    await ended(tubed)
    assert await written() == []


async def test_what_is_rolled_back_is_told_to_nobody(tubed: Scene) -> None:
    await channel(tubed, names.SUCCESS)
    template = await tubed.template("hello.sh")
    number = await tubed.launch(template)
    await dispatch.admit(tubed.hub)
    assert await claim(tubed.hub, number)
    subject = await subject_of(number)
    assert subject is not None

    async def work() -> None:
        assert await end(tubed.hub, SYSTEM, subject, SUCCESS)
        assert await written() == [names.SUCCESS]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await unit(work)
    assert (await written(), (await Task.get(id=number)).status) == ([], "running")


async def test_without_a_channel_the_end_of_a_task_costs_no_statement_more(tubed: Scene, monkeypatch) -> None:
    from hub.services.notices import listeners, tasks

    await listeners.everybody(tubed.hub)
    asked = []
    monkeypatch.setattr(tasks, "rows", lambda *a, **k: asked.append(a))
    monkeypatch.setattr(listeners.Channel, "filter", lambda *a, **k: asked.append(k))
    monkeypatch.setattr(listeners, "FRESH", 3600.0)
    await ended(tubed)
    assert asked == []


async def test_a_lost_worker_is_told_of_with_its_task(tubed: Scene) -> None:
    await channel(tubed, names.WORKER_LOST)
    number = await tubed.launch(await tubed.template("hello.sh"))
    await dispatch.admit(tubed.hub)
    assert await claim(node(tubed.hub, "gone"), number)
    await leases.sweep(later(tubed.hub, leases.LEASE + timedelta(seconds=1)))
    assert await written("event", "task_id") == [(names.WORKER_LOST, number)]


async def test_a_worker_of_which_nobody_hears_is_told_of_once(tubed: Scene) -> None:
    await channel(tubed, names.WORKER_LOST, everywhere=True)
    now = tubed.hub.clock()
    await Worker.create(node="w-1", host="box", version="1", tags=[], slots=1, started=now, seen=now)
    after = later(tubed.hub, workers.FORGOTTEN + timedelta(seconds=1))
    for _ in range(2):
        await workers.forget_silent(after)
    assert await written() == [names.WORKER_LOST]
    assert "w-1 on box" in (await Notification.get()).notice["sentence"]


async def test_a_schedule_that_starts_nothing_is_told_of_unless_a_freeze_wants_it_so(timed: Scene, clock) -> None:
    scene = with_tube(timed)[0]
    await channel(scene, names.SCHEDULE_FAILED)
    schedule = await made(scene)
    clock.forward(hours=3)
    await tick(scene.hub)
    assert await written() == [names.SCHEDULE_FAILED]
    told = (await Notification.get()).notice
    assert told["sentence"] == "The schedule Hourly in Scene started nothing."
    assert told["facts"]["schedule_id"] == schedule.id
    await freezes.create_freeze(scene.hub, scene.actor, scene.project.id, FreezeDraft.read({"name": "Holidays"}))
    clock.forward(hours=1)
    await tick(scene.hub)
    assert await written() == [names.SCHEDULE_FAILED]


async def test_a_key_that_expires_is_told_of_once_on_each_day_that_counts(timed: Scene, clock) -> None:
    scene = with_tube(timed)[0]
    await channel(scene, names.KEY_EXPIRING)
    until = clock.now + timedelta(days=20)
    await Key.create(project=scene.project, name="Deploy", type="string", expires=until)
    for days in (0, 7, 1, 9, 1, 1, 2):
        clock.forward(days=days)
        await others.tell_expiring(scene.hub)
    stages = [row["notice"]["facts"]["stage"] for row in await Notification.all().order_by("id").values("notice")]
    assert stages == [14, 3, 0]
