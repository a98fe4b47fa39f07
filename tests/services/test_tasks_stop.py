"""Stopping, confirming, rejecting and deleting, also at the very moment that somebody else moves the task."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Conflict, Forbidden, NotFound
from hub.models import Event, Task, TaskChunk, TaskMove
from hub.plugin import Outcome
from hub.services import artifacts
from hub.services.actor import Actor
from hub.services.tasks import brief, dispatch, finish, slots, stop
from hub.services.tasks.moves import subject_of
from hub.testing.carriers import SETUPS

from .task_steps import claim, run, started, status, statuses


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def stop_it(scene, number: int) -> str:
    return await stop.stop(scene.hub, scene.actor, scene.project.id, number)


async def parked(scene) -> int:
    number = await started(scene)
    outcome = Outcome.awaiting("Go on?", {"adds": 1}, {"plan": "p1"})
    assert await finish.finish(scene.hub, await subject_of(number), outcome)
    return number


async def test_stopping_races_with_admitting(scene):
    """Whoever is first: it ends as stopped, and it never runs. W-01."""
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(10)]
    stops = [stop_it(scene, number) for number in numbers]
    await asyncio.gather(dispatch.admit(scene.hub), *stops, dispatch.admit(scene.hub))
    assert await statuses(*numbers) == ["stopped"] * 10
    assert not any([await claim(scene.hub, number) for number in numbers])


async def test_stopping_races_with_claiming(scene):
    """Either it never runs, or its worker is told: never both, never neither. W-06."""
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(10)]
    await dispatch.admit(scene.hub)
    for number in numbers:
        claimed, told = await asyncio.gather(claim(scene.hub, number), stop_it(scene, number))
        assert told == ("stopping" if claimed else "stopped")
        assert await status(number) == told
        assert (await Task.get(id=number)).lease_owner == (scene.hub.node if claimed else None)


async def test_stopping_races_with_the_end(scene):
    for outcome in [Outcome.success(), Outcome.failure(2), Outcome.awaiting("?", {}, {})] * 3:
        number = await started(scene)
        subject = await subject_of(number)
        told, ended = await asyncio.gather(stop_it(scene, number), finish.finish(scene.hub, subject, outcome))
        assert ended
        after = await status(number)
        assert after in {"stopped", {"success": "success", "failure": "error"}.get(outcome.kind, "stopped")}
        if told == "stopping":
            assert after == "stopped"
        assert (await Task.get(id=number)).lease_owner is None


async def test_a_stop_wins_over_what_the_executor_returned(scene):
    number = await started(scene)
    assert await stop_it(scene, number) == "stopping"
    await finish.finish(scene.hub, await subject_of(number), Outcome.success())
    assert await status(number) == "stopped"


async def test_stopping_twice_says_the_same(scene):
    number = await started(scene)
    assert [await stop_it(scene, number), await stop_it(scene, number)] == ["stopping", "stopping"]
    assert await TaskMove.filter(task_id=number, target="stopping").count() == 1


async def test_a_task_that_waits_for_a_person_holds_no_slot_and_stops_at_once_w02(scene):
    number = await parked(scene)
    task = await Task.get(id=number)
    assert (task.status, task.lease_owner, task.question) == ("waiting_confirmation", None, "Go on?")
    assert (await slots.in_use(scene.hub.clock())).held == 0
    assert await stop_it(scene, number) == "stopped"
    assert (await Task.get(id=number)).end is not None


async def test_confirming_lets_it_run_again_with_its_state(scene):
    number = await parked(scene)
    first_start = (await Task.get(id=number)).start
    await stop.confirm(scene.hub, scene.actor, scene.project.id, number)
    assert await dispatch.admit(scene.hub) == 1
    assert await claim(scene.hub, number)
    task = await Task.get(id=number)
    assert (task.status, task.start) == ("running", first_start)
    assert (await brief.load(scene.hub, number)).resumed == {"plan": "p1"}
    assert (task.log_chunks, task.log_lines) == (2, 2)


async def test_of_confirm_reject_and_stop_one_wins(scene):
    for _ in range(4):
        number = await parked(scene)
        place = (scene.hub, scene.actor, scene.project.id, number)
        results = await asyncio.gather(
            stop.confirm(*place), stop.reject(*place), stop.stop(*place), stop.confirm(*place), return_exceptions=True
        )
        assert all(result is None or isinstance(result, str | Conflict) for result in results)
        moves = await TaskMove.filter(task_id=number, source="waiting_confirmation").count()
        assert moves == 1
        assert await status(number) in {"stopped", "error"}  # a stop may come after a confirmation


async def test_rejecting_ends_it_as_an_error_that_says_who(scene):
    number = await parked(scene)
    await stop.reject(scene.hub, scene.actor, scene.project.id, number, stop.DecisionDraft(reason="too many\n changes"))
    task = await scene.task(number)
    assert (task["status"], task["reason"]) == ("error", "Rejected by admin: too many changes")
    targets = await TaskMove.filter(task_id=number).order_by("id").values_list("target", flat=True)
    assert targets[-2:] == ["rejected", "error"]
    said = await Event.filter(object_type="task", object_id=number).order_by("id").values_list("description", flat=True)
    assert said[-2].endswith("REJECTED: too many changes")


@pytest.mark.parametrize("at", ["waiting", "starting", "running", "stopping", "success"])
async def test_only_a_task_that_asks_can_be_answered_w04(scene, at):
    number = await scene.launch(await scene.template("hello.sh"))
    await Task.filter(id=number).update(status=at)
    for verb in (stop.confirm, stop.reject):
        with pytest.raises(Conflict):
            await verb(scene.hub, scene.actor, scene.project.id, number)
    assert await status(number) == at


async def test_another_project_has_no_such_task(scene):
    from hub.models import Project

    other = await Project.create(name="Other", created=scene.hub.clock())
    number = await scene.launch(await scene.template("hello.sh"))
    for verb in (stop.stop, stop.confirm, stop.reject, stop.delete):
        with pytest.raises(NotFound):
            await verb(scene.hub, scene.actor, other.id, number)


async def test_all_tasks_of_a_template_stop(scene):
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(4)]
    await dispatch.admit(scene.hub)
    await claim(scene.hub, numbers[0])
    await run(scene.hub, numbers[1])
    other = await scene.launch(await scene.template("hello.sh", name="other"))
    assert await stop.stop_all(scene.hub, scene.actor, scene.project.id, template.id) == 3
    assert await statuses(*numbers, other) == ["stopping", "success", "stopped", "stopped", "waiting"]


async def test_an_active_task_cannot_be_deleted(scene):
    number = await started(scene)
    with pytest.raises(Conflict):
        await stop.delete(scene.hub, scene.actor, scene.project.id, number)


async def test_a_deleted_task_leaves_nothing(scene, tmp_path):
    number = await started(scene)
    file = tmp_path / "plan"
    file.write_text("the plan")
    await artifacts.keep(scene.hub, number, "plan", file)
    await finish.finish(scene.hub, await subject_of(number), Outcome.success())
    await stop.delete(scene.hub, scene.actor, scene.project.id, number)
    assert not await TaskChunk.filter(task_id=number).exists()
    assert not await TaskMove.filter(task_id=number).exists()
    with pytest.raises(NotFound):
        await artifacts.fetch(scene.hub, [number], "plan", tmp_path / "back")


async def test_who_may_not_run_tasks_may_not_stop_them(scene):
    from hub.models import Membership, User

    guest = await User.create(created=scene.hub.clock(), username="guest", name="Guest", email="guest@example.org")
    await Membership.create(project=scene.project, user=guest, role="guest")
    actor = Actor("user", guest.id, "guest", "Guest")
    number = await started(scene)
    for verb in (stop.stop, stop.confirm, stop.reject, stop.delete):
        with pytest.raises(Forbidden):
            await verb(scene.hub, actor, scene.project.id, number)
    assert await status(number) == "running"
