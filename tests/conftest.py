"""Fixtures that every folder of tests uses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.context import Hub
from hub.registry import Registry, load
from hub.testing.booted import booted, working

SCRIPTS = {
    "hello.sh": "echo hello\n",
    "fail.sh": "echo it goes wrong; exit 3\n",
    "wait.sh": "echo begun; exec sleep 300\n",
    "stubborn.sh": "trap '' TERM\necho begun\nwhile true; do sleep 0.1; done\n",
    "four_hundred.sh": "seq 1 400\n",
    "arguments.sh": 'for one in "$@"; do echo "<$one>"; done\n',
    "environment.sh": "env | sort\n",
}


@pytest.fixture(scope="session")
def plugins() -> Registry:
    """Discover the plugins once."""
    from hub import builtin

    return load(builtin=builtin.MODULES)


@pytest.fixture
async def hub(plugins: Registry) -> AsyncIterator[Hub]:
    """An embedded hub, with nothing running in it."""
    async with booted(plugins=plugins) as one:
        yield one


@pytest.fixture
async def scene(hub: Hub):
    """A project with scripts; nothing runs."""
    from hub.testing.scene import make_scene

    return await make_scene(hub, SCRIPTS)


@pytest.fixture
async def stage(scene):
    """A project with scripts in a hub that works."""
    async with working(scene.hub):
        yield scene
