"""Hubs with executors written for one test, in a hub that works."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from hub import builtin
from hub.plugin import Capabilities, Executor, Outcome, TaskIO, TaskView, hookimpl
from hub.registry import Registry, load
from hub.testing import inline_plugin
from hub.testing.booted import booted, working
from hub.testing.scene import Scene, make_scene

Work = Callable[[TaskView, TaskIO], Awaitable[Outcome]]


def executor(work: Work, **capabilities: Any) -> Executor:
    """An executor named `made` that does this."""

    class Made(Executor):
        name = "made"
        title = "Made for a test"
        description = "It does what the test says."

        async def run(self, task: TaskView, params: Any, task_params: Any, io: TaskIO) -> Outcome:
            return await work(task, io)

    given = {"needs_repository": False, "needs_script": False, "approval": True} | capabilities
    Made.capabilities = Capabilities(**given)
    return Made()


def plugins_with(work: Work, **capabilities: Any) -> Registry:
    """All plugins, and one whose app `made` is that executor."""

    @hookimpl
    def hub_executors() -> list[Executor]:
        return [executor(work, **capabilities)]

    return load(builtin=[*builtin.MODULES, inline_plugin(hub_executors)])


@asynccontextmanager
async def stage_with(work: Work, **settings: Any) -> AsyncIterator[Scene]:
    """A working hub with that executor."""
    async with booted(plugins=plugins_with(work), **settings) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        async with working(hub):
            yield scene
