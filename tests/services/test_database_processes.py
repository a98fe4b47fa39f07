"""Several processes on one SQLite file: none of them takes away what another one writes."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

from hub.db import database, schema
from hub.models import Option

_LOOK = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1])) as other:
    print(other.execute('SELECT COUNT(*) FROM "option"').fetchone()[0])
"""


async def seen_by_another(path: Path) -> int:
    """Return how many options a process of its own finds, which then closes the file."""
    looking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LOOK, str(path), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await looking.communicate()
    return int(told)


async def test_asking_how_the_tables_stand_leaves_the_file_to_those_who_have_it_open(tmp_path):
    path = tmp_path / "hub.db"
    url = f"sqlite://{path}"
    await schema.upgrade(url)
    async with database(url):
        for number in range(1, 4):
            await schema.check(url)  # opens the file beside the database, and closes it
            await Option.create(key=f"key {number}", value="")
            assert await seen_by_another(path) == number  # thinks that nobody else has it open, if no lock is left
            assert Path(f"{path}-wal").stat().st_size, "another process took the log away that this one writes"
    assert not Path(f"{path}-wal").exists()
    with sqlite3.connect(path) as whole:
        assert whole.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    whole.close()
