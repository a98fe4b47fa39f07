"""What a scaled-out hub stands on, for tests: a database of its own on a server, and an empty Redis."""

from __future__ import annotations

import atexit
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from hub.testing.databases import migrated
from hub.testing.redis_server import RedisServer
from hub.testing.tools import missing

SETUPS = ("embedded", "scaled")
"""SQLite and one process; PostgreSQL and Redis. The same tests are for both."""
MARIADB = "mariadb"
"""MariaDB and Redis: for the tests of what is bound to a database's own ways."""

CHOSEN = "HUB_TEST_DATABASE"
"""The variable that has every test with a hub run on `postgres` or `mysql`, instead of SQLite."""


@asynccontextmanager
async def of(setup: str) -> AsyncIterator[dict[str, str]]:
    """Make the settings of a set-up."""
    chosen = embedded() if setup == SETUPS[0] else scaled("mysql" if setup == MARIADB else "")
    async with chosen as settings:
        yield settings


@asynccontextmanager
async def embedded() -> AsyncIterator[dict[str, str]]:
    """Make the settings of a hub in one process: none for SQLite."""
    chosen = os.environ.get(CHOSEN, "sqlite")
    if chosen == "sqlite":
        yield {}
        return
    async with migrated(chosen) as url:
        yield {"database_url": url}


@asynccontextmanager
async def scaled(dialect: str = "") -> AsyncIterator[dict[str, str]]:
    """Make the settings of a scaled-out hub; what was stored is gone afterwards."""
    redis = _redis()
    redis.flush()
    async with migrated(dialect or os.environ.get(CHOSEN, "postgres")) as url:
        yield {"database_url": url, "redis_url": redis.url}


@lru_cache(maxsize=1)
def _redis() -> RedisServer:
    """This process's Redis, started on first use."""
    try:
        server = RedisServer()
    except FileNotFoundError as error:
        missing(str(error))
        raise
    server.start()
    atexit.register(server.close)
    return server
