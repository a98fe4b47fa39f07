"""How a worker is known, drained and ended: what runs goes on, what had not begun is handed back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.db import rows
from hub.errors import Forbidden, NotFound
from hub.models import Event, Task, TaskMove, Worker
from hub.services import workers
from hub.services.actor import SYSTEM, Actor
from hub.services.tasks import finish
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene, make_scene
from hub.worker import run as engine
from hub.worker.main import SHUTDOWN, dispatch_forever, work


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(hub, tmp_path) -> AsyncIterator[Scene]:
    """A project in a hub that dispatches, without a worker."""
    until_told = f"echo begun; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done\n"
    scene = await make_scene(hub, {"hello.sh": "echo hello\n", "until.sh": until_told})
    async with beside(dispatch_forever(hub)):
        yield scene


@asynccontextmanager
async def beside(*loops: Awaitable[Any]) -> AsyncIterator[list[asyncio.Future[Any]]]:
    running = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield running
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for what another task does; the limit only bounds a hang."""
    async with asyncio.timeout(60):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


async def only_worker(hub) -> dict[str, Any]:
    (found,) = await until(lambda: workers.list_workers(hub, SYSTEM))
    return found


async def test_a_worker_is_on_the_list_with_what_it_runs_until_it_ends(place, tmp_path):
    hub = place.hub
    async with beside(work(hub, tags=["gpu"], slots=3)):
        found = await only_worker(hub)
        assert (found["node"], found["tags"], found["slots"], found["state"]) == (hub.node, ["gpu"], 3, "on")
        number = await place.launch(await place.template("until.sh", runner_tag="gpu"))
        await place.until_line(number, "begun")
        (task,) = (await only_worker(hub))["tasks"]
        assert (task["id"], task["project_name"], task["tpl_alias"]) == (number, "Scene", "until.sh")
        (tmp_path / "go").touch()
        await place.until(number)
    assert await Worker.all().count() == 0


async def test_a_drained_worker_ends_what_it_runs_takes_nothing_new_and_may_take_tasks_again(place, tmp_path):
    hub = place.hub
    long, quick = await place.template("until.sh"), await place.template("hello.sh")
    async with beside(work(hub, slots=2)):
        running = await place.launch(long)
        await place.until_line(running, "begun")
        await workers.set_draining(hub, place.actor, hub.node, draining=True)
        later = await place.launch(quick)
        (tmp_path / "go").touch()
        assert (await place.until(running))["status"] == "success"
        await until(lambda: told(place, later, "Every worker is being drained."))
        assert (await only_worker(hub))["state"] == "draining"
        await workers.set_draining(hub, place.actor, hub.node, draining=False)
        assert (await place.until(later))["status"] == "success"
    said = await Event.filter(object_type="worker").order_by("id").values_list("description", flat=True)
    assert list(said) == [f"Worker {hub.node} takes no new tasks", f"Worker {hub.node} takes tasks again"]


async def told(place: Scene, number: int, reason: str) -> bool:
    return (await place.task(number)).get("reason") == reason


async def test_a_task_on_its_way_to_a_drained_worker_waits_on_its_lane(place):
    """It was let through before; the worker does not take it, and another one does, or the same when it may again."""
    hub, now = place.hub, place.hub.clock()
    number = await place.launch(await place.template("hello.sh"))
    await place.until(number, "starting")
    await Worker.create(
        node=hub.node, host="h", version="1", tags=[], slots=1, started=now, seen=now, draining=True
    )  # fmt: skip
    async with beside(work(hub, slots=1)):
        await until(lambda: Worker.filter(seen__gt=now).exists())
        assert await told(place, number, "Every worker is being drained.")
        await workers.set_draining(hub, place.actor, hub.node, draining=False)
        assert (await place.until(number))["status"] == "success"


async def test_a_worker_that_ends_hands_back_what_had_not_begun(place, monkeypatch):
    reached = asyncio.Event()

    async def dawdle(mirrors, run, io):
        reached.set()
        await run.halt.asked.wait()
        raise engine.Stopped

    hub = place.hub
    number = await place.launch(await place.template("hello.sh"))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "check_out_code", dawdle)
        async with beside(work(hub, slots=2)):
            await asyncio.wait_for(reached.wait(), 60)
    assert (await Task.get(id=number)).status in {"waiting", "starting"}  # a dispatcher may have it again already
    assert await TaskMove.filter(task_id=number, source="running", target="waiting").count() == 1
    async with beside(work(hub, slots=2)):
        assert (await place.until(number))["status"] == "success"
    assert finish.HANDED_BACK in await place.text(number)
    assert (await place.text(number)).endswith("hello")


async def test_a_worker_that_ends_stops_what_did_not_end_in_time(place):
    hub = place.hub
    number = await place.launch(await place.template("until.sh"))
    async with beside(work(hub, slots=2)):
        await place.until_line(number, "begun")
    task = await place.task(number)
    assert (task["status"], task["reason"]) == ("error", SHUTDOWN)


async def test_a_worker_lets_its_tasks_end_for_a_while(place, tmp_path):
    hub = place.hub
    number = await place.launch(await place.template("until.sh"))
    async with beside(work(hub, slots=2, drain=60)) as (working,):
        await place.until_line(number, "begun")
        working.cancel()
        await until(lambda: Worker.filter(draining=True).exists())
        (tmp_path / "go").touch()
        await asyncio.wait({working})
    assert (await place.task(number))["status"] == "success"


async def test_a_silent_worker_is_shown_as_lost_and_forgotten_later(hub):
    now = hub.clock()
    for node, age in (("fresh", 0 * workers.SILENT), ("silent", 2 * workers.SILENT), ("gone", 2 * workers.FORGOTTEN)):
        await Worker.create(node=node, host="h", version="1", tags=[], slots=1, started=now - age, seen=now - age)
    states = {one["node"]: one["state"] for one in await workers.list_workers(hub, SYSTEM)}
    assert states == {"fresh": "on", "silent": "lost", "gone": "lost"}
    await workers.forget_silent(hub)
    assert {row["node"] for row in await rows('SELECT "node" FROM "worker"')} == {"fresh", "silent"}


async def test_only_administrators_look_after_workers(hub):
    somebody = Actor("user", 7, "jo", "Jo")
    with pytest.raises(Forbidden):
        await workers.list_workers(hub, somebody)
    with pytest.raises(Forbidden):
        await workers.set_draining(hub, somebody, "any", draining=True)
    with pytest.raises(NotFound, match="There is no worker any"):
        await workers.set_draining(hub, SYSTEM, "any", draining=True)
