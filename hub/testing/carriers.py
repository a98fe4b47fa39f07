"""What a scaled-out hub stands on, for tests: a PostgreSQL database of its own and an empty Redis."""

from __future__ import annotations

import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from hub.db import schema
from hub.testing.databases import postgres
from hub.testing.redis_server import RedisServer
from hub.testing.tools import missing

SETUPS = ("embedded", "scaled")
"""SQLite and one process; PostgreSQL and Redis. The same tests are for both."""


@asynccontextmanager
async def scaled() -> AsyncIterator[dict[str, str]]:
    """Make the settings of a scaled-out hub; what was stored is gone afterwards."""
    redis = _redis()
    name = await postgres().create(template=await _migrated())
    redis.flush()
    try:
        yield {"database_url": postgres().url(name), "redis_url": redis.url}
    finally:
        await postgres().drop(name)


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


async def _migrated() -> str:
    """A database with today's tables: the history is walked once, not for each test."""
    if not _names:
        name = await postgres().create()
        await schema.upgrade(postgres().url(name))
        _names.append(name)
    return _names[0]


_names: list[str] = []
