"""What a reader of all tasks is told, and in which order, however the worker's writes fall between its looks."""

from __future__ import annotations

from typing import Any

import pytest

from hub.services import watching
from hub.services.tasks import dispatch
from hub.services.tasks.moves import topic
from hub.testing.carriers import MARIADB, SETUPS

from .task_steps import claim


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_claim_between_two_looks_at_a_task_tells_no_move_before_the_first_lines(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watching.Watcher(scene.hub, scene.actor)
    await watcher.begin()
    assert await watcher.still_allowed()
    number = await scene.launch(await scene.template("hello.sh"))
    await dispatch.admit(scene.hub)
    look, claimed = watching.rows, False

    async def looked(*asked: Any, **more: Any) -> Any:
        nonlocal claimed
        found = await look(*asked, **more)
        if not claimed:
            claimed = await claim(scene.hub, number) is not None
        return found

    monkeypatch.setattr(watching, "rows", looked)
    told = []
    for _ in range(2):
        news = watcher.news([topic(scene.project.id, number)])
        told += [one["status"] if one["type"] == "update" else "a line" async for one in news]
    assert told == ["waiting", "starting", "a line", "running"]
