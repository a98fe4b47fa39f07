"""What plugins hear of tasks, and what they may refuse."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Forbidden
from hub.models import Task
from hub.plugin import Outcome, hookimpl
from hub.registry import load
from hub.services import events
from hub.services.tasks import dispatch, finish
from hub.services.tasks.moves import subject_of
from hub.testing import inline_plugin
from hub.testing.booted import booted
from hub.testing.scene import make_scene

from .launching import start, variable
from .task_steps import claim


async def test_a_gate_refuses_a_launch_and_nothing_is_left_of_it():
    asked = []

    @hookimpl
    def hub_gate(request):
        asked.append(request)
        return "Changes are frozen." if request.branch != "hotfix" else None

    async with booted(plugins=_with(hub_gate)) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        template = await scene.template("hello.sh", survey_vars=[variable("p", type="secret"), variable("q")])
        with pytest.raises(Forbidden, match="Changes are frozen"):
            await start(scene, scene.actor, template, environment='{"p": "hunter2", "q": "1"}')
        assert await Task.all().count() == 0
        assert (asked[0].actor, asked[0].variables) == ("admin", {"q": "1"})
        assert "hunter" not in repr(asked)
        assert await start(scene, scene.actor, template, git_branch="hotfix")


async def test_plugins_hear_of_a_task_once_it_is_stored():
    heard: list[tuple[str, Any]] = []

    @hookimpl
    def hub_event(event):
        heard.append((event.name, dict(event.data)))

    async with booted(plugins=_with(hub_event)) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        template = await scene.template("hello.sh")
        task = await start(scene, scene.actor, template)
        await dispatch.admit(hub)
        await claim(hub, task.id)
        await finish.finish(hub, await subject_of(task.id), Outcome.failure(2))
        await events.settle()
    assert [name for name, _ in heard] == ["task.created", "task.starting", "task.running", "task.finished"]
    assert heard[-1][1] == {
        "status": "error", "template_id": template.id, "template_name": "hello.sh", "app": "bash",
    }  # fmt: skip


async def test_plugins_hear_nothing_of_what_was_rolled_back():
    heard: list[str] = []

    @hookimpl
    def hub_event(event):
        heard.append(event.name)

    async with booted(plugins=_with(hub_event)) as hub:
        from hub.db import unit
        from hub.services.tasks.moves import begin

        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        number = await scene.launch(await scene.template("hello.sh"))
        subject = await subject_of(number)

        async def fails() -> None:
            await begin(hub, scene.actor, subject)
            raise LookupError

        with pytest.raises(LookupError):
            await unit(fails)
        await events.settle()
    assert heard == ["task.created"]


async def test_the_end_of_the_hub_waits_until_plugins_have_heard_everything():
    heard: list[str] = []

    @hookimpl
    def hub_event(event):
        import time

        time.sleep(0.2)
        heard.append(event.name)

    async with booted(plugins=_with(hub_event)) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        await scene.launch(await scene.template("hello.sh"))
    assert heard == ["task.created"]


def _with(hook: Any):
    from hub import builtin

    return load(builtin=[*builtin.MODULES, inline_plugin(hook)])
