"""The steps of a task's life, taken by hand: what a worker does, without a worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.context import Hub
from hub.models import Task
from hub.plugin import Outcome
from hub.services.log import Piece
from hub.services.tasks import dispatch, finish, leases
from hub.services.tasks.leases import Claimed
from hub.services.tasks.moves import subject_of
from hub.testing.scene import Scene


def node(hub: Hub, name: str) -> Hub:
    """The same hub, seen from another worker."""
    return replace(hub, node=name)


def later(hub: Hub, span: timedelta | float) -> Hub:
    """The same hub, some time from now."""
    ahead = span if isinstance(span, timedelta) else timedelta(seconds=span)
    return replace(hub, clock=lambda: hub.clock() + ahead)


def one_line(claimed: Claimed) -> Piece:
    return Piece("begun", 1, claimed.created)


async def claim(hub: Hub, task_id: int) -> bool:
    return await leases.claim(hub, task_id, one_line) is not None


async def run(hub: Hub, task_id: int, outcome: Outcome | None = None) -> None:
    """Claim an admitted task and end it."""
    assert await claim(hub, task_id)
    subject = await subject_of(task_id)
    assert subject is not None
    assert await finish.finish(hub, subject, outcome or Outcome.success())


async def started(scene: Scene, **members: object) -> int:
    """A task that this hub has claimed."""
    number = await scene.launch(await scene.template("hello.sh", allow_parallel_tasks=True), **members)
    await dispatch.admit(scene.hub)
    assert await claim(scene.hub, number)
    return number


async def status(task_id: int) -> str:
    return (await Task.get(id=task_id)).status


async def statuses(*task_ids: int) -> list[str]:
    return [await status(number) for number in task_ids]
