"""PostgreSQL for Tortoise: transactions that survive cancellation, and a pool without a needless round trip."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from hub.db.unbroken import unbroken


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg brings no types
    """A connection that we leave as we found it: no session locks, cursors, listeners or settings to reset."""

    def get_reset_query(self) -> str:
        """An open transaction is still rolled back on release; the four statements of the default are not needed."""
        return ""


class Client(AsyncpgDBClient):
    """A pool whose transactions never keep a connection for ever."""

    connection_class = Connection

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Many rows in one transaction of the kind that survives cancellation."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return Transaction(TransactionClient(self), self._pool_init_lock)


class TransactionClient(TransactionWrapper):
    """The connection while a transaction is open."""

    committed = False

    async def commit(self) -> None:
        """Remember that it landed."""
        await super().commit()
        self.committed = True

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(TransactionClient(self))


class Transaction(TransactionContextPooled):
    """Begins and ends without ever leaking a connection, whenever a cancellation or an error strikes."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        connection = await self._pool.acquire()
        self.client._connection = connection  # noqa: SLF001 - Tortoise's own name
        try:
            await self.client.begin()
        except BaseException:
            # Whether the server has begun is unknown, so this connection is not used again.
            connection.terminate()
            await unbroken(self._release())
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        await unbroken(self._end(kind))

    @property
    def _pool(self) -> Any:
        return self.client._parent._pool  # noqa: SLF001 - Tortoise's own names

    async def _end(self, kind: type[BaseException] | None) -> None:
        try:
            if kind is None:
                await self.client.commit()
            else:
                await self.client.rollback()
        finally:
            self.client._finalized = True  # noqa: SLF001 - Tortoise's own name
            await self._release()

    async def _release(self) -> None:
        await self._pool.release(self.client._connection)  # noqa: SLF001 - Tortoise's own name


client_class = Client
