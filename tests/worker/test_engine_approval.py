"""A task that asks a person: parked without a worker, run again with its state, also after a restart. W-02, W-04."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hub.models import Task, TaskMove
from hub.plugin import Outcome, Refused
from hub.services.listing import Asked
from hub.services.tasks import read, stop
from hub.testing.booted import booted, working
from hub.testing.carriers import SETUPS
from hub.testing.scene import make_scene

from .engine_plugins import plugins_with, stage_with

APPROVAL = Asked(filters={"kind": "approval"})
STAGES = Asked(filters={"kind": "stages"})


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def plan_then_apply(task: Any, io: Any) -> Outcome:
    """Pass one keeps a file and asks; pass two brings the very same file back."""
    if task.resumed is None:
        await io.stage("plan")
        plan = io.workspace / "plan"
        plan.write_text(f"plan of task {task.id}")
        await io.keep(plan, "plan")
        await io.log("planned")
        return Outcome.awaiting("Apply the plan?", {"add": 2}, {"file": "plan", "odd": ["a\0b", 1, None]})
    await io.stage("apply")
    fetched = await io.fetch(task.resumed["file"])
    await io.log(f"applied: {fetched.read_text()}")
    await io.log(f"state: {task.resumed['odd']}")
    return Outcome.success()


def place(scene: Any, number: int) -> tuple[Any, ...]:
    return scene.hub, scene.actor, scene.project.id, number


async def asked(scene: Any) -> int:
    number = await scene.launch(await scene.template("", name="approved", app="made", allow_parallel_tasks=True))
    await scene.until(number, "waiting_confirmation")
    return number


async def test_a_confirmed_task_goes_on_with_what_its_first_pass_kept(carriers):
    async with stage_with(plan_then_apply, **carriers) as scene:
        number = await asked(scene)
        task = await scene.task(number)
        assert task["question"] == "Apply the plan?"
        assert "end" not in task
        assert (await read.results_of(scene.actor, scene.project.id, number, APPROVAL))[0]["data"] == {"add": 2}
        await stop.confirm(*place(scene, number))
        after = await scene.until(number)
        assert after["status"] == "success"
        assert after["start"] == task["start"]  # W-09
        lines = await scene.lines(number)
        assert lines == [
            f"Task approved {number} added to queue", f"Started: {number}", "Run TaskRunner with template: approved",
            "planned", f"Started: {number}", "Run TaskRunner with template: approved",
            f"applied: plan of task {number}", "state: ['ab', 1, None]",
        ]  # fmt: skip
        targets = await TaskMove.filter(task_id=number).order_by("id").values_list("target", "actor")
        assert targets == [
            ("waiting", "admin"), ("starting", "system"), ("running", "system"), ("waiting_confirmation", "system"),
            ("confirmed", "admin"), ("starting", "system"), ("running", "system"), ("success", "system"),
        ]  # fmt: skip
        stages = await read.results_of(scene.actor, scene.project.id, number, STAGES)
        assert [one["data"]["stages"][0]["name"] for one in stages] == ["plan", "apply"]
        assert [one["data"]["stages"][0]["first_line"] for one in stages] == [3, 6]


async def test_a_rejected_task_never_runs_again(carriers):
    async with stage_with(plan_then_apply, **carriers) as scene:
        number = await asked(scene)
        await stop.reject(*place(scene, number))
        assert (await scene.until(number))["status"] == "error"
        assert "planned" in await scene.lines(number)
        assert not [line for line in await scene.lines(number) if line.startswith("applied")]


async def test_parked_tasks_leave_their_places_to_others(carriers):
    async with stage_with(plan_then_apply, max_parallel_tasks=1, **carriers) as scene:
        parked = [await asked(scene) for _ in range(3)]
        assert (await scene.run(await scene.template("hello.sh")))["status"] == "success"
        for number in parked:
            await stop.confirm(*place(scene, number))
        assert [(await scene.until(number))["status"] for number in parked] == ["success"] * 3


async def test_a_template_without_parallel_tasks_waits_for_the_answer(carriers):
    async with stage_with(plan_then_apply, **carriers) as scene:
        template = await scene.template("", name="single", app="made")
        first = await scene.launch(template)
        await scene.until(first, "waiting_confirmation")
        second = await scene.launch(template)
        await asyncio.sleep(0.2)
        assert (await scene.task(second))["status"] == "waiting"
        await stop.confirm(*place(scene, first))
        await scene.until(first)
        await scene.until(second, "waiting_confirmation")


async def test_an_answer_outlives_the_worker(carriers):
    """Nothing of a parked task is in a process: the worker that asked ends, and another goes on."""
    plugins = plugins_with(plan_then_apply)
    async with booted(plugins=plugins, **carriers) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        async with working(hub):
            number = await asked(scene)
        await stop.confirm(*place(scene, number))
        successor = replace(hub, node="the-next-one-0001")
        async with working(successor):
            assert (await scene.until(number))["status"] == "success"


async def test_confirming_at_once_never_mixes_the_two_passes(carriers):
    """The first pass may still be clearing up when the second begins on the same worker."""
    async with stage_with(plan_then_apply, **carriers) as scene:

        async def one() -> str:
            number = await asked(scene)
            await stop.confirm(*place(scene, number))
            return (await scene.until(number))["status"]

        assert await asyncio.gather(*[one() for _ in range(12)]) == ["success"] * 12
        assert await Task.filter(lease_owner__isnull=False).count() == 0


async def test_what_no_store_has_is_told_in_a_sentence(carriers):
    async def fetches(task: Any, io: Any) -> Outcome:
        with pytest.raises(Refused, match="no artifact named plan"):
            await io.fetch("plan")
        await io.fetch("../../../etc/passwd")
        return Outcome.success()

    async with stage_with(fetches, **carriers) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        assert task["status"] == "error"
        assert "no name for an artifact" in task["reason"]
        assert not (scene.hub.settings.data_dir.parent / "etc").exists()
