"""Stages are known while a task runs, and cost a short one nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import Invalid
from hub.models import TaskResult
from hub.plugin import Outcome
from hub.services import log_sieve
from hub.services.log_sieve import Part
from hub.services.tasks import stages, stop
from hub.services.tasks.stages import stages_of
from hub.testing.scene import Scene
from hub.worker import stages as told

from .engine_plugins import stage_with


async def until_told(scene: Scene, number: int, names: list[str]) -> None:
    """Wait until these stages are known."""
    async with asyncio.timeout(60), scene.hub.bell.listen(stages.topic(number)) as ears:
        while [one.name for one in await stages_of(scene.actor, scene.project.id, number)] != names:
            await ears.wait(5)


async def test_a_stage_is_told_while_it_runs_and_every_pass_keeps_one_list(
    monkeypatch: pytest.MonkeyPatch, carriers: dict[str, Any]
) -> None:
    monkeypatch.setattr(told, "PATIENCE", 0.0)
    go_on = asyncio.Event()

    async def work(task: Any, io: Any) -> Outcome:
        await io.stage("apply" if task.resumed else "plan")
        await io.log("first line")
        await go_on.wait()
        go_on.clear()
        await io.stage("outputs")
        await go_on.wait()
        go_on.clear()
        return Outcome.success() if task.resumed else Outcome.awaiting("Go on?", {}, {"yes": True})

    async with stage_with(work, **carriers) as scene:
        number = await scene.launch(await scene.template("", name="x", app="made"))
        await until_told(scene, number, ["plan"])
        (first,) = await stages_of(scene.actor, scene.project.id, number)
        assert (first.end, first.first_line) == (None, 3)
        with pytest.raises(Invalid):
            await log_sieve.lines_of(number, Part(stage=2), start=None, up=False, limit=10)
        go_on.set()
        await until_told(scene, number, ["plan", "outputs"])
        first, second = await stages_of(scene.actor, scene.project.id, number)
        assert first.end == second.start
        shown = await log_sieve.lines_of(number, Part(stage=1), start=None, up=False, limit=10)
        assert [text for _, _, text in shown.lines] == ["first line"]
        go_on.set()
        await scene.until(number, "waiting_confirmation")
        assert all(one.end for one in await stages_of(scene.actor, scene.project.id, number))

        await stop.confirm(scene.hub, scene.actor, scene.project.id, number)
        await until_told(scene, number, ["plan", "outputs", "apply"])
        go_on.set()
        await until_told(scene, number, ["plan", "outputs", "apply", "outputs"])
        go_on.set()
        await scene.until(number)
        assert all(one.end for one in await stages_of(scene.actor, scene.project.id, number))
        assert await TaskResult.filter(task_id=number, kind="stages").count() == 2


async def test_a_short_task_tells_its_stages_with_its_end_alone(
    monkeypatch: pytest.MonkeyPatch, carriers: dict[str, Any]
) -> None:
    monkeypatch.setattr(told, "PATIENCE", 3600.0)

    async def never(*given: Any) -> None:
        raise AssertionError("stages were stored by themselves")

    monkeypatch.setattr(stages, "tell", never)

    async def work(task: Any, io: Any) -> Outcome:
        await io.stage("init")
        await io.stage("play")
        return Outcome.success()

    async with stage_with(work, **carriers) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        assert [one.name for one in await stages_of(scene.actor, scene.project.id, task["id"])] == ["init", "play"]


async def test_stages_told_twice_since_an_answer_was_lost_are_there_once(carriers: dict[str, Any]) -> None:
    data = {"stages": [{"name": "odd", "start": "2026-01-01T00:00:00+00:00", "end": None, "first_line": 1}]}

    async def work(task: Any, io: Any) -> Outcome:
        for _ in range(2):
            await stages.tell(scene.hub, task.id, data)
        return Outcome.success()

    async with stage_with(work, **carriers) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        (one,) = await stages_of(scene.actor, scene.project.id, task["id"])
        assert (one.name, one.first_line) == ("odd", 1)
