"""What a scaled-out hub stands on, for tests: a PostgreSQL database of its own and an empty Redis."""

from __future__ import annotations

import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from hub.testing.databases import migrated_postgres
from hub.testing.redis_server import RedisServer
from hub.testing.tools import missing

SETUPS = ("embedded", "scaled")
"""SQLite and one process; PostgreSQL and Redis. The same tests are for both."""


@asynccontextmanager
async def scaled() -> AsyncIterator[dict[str, str]]:
    """Make the settings of a scaled-out hub; what was stored is gone afterwards."""
    redis = _redis()
    redis.flush()
    async with migrated_postgres() as url:
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
