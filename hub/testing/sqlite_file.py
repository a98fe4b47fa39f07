"""An SQLite database with today's tables, for tests that begin with one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hub.db import schema

_migrated: list[bytes] = []


async def migrated_sqlite() -> bytes:
    """Return an empty database file: the history is walked once in a process, not for each test."""
    if not _migrated:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "empty.sqlite3"
            await schema.upgrade(f"sqlite://{file}")
            _migrated.append(_read(file))
    return _migrated[0]


async def place_database(path: Path) -> None:
    """Write such a file for a hub that shall begin with it, as the hub writes its own: for its user alone."""
    _write(path, await migrated_sqlite())


def _read(file: Path) -> bytes:
    return file.read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)
