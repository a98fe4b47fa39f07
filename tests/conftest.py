"""Fixtures that every folder of tests uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.context import Hub
from hub.registry import Registry, load
from hub.registry.contain import Threads
from hub.registry.ledger import Ledger
from hub.testing import thrift
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


@pytest.fixture(scope="session", autouse=True)
def remembered() -> Iterator[None]:
    """Libraries compute once what is the same for all hubs of a process."""
    with thrift.remembered():
        yield


@pytest.fixture(autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hashes of passwords cost next to nothing; what the real ones cost is shown where they are tested."""
    with thrift.cheap_hashes():
        yield


@pytest.fixture(scope="session")
def discovered() -> Registry:
    """Discover the plugins once: it takes longer than most tests."""
    from hub import builtin

    return load(builtin=builtin.MODULES)


@pytest.fixture
def plugins(discovered: Registry) -> Registry:
    """The plugins, with nothing noted about them by an earlier test."""
    return replace(discovered, ledger=Ledger(), _threads=Threads(), _panels={})


@pytest.fixture
def setup() -> str:
    """The set-up that hubs of a test have; modules that are for both have `both_setups` say so."""
    return "embedded"


@pytest.fixture
async def carriers(setup: str) -> AsyncIterator[dict[str, Any]]:
    """Settings of the set-up: none for SQLite and one process; a fresh database and Redis for `scaled`."""
    from hub.testing.carriers import of

    async with of(setup) as settings:
        yield settings


@pytest.fixture
async def hub(plugins: Registry, carriers: dict[str, Any]) -> AsyncIterator[Hub]:
    """A hub with nothing running in it."""
    async with booted(plugins=plugins, **carriers) as one:
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


@pytest.fixture
async def served(stage):
    """The same, behind a real web server."""
    from .web.live_server import live_server

    async with live_server(stage.hub) as one:
        yield one


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a fresh certificate for this machine and of its key."""
    from .web.certificates import write_certificate

    return write_certificate(tmp_path)


@pytest.fixture
async def furnished(stage) -> int:
    """A project with one of everything in that hub, made as people make it, with every member that it may have."""
    from .web.backup_project import furnished

    return await furnished(stage.hub, stage.actor)


@pytest.fixture
async def every_address(scene) -> list[str]:
    """The addresses of all pages that are read, in a project that has one of everything they show."""
    from .web.addresses import every_address

    return await every_address(scene)
