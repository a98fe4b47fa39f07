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
from hub.models import User
from hub.registry import Registry
from hub.services.actor import Actor
from hub.settings import Settings
from hub.testing.sqlite_file import place_database
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
            await place_database(Path(given["data_dir"]) / "hub.sqlite3")
        # Whoever gives a database gives one that is up to date, as this one is: the history is not read again.
        async with open_hub(Settings(**given), migrate=False, plugins=plugins) as hub:
            yield hub


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
