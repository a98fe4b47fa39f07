"""SQLite for Tortoise: transactions that lock at once and survive cancellation, and reads that never wait for writes.

The name holds "sqlite" because Tortoise's migrations choose their dialect by the module of the client class.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from hub.db.address import MEMORY
from hub.db.quick import Quick
from hub.db.unbroken import unbroken
from hub.errors import Unavailable

CLOSE_AFTER = 10
"""Seconds that a closing database waits for the transaction that is under way."""


def _upper(text: Any) -> Any:
    return text.upper() if isinstance(text, str) else text


class Client(SqliteClient):
    """One connection that writes, and beside it two that read the last committed state.

    One of the two has a thread, for reads that take their time. The other one has none; it is tried first.
    """

    def __init__(self, file_path: str, **options: Any) -> None:
        super().__init__(file_path, **options)
        self._reader: aiosqlite.Connection | None = None
        self._quick: Quick | None = None

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - Tortoise's own signature
        """Open both connections; a new file can be read by its owner only."""
        if self.filename != MEMORY and self._connection is None:
            _create(Path(self.filename))
        await super().create_connection(with_db)
        if self.filename != MEMORY and self._reader is None:
            self._reader = await aiosqlite.connect(self.filename, isolation_level=None)
            self._reader.row_factory = sqlite3.Row
            await self._reader.execute(f"PRAGMA busy_timeout={int(self.pragmas.get('busy_timeout', 5000))}")
            await self._reader.execute("PRAGMA query_only=ON")
            self._quick = Quick(self.filename)
            self._quick.create_function("upper", _upper)
        for connection in (self._connection, self._reader):
            if connection is not None:  # SQLite's own knows the letters of English alone
                await connection.create_function("upper", 1, _upper, deterministic=True)

    async def close(self) -> None:
        """Let the transaction that is under way end, then stop both threads: they would keep the process alive."""
        try:
            async with asyncio.timeout(CLOSE_AFTER):
                await self._lock.acquire()
        except TimeoutError:
            self.log.warning("A transaction did not end in %d s; the database is closed without it.", CLOSE_AFTER)
        else:
            self._lock.release()
        reader, self._reader = self._reader, None
        quick, self._quick = self._quick, None
        try:
            if quick is not None:
                quick.close()
            if reader is not None:
                await reader.close()
        finally:
            await super().close()

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        """Reads outside of a transaction take the other connections."""
        if self._reader is None or not _reads(query):
            found: tuple[int, Sequence[Any]] = await super().execute_query(query, values)
            return found
        quick = await self._turned()
        rows = quick.rows(query, values or ()) if quick is not None else None
        if rows is None:
            rows = await self._read_slowly(query, values)
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Reads outside of a transaction take the other connections."""
        if self._reader is None or not _reads(query):
            found: list[dict[str, Any]] = await super().execute_query_dict(query, values)
            return found
        quick = await self._turned()
        dicts = quick.dicts(query, values or ()) if quick is not None else None
        return dicts if dicts is not None else [dict(row) for row in await self._read_slowly(query, values)]

    def version(self) -> str | None:
        """What is another one after every commit, whichever process made it; None when that is not known."""
        return self._quick.version() if self._quick is not None else None

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Many rows in one transaction of the kind that survives cancellation."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return Transaction(TransactionClient(self), self._lock)

    async def _turned(self) -> Quick | None:
        """Return the connection without a thread when it is its turn."""
        quick = self._quick
        if quick is not None:
            await quick.turn()
        return quick

    async def _read_slowly(self, query: str, values: list[Any] | None) -> list[sqlite3.Row]:
        assert self._reader is not None
        self.log.debug("%s: %s", query, values)
        try:
            return list(await self._reader.execute_fetchall(query, values or ()))
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class TransactionClient(SqliteTransactionWrapper):
    """The connection while a transaction is open."""

    committed = False

    async def begin(self) -> None:
        """Take the write lock now: a deferred transaction cannot wait for it later and fails instead."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"The database is busy: another process is writing to it ({error}). Try again."
            ) from error

    async def commit(self) -> None:
        """Remember that it landed."""
        await super().commit()
        self.committed = True

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        """Refuse a task that was started inside a transaction and outlived it: it would write into the next one."""
        if self._finalized:
            raise TransactionManagementError(
                "This transaction has ended. Start tasks that outlive a unit from on_commit, not from inside it."
            )
        return super().acquire_connection()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(TransactionClient(self))


class Transaction(SqliteTransactionContext):
    """Begins and ends without ever leaking the lock, whenever a cancellation or an error strikes."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException as error:
            try:
                if isinstance(error, asyncio.CancelledError):
                    # The BEGIN may still be on its way to the thread; the rollback goes behind it.
                    await unbroken(self.connection._connection.rollback())  # noqa: SLF001 - Tortoise's own name
            finally:
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        await unbroken(self._end(kind))

    async def _end(self, kind: type[BaseException] | None) -> None:
        try:
            if kind is None:
                await self.connection.commit()
            else:
                await self.connection.rollback()
        except BaseException:
            # A commit that fails (disk full, a deferred constraint) leaves the transaction open.
            await self.connection._connection.rollback()  # noqa: SLF001 - Tortoise's own name
            raise
        finally:
            self.connection._finalized = True  # noqa: SLF001 - Tortoise's own name
            self._trxlock.release()


def _reads(query: str) -> bool:
    return query.lstrip()[:6].upper() == "SELECT"


def _create(path: Path) -> None:
    """Make the file unless it is there. One that is there is never opened but by SQLite: whoever closes a file gives up
    the locks of the whole process on it, and another process then takes away the log that this one still writes.
    """  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


client_class = Client
