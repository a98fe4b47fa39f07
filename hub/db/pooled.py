"""Transactions on a connection of a pool that never leak it, whenever a cancellation or an error strikes."""

from __future__ import annotations

from abc import abstractmethod
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connections

from hub.db.unbroken import unbroken


class PooledTransaction(TransactionContextPooled):
    """Begins and ends; what each database does with a connection that cannot be trusted is told by its own class."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        connection = await self.taken()
        self.client._connection = connection  # noqa: SLF001 - Tortoise's own name
        try:
            await self.client.begin()
        except BaseException:
            # Whether the server has begun is unknown, so this connection is not used again.
            self.drop(connection)
            await unbroken(self._release())
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        await unbroken(self._end(kind))

    async def taken(self) -> Any:
        """Take a connection out of the pool."""
        return await self._pool.acquire()

    @abstractmethod
    def drop(self, connection: Any) -> None:
        """Cut a connection off, without asking the server."""

    def unsettled(self) -> None:
        """Look after a connection whose end of a transaction failed, before it goes back to the pool."""

    @property
    def _pool(self) -> Any:
        return self.client._parent._pool  # noqa: SLF001 - Tortoise's own names

    async def _end(self, kind: type[BaseException] | None) -> None:
        try:
            if kind is None:
                await self.client.commit()
            else:
                await self.client.rollback()
        except BaseException:
            self.unsettled()
            raise
        finally:
            self.client._finalized = True  # noqa: SLF001 - Tortoise's own name
            await self._release()

    async def _release(self) -> None:
        await self._pool.release(self.client._connection)  # noqa: SLF001 - Tortoise's own name
