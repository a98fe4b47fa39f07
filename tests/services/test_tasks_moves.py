"""The table of moves, and that nothing gets around it, also when many move one task at once. W-05."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from hub.db import unit
from hub.models import Event, Task, TaskMove
from hub.services.actor import SYSTEM
from hub.services.tasks import moves, states
from hub.services.tasks.moves import Move, subject_of
from hub.services.tasks.states import FINISHED, HELD, MOVES, UNFINISHED
from hub.testing.carriers import MARIADB, SETUPS

EVERY = sorted(MOVES)


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def moved(hub, task_id: int, target: str, **more: object) -> bool:
    subject = await subject_of(task_id)
    return await unit(lambda: moves.transition(hub, SYSTEM, subject, Move(target, **more)))


def test_the_table_speaks_of_every_status():
    assert set(EVERY) == FINISHED | UNFINISHED
    assert HELD < UNFINISHED
    assert all(targets <= set(EVERY) for targets in MOVES.values())


def test_what_is_finished_stays_so():
    assert all(not MOVES[status] for status in FINISHED)


def test_every_unfinished_status_leads_to_an_end():
    reaches = {status: set(MOVES[status]) for status in EVERY}
    for _ in EVERY:
        for found in reaches.values():
            found |= {further for status in found for further in MOVES[status]}
    assert all(reaches[status] & FINISHED for status in UNFINISHED)


async def test_each_pair_is_moved_or_refused_as_the_table_says(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    for source in EVERY:
        for target in EVERY:
            await Task.filter(id=number).update(status=source)
            assert await moved(scene.hub, number, target) is (target in MOVES[source])
            wanted = target if target in MOVES[source] else source
            assert (await Task.get(id=number)).status == wanted


async def test_a_move_may_be_narrowed_but_not_widened(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    assert not await moved(scene.hub, number, states.STARTING, only_from=[states.CONFIRMED])
    assert not await moved(scene.hub, number, states.SUCCESS, only_from=[states.WAITING])
    assert await moved(scene.hub, number, states.STARTING, only_from=[states.WAITING])


async def test_a_task_that_is_gone_is_moved_by_nobody(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    subject = await subject_of(number)
    await Task.filter(id=number).delete()
    assert not await unit(lambda: moves.transition(scene.hub, SYSTEM, subject, Move(states.STARTING)))


async def test_a_refused_move_leaves_no_trace(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    before = await TaskMove.all().count(), await Event.all().count()
    assert not await moved(scene.hub, number, states.SUCCESS, columns={"exit_code": 0})
    assert (await TaskMove.all().count(), await Event.all().count()) == before
    assert (await Task.get(id=number)).exit_code is None


@pytest.mark.parametrize("seed", range(6))
async def test_movers_at_random_never_leave_the_table_and_never_both_win(scene, seed):
    """The record of moves is one chain from `waiting` on, each link allowed, whoever moved at the same time."""
    number = await scene.launch(await scene.template("hello.sh"))
    choose = random.Random(seed)

    async def somebody() -> int:
        return sum([await moved(scene.hub, number, choose.choice(EVERY)) for _ in range(12)])

    wins = sum(await asyncio.gather(*[somebody() for _ in range(8)]))
    chain = await TaskMove.filter(task_id=number).order_by("id").values_list("source", "target")
    assert len(chain) == wins + 1
    assert chain[0] == ("", "waiting")
    for (_, before), (source, target) in pairwise(chain):
        assert source == before
        assert target in MOVES[source]
    assert (await Task.get(id=number)).status == chain[-1][1]


async def test_of_many_who_want_the_same_move_one_gets_it(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    won = await asyncio.gather(*[moved(scene.hub, number, states.STARTING) for _ in range(20)])
    assert sum(won) == 1
    assert await TaskMove.filter(task_id=number, target="starting").count() == 1


async def test_who_stands_on_a_task_keeps_others_from_moving_it(scene):
    """Between a look at the status and the move that follows from it, nobody else moves the task."""
    number = await scene.launch(await scene.template("hello.sh"))
    subject = await subject_of(number)
    looked, go = asyncio.Event(), asyncio.Event()

    async def stands() -> str:
        at = await moves.standing(number)
        looked.set()
        await go.wait()
        assert await moves.transition(scene.hub, SYSTEM, subject, Move(states.STARTING), at=at)
        return at.status

    standing = asyncio.create_task(unit(stands))
    await looked.wait()
    other = asyncio.create_task(moved(scene.hub, number, states.STOPPED))
    done, _ = await asyncio.wait({other}, timeout=0.2)
    assert not done
    go.set()
    assert await standing == "waiting"
    assert await other  # it saw `starting`, from which a stop is allowed
    assert await TaskMove.filter(task_id=number, source="starting", target="stopped").exists()
