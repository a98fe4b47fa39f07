"""The database goes away, or takes nothing more, while a task runs: nothing is lost, and nobody restarts the hub."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.db import current, rows
from hub.felt import FELT
from hub.testing.aftermath import NOTE, aftermath
from hub.testing.booted import booted, working
from hub.testing.carriers import MARIADB, SETUPS
from hub.testing.databases import postgres, server_of
from hub.testing.scene import Scene, make_scene
from hub.worker import patience

LINES = 3000
SCRIPTS = {
    # Lines that do not compress, so that a database has to grow to take them.
    "talk.sh": NOTE.format('"$GATE.starts"') + 'echo begun; until [ -e "$GATE" ]; do sleep 0.05; done\n'
    f'head -c {LINES * 300} /dev/urandom | base64 -w 400 | tee "$GATE.copy"\n',
    "hello.sh": "echo hello\n",
}


class Faults(logging.Handler):
    """Tells when the hub has noticed that it could not store something."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.noticed = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "did not work yet" in record.getMessage():
            self.noticed.set()


@pytest.fixture
async def faults(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Faults]:
    """What the hub notices; it tries again soon."""
    monkeypatch.setattr(patience, "PAUSES", (0.1,) * 600)
    FELT.taken()  # what earlier tests of this process have met is none of these
    listener = Faults()
    logger = logging.getLogger("hub.worker.patience")
    logger.addHandler(listener)
    yield listener
    logger.removeHandler(listener)


@asynccontextmanager
async def stage(plugins: Any, **settings: Any) -> AsyncIterator[Scene]:
    async with booted(plugins=plugins, **settings) as hub:
        scene = await make_scene(hub, SCRIPTS)
        async with working(hub):
            yield scene


async def begun(scene: Scene, gate: Path) -> int:
    """Start a task that waits at a gate before it says the rest."""
    script = await scene.template(
        "talk.sh", name=gate.name, survey_vars=[{"name": "GATE", "title": "Gate", "target": "env"}]
    )
    number = await scene.launch(script, environment=f'{{"GATE": "{gate}"}}')
    await scene.until_line(number, "begun")
    return number


async def check_whole(scene: Scene, number: int, gate: Path, *, tells: str) -> None:
    """The task ended well, ran once, and its log has every line that it wrote; the hub goes on, and tells."""
    after = await aftermath(scene, gate.with_name(f"{gate.name}.starts"), [number])
    assert after.statuses[number] == "success"
    written = gate.with_name(f"{gate.name}.copy").read_text().splitlines()
    after.check({number: ["begun", *written]}, tells=tells)
    lines = after.logs[number]
    first = lines.index("begun") + 1
    assert lines[first : first + len(written)] == written


async def test_a_database_that_is_full_for_a_while_loses_no_line(plugins: Any, tmp_path: Path, faults: Faults) -> None:
    async with stage(plugins) as scene:
        for gate in (tmp_path / "first", tmp_path / "again"):
            number = await begun(scene, gate)
            (size,) = await rows("PRAGMA page_count")
            (free,) = await rows("PRAGMA freelist_count")
            await current().root.execute_script(f"PRAGMA max_page_count = {size['page_count'] + 8}")
            assert free["freelist_count"] < LINES * 300 / 4096  # else it would not have to grow
            gate.touch()
            async with asyncio.timeout(60):
                await faults.noticed.wait()
            await current().root.execute_script("PRAGMA max_page_count = 1000000000")
            await check_whole(
                scene, number, gate, tells=f"^The database had no room for what {scene.hub.node} wrote for"
            )
            faults.noticed.clear()


@pytest.mark.parametrize(("setup", "dialect"), [(SETUPS[1], "postgres"), (MARIADB, "mysql")])
async def test_a_database_server_that_is_restarted_loses_no_line_and_ends_no_task(
    plugins: Any, tmp_path: Path, faults: Faults, carriers: dict[str, Any], dialect: str
) -> None:
    server = await server_of(dialect)
    async with stage(plugins, **carriers) as scene:
        for gate in (tmp_path / "first", tmp_path / "again"):
            number = await begun(scene, gate)
            await server.interrupt()
            try:
                gate.touch()
                async with asyncio.timeout(60):
                    await faults.noticed.wait()
            finally:
                await server.resume()
            await check_whole(scene, number, gate, tells=f"^The database did not answer {scene.hub.node} for")
            faults.noticed.clear()


@pytest.mark.parametrize("setup", [SETUPS[1]])
async def test_a_database_that_refuses_writes_for_a_while_loses_no_line(
    plugins: Any, tmp_path: Path, faults: Faults, carriers: dict[str, Any]
) -> None:
    async with stage(plugins, **carriers) as scene:
        for gate in (tmp_path / "first", tmp_path / "again"):
            number = await begun(scene, gate)
            await postgres().refuse_writes()
            try:
                gate.touch()
                async with asyncio.timeout(60):
                    await faults.noticed.wait()
            finally:
                await postgres().take_writes()
            await check_whole(scene, number, gate, tells=f"^The database took nothing that {scene.hub.node} wrote for")
            faults.noticed.clear()
