"""A run that waits for hosts: it says for which task, goes on when they are free, and gives up when told to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hub.models import NodeLock, Task
from hub.plugin import Refused, Stopped
from hub.services.log import Piece
from hub.services.tasks import brief as briefs
from hub.services.tasks import dispatch, leases
from hub.services.tasks.leases import Claimed
from hub.testing.scene import Scene
from hub.worker.live_hosts import LiveHosts


class Lines:
    """Remembers lines."""

    def __init__(self) -> None:
        self.all: list[str] = []

    async def line(self, text: str) -> None:
        self.all.append(text)


def greeting(claimed: Claimed) -> Piece:
    return Piece("begun", 1, claimed.created)


async def running(scene: Scene, **changes: Any) -> LiveHosts:
    """The hosts of a task that this hub has claimed."""
    number = await scene.launch(await scene.template("hello.sh", allow_parallel_tasks=True))
    await dispatch.admit(scene.hub)
    assert await leases.claim(scene.hub, number, greeting) is not None
    brief = replace(await briefs.load(scene.hub, number), **changes)
    return LiveHosts(scene.hub, brief, Lines(), asyncio.Event())  # type: ignore[arg-type]  # it only writes lines


async def waiting(hosts: LiveHosts, names: list[str]) -> asyncio.Task[None]:
    """Begin to hold them, and return once it waits."""
    work = asyncio.create_task(hosts.hold(names))
    async with asyncio.timeout(30):
        while not (await Task.get(id=hosts.brief.task_id)).reason:
            await asyncio.sleep(0.01)
    return work


async def test_it_waits_goes_on_when_the_host_is_free_and_lets_go_at_its_end(scene: Scene) -> None:
    first, second = await running(scene), await running(scene)
    await first.hold(["w1", "w2"])
    work = await waiting(second, ["w2"])
    sentence = f"Host w2 is used by task {first.brief.task_id}."
    assert (await Task.get(id=second.brief.task_id)).reason == sentence
    assert second.notes.all == [f"{sentence} This task waits for it."]
    await first.release()
    async with asyncio.timeout(30):
        await work
    assert (await Task.get(id=second.brief.task_id)).reason == ""
    await second.hold(["w2"])
    await second.release()
    assert not await NodeLock.filter(name__startswith="host:").exists()


async def test_it_gives_up_when_it_is_stopped_and_when_its_template_lets_it_wait_no_longer(scene: Scene) -> None:
    first, second = await running(scene), await running(scene)
    await first.hold(["w1"])
    work = await waiting(second, ["w1"])
    second.halted.set()
    with pytest.raises(Stopped):
        async with asyncio.timeout(30):
            await work
    third = await running(scene, queue_limit=0.01)
    with pytest.raises(Refused, match="as long as its template lets it wait"):
        async with asyncio.timeout(30):
            await third.hold(["w1", "w3"])
    assert not await NodeLock.filter(owner=f"task:{third.brief.task_id}").exists()
    await first.release()
