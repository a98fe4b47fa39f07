"""How many finished tasks are kept, and that everything of the others goes. W-29."""

from __future__ import annotations

import pytest

from hub.errors import NotFound
from hub.models import Task, TaskChunk, TaskMove, TaskResult
from hub.services import artifacts
from hub.services.tasks import dispatch, finish
from hub.testing.booted import booted
from hub.testing.carriers import SETUPS
from hub.testing.scene import make_scene

from .task_steps import run, status


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def keeping(plugins, carriers):
    """A project in a hub that keeps two tasks of each template."""
    async with booted(plugins=plugins, max_tasks_per_template=2, **carriers) as hub:
        yield await make_scene(hub, {"hello.sh": "echo hello\n"})


async def test_what_still_runs_is_kept_however_old(keeping, tmp_path):
    hub, scene = keeping.hub, keeping
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(6)]
    await dispatch.admit(hub)
    for number in numbers[2:]:
        await run(hub, number)
    assert await Task.all().order_by("id").values_list("id", flat=True) == [
        *numbers[:2], *numbers[-2:]
    ]  # fmt: skip
    assert await status(numbers[0]) == "starting"


async def test_logs_results_moves_and_artifacts_go_with_their_task(keeping, tmp_path):
    hub, scene = keeping.hub, keeping
    file = tmp_path / "plan"
    file.write_text("the plan")
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(3)]
    await dispatch.admit(hub)
    for number in numbers:
        await artifacts.keep(hub, number, "plan", file)
        await finish.add_result(hub, number, "recap", {"ok": 1})
        await run(hub, number)
    for model in (TaskChunk, TaskMove, TaskResult):
        assert set(await model.all().values_list("task_id", flat=True)) == set(numbers[1:])
    with pytest.raises(NotFound):
        await artifacts.fetch(hub, [numbers[0]], "plan", tmp_path / "back")
    await artifacts.fetch(hub, [numbers[0], numbers[1]], "plan", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "the plan"


async def test_other_templates_keep_theirs(keeping):
    hub, scene = keeping.hub, keeping
    other = await scene.launch(await scene.template("hello.sh", name="other"))
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    numbers = [await scene.launch(template) for _ in range(3)]
    await dispatch.admit(hub)
    for number in (other, *numbers):
        await run(hub, number)
    assert set(await Task.all().values_list("id", flat=True)) == {other, *numbers[1:]}
