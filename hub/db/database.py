"""The one open database of this process: the only place that initialises Tortoise."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base import executor
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from hub.db.address import Address, Dialect, read
from hub.errors import SettingsError, Unavailable

ALIAS = "default"
LABEL = "models"
MODELS = "hub.models"

for _name in ("aiosqlite", "asyncmy", "tortoise"):
    # At the level `debug` they would write every value of every statement into the hub's log.
    logging.getLogger(_name).setLevel(logging.INFO)

_open: Database | None = None


@dataclass(frozen=True, eq=False)
class Database:
    """An open database. Everything else in `hub.db` works on the one that is open."""

    address: Address
    context: TortoiseContext
    root: BaseDBAsyncClient
    """The connection or pool itself, whatever transaction is open."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL it speaks."""
        return self.address.dialect

    @property
    def client(self) -> BaseDBAsyncClient:
        """Where statements go: inside a unit its transaction, else the connection or pool."""
        found = self.context.connections.get(ALIAS)
        # A task that was started inside a unit still has that unit's transaction when it is long over.
        return self.root if getattr(found, "_finalized", False) else found

    async def close(self) -> None:
        """Close every connection; units that are under way end first."""
        global _open  # noqa: PLW0603 - one database per process is the point
        if _open is self:
            _open = None
        await self.context.close_connections()


async def open_database(url: str) -> Database:
    """Connect and bind the models. One database may be open per process; close it with `Database.close`."""
    global _open  # noqa: PLW0603 - one database per process is the point
    if _open is not None:
        raise RuntimeError("A database is open already. Close it before opening another.")
    address = read(url)
    # Tortoise keeps the SQL of a model per process, whatever the database.
    executor.EXECUTOR_CACHE.clear()
    context = TortoiseContext()
    config = {
        "connections": {ALIAS: connection_settings(address)},
        "apps": {LABEL: {"models": [MODELS], "default_connection": ALIAS}},
    }
    try:
        # The fallback makes the models usable in tasks that were not started from here, such as request handlers.
        with context:
            await context.init(config=config, use_tz=True, timezone="UTC", _enable_global_fallback=True)
        root = context.connections.get(ALIAS)
        await connect(root, address)
    except BaseException:
        await context.close_connections()
        raise
    _open = Database(address, context, root)
    return _open


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Database]:
    """`open_database`, closed at the end of the block."""
    opened = await open_database(url)
    try:
        yield opened
    finally:
        await opened.close()


def current() -> Database:
    """The open database."""
    if _open is None:
        raise RuntimeError("No database is open. Call open_database first.")
    return _open


def connection_settings(address: Address) -> dict[str, Any]:
    """What Tortoise's configuration holds for one connection."""
    return {"engine": address.engine, "credentials": dict(address.credentials)}


async def connect(client: BaseDBAsyncClient, address: Address) -> None:
    """Open the connection or pool now, so that a wrong address is told at once and nothing connects half-way later."""
    try:
        await client.create_connection(with_db=True)
    except (OSError, BaseORMException) as error:
        raise Unavailable(f"The {address.shown} does not answer: {str(error) or type(error).__name__}.") from error
    except Exception as error:
        # A driver's own errors (wrong password, no such database, not a database file) have no common class.
        if type(error).__module__.partition(".")[0] not in {"asyncpg", "asyncmy", "sqlite3"}:
            raise
        said = error.args[-1] if error.args else type(error).__name__  # some put a number before it
        raise SettingsError(f"The {address.shown} refused the connection: {said}.") from error
