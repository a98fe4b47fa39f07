"""A whole hub for tests: temporary folder, SQLite, in-process queue; with or without its loops running."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.boot import open_hub
from hub.context import Hub
from hub.db import schema
from hub.models import User
from hub.registry import Registry
from hub.services.actor import Actor
from hub.settings import Settings
from hub.worker.main import dispatch_forever, sweep_forever, work
from hub.worker.timer import fire_forever

PASSWORD = "changeme"  # noqa: S105 - of a hub that lives as long as a test


@asynccontextmanager
async def booted(*, plugins: Registry | None = None, **settings: Any) -> AsyncIterator[Hub]:
    """Open a hub on a fresh data folder; nothing runs in it yet. Settings may be given by name."""
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        data = Path(folder) / "data"
        given: dict[str, Any] = {
            "data_dir": data,
            "local_repository_roots": (data / "repositories",),
            "admin_password": PASSWORD,
            "stop_grace": 2,
        } | settings
        if "database_url" not in given:
            await _place_database(data / "hub.sqlite3")
        # Whoever gives a database gives one that is up to date, as `_place_database` does: its history is not read again.
        async with open_hub(Settings(**given), migrate=False, plugins=plugins) as hub:
            yield hub


async def _place_database(path: Path) -> None:
    """Begin with a copy of an up-to-date empty database: the history is walked once, not for each test."""
    if not _empty_database:
        with tempfile.TemporaryDirectory() as folder:
            await schema.upgrade(f"sqlite:///{folder}/empty.sqlite3")
            _empty_database.append(_read(folder))
    _write(path, _empty_database[0])


def _read(folder: str) -> bytes:
    return (Path(folder) / "empty.sqlite3").read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)


_empty_database: list[bytes] = []


@asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    """Run the loops of an embedded hub while the block lasts."""
    loops: Sequence[Callable[[], Awaitable[None]]] = (
        lambda: dispatch_forever(hub),
        lambda: sweep_forever(hub),
        lambda: fire_forever(hub),
        lambda: work(hub),
    )
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def administrator() -> Actor:
    """Return the first administrator as an actor."""
    user = await User.filter(admin=True).order_by("id").first()
    if user is None:
        raise LookupError("This hub has no administrator.")
    return Actor("user", user.id, user.username, user.name, admin=True)
