"""Leases: one worker has a task, and a task whose worker is gone does not hang. W-06, W-36, W-40."""

from __future__ import annotations

import asyncio

import pytest

from hub.models import Event, Task, TaskChunk
from hub.plugin import Outcome
from hub.services import log
from hub.services.log import Piece
from hub.services.tasks import dispatch, finish, leases, stop
from hub.services.tasks.leases import LEASE
from hub.services.tasks.moves import LeaseLost, subject_of
from hub.testing.carriers import MARIADB, SETUPS
from hub.worker.main import Sweep

from .task_steps import claim, later, node, one_line, started, status


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_of_many_workers_one_gets_the_task(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    await dispatch.admit(scene.hub)
    workers = [node(scene.hub, f"worker-{index}") for index in range(12)]
    won = [
        worker.node
        for worker, claimed in zip(
            workers, await asyncio.gather(*[claim(worker, number) for worker in workers]), strict=True
        )
        if claimed
    ]
    task = await Task.get(id=number)
    assert [task.lease_owner] == won
    assert (task.status, task.log_chunks, task.log_lines) == ("running", 1, 1)
    assert await TaskChunk.filter(task_id=number).count() == 1


async def test_a_waiting_task_cannot_be_claimed(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    assert not await claim(scene.hub, number)
    assert await status(number) == "waiting"


async def test_a_task_that_never_was_cannot_be_claimed(scene):
    assert await leases.claim(scene.hub, 4711, one_line) is None


async def test_a_renewed_lease_outlives_its_time(scene):
    number = await started(scene)
    assert await leases.renew(later(scene.hub, LEASE * 0.9), [number]) == set()
    await leases.sweep(later(scene.hub, LEASE * 1.5))
    assert await status(number) == "running"


async def test_only_named_tasks_are_renewed_so_that_a_forgotten_one_is_found(scene):
    number, other = await started(scene), await started(scene)
    await leases.renew(later(scene.hub, LEASE * 0.9), [number])
    await leases.sweep(later(scene.hub, LEASE * 1.5))
    assert [await status(number), await status(other)] == ["running", "error"]


async def test_the_task_of_a_silent_worker_ends_as_an_error(scene):
    number = await started(scene)
    await leases.sweep(later(scene.hub, LEASE * 0.9))
    assert await status(number) == "running"
    await leases.sweep(later(scene.hub, LEASE * 1.1))
    task = await scene.task(number)
    assert task["status"] == "error"
    assert task["reason"] == leases.LOST
    assert task["end"] is not None
    (told,) = await Event.filter(object_type="worker")
    assert told.description == f"Worker {scene.hub.node} was lost: task {number} (hello.sh) ended with it"
    assert told.project_id == scene.project.id


async def test_a_stop_that_its_worker_did_not_live_to_carry_out_ends_as_stopped(scene):
    number = await started(scene)
    assert await stop.stop(scene.hub, scene.actor, scene.project.id, number) == "stopping"
    await leases.sweep(later(scene.hub, LEASE * 1.1))
    assert await status(number) == "stopped"


async def test_sweeps_at_once_end_a_lost_task_once(scene):
    from hub.models import TaskMove

    number = await started(scene)
    hub = later(scene.hub, LEASE * 1.1)
    await asyncio.gather(*[leases.sweep(hub) for _ in range(6)])
    assert await TaskMove.filter(task_id=number, target="error").count() == 1


async def test_a_worker_that_lost_its_task_learns_of_it_when_it_renews(scene):
    number, other = await started(scene), await started(scene)
    await leases.sweep(later(scene.hub, LEASE * 1.1))
    assert await leases.renew(scene.hub, [number, other]) == {number, other}


async def test_a_worker_that_lost_its_task_writes_nothing_more(scene):
    number = await started(scene)
    subject = await subject_of(number)
    await leases.sweep(later(scene.hub, LEASE * 1.1))
    piece = Piece("too late", 1, scene.hub.clock())
    with pytest.raises(LeaseLost):
        await log.append(scene.hub, scene.project.id, number, 1, 1, piece)
    with pytest.raises(LeaseLost):
        await finish.add_own_result(scene.hub, number, "recap", {"late": True})
    with pytest.raises(LeaseLost):
        await finish.set_commit(scene.hub, number, "a" * 40, "late")
    assert not await finish.finish(scene.hub, subject, Outcome.success())
    assert not await finish.stopped(scene.hub, subject, "late")
    task = await Task.get(id=number)
    assert (task.status, task.log_lines, task.commit_hash) == ("error", 1, None)


async def test_no_other_worker_ends_a_task(scene):
    number = await started(scene)
    other = node(scene.hub, "somebody-else")
    assert not await finish.finish(other, await subject_of(number), Outcome.success())
    assert await status(number) == "running"


async def test_what_a_dead_worker_ran_is_ended_at_once_when_its_successor_starts(scene):
    number = await started(scene)
    assert await leases.recover(scene.hub, ["somebody-else"]) == 0
    assert await leases.recover(scene.hub, [scene.hub.node]) == 1
    task = await scene.task(number)
    assert (task["status"], task["reason"]) == ("error", leases.RESTARTED)


async def test_who_has_just_begun_to_sweep_gives_workers_time_to_be_heard(scene):
    """After a restart of the database or of everything, every lease is old, and most workers are alive."""
    number = await started(scene)
    await Task.filter(id=number).update(lease_until=scene.hub.clock() - LEASE)
    sweep = Sweep(scene.hub)
    await sweep.once()
    assert await status(number) == "running"
    await leases.renew(scene.hub, [number])
    await sweep.once()
    assert await status(number) == "running"


async def test_a_sweep_that_was_away_gives_that_time_again(scene):
    number = await started(scene)
    await leases.renew(later(scene.hub, 1000), [number])
    sweep = Sweep(scene.hub)

    async def once_at(seconds: float) -> str:
        sweep._hub = later(scene.hub, seconds)
        await sweep.once()
        return await status(number)

    for second in range(0, 30, 5):
        await once_at(second)
    await Task.filter(id=number).update(lease_until=scene.hub.clock())
    assert await once_at(300) == "running"
    for second in range(305, 320, 5):
        assert await once_at(second) == "running"
    assert await once_at(320) == "error"
