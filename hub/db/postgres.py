"""PostgreSQL for Tortoise: transactions that survive cancellation, a pool without a needless round trip, plans."""

from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions

from hub.db.planning import is_planned_for_values
from hub.db.pooled import PooledTransaction


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

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[Any]]:
        """Run a statement; one that is planned for its values is not kept prepared."""
        if is_planned_for_values():
            found = await self._once(query, values or [])
            return len(found), found
        count, rows = await super().execute_query(query, values)
        return count, rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """Return rows as dicts, of a statement that is kept prepared only as above."""
        if is_planned_for_values():
            return [dict(one) for one in await self._once(query, values or [])]
        found: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        return found

    @translate_exceptions
    async def _once(self, query: str, values: list[Any]) -> list[Any]:
        async with self.acquire_connection() as connection:
            statement = await connection.prepare(query, name="")  # without a name, so that nothing is left to close
            return list(await statement.fetch(*values))

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


class Transaction(PooledTransaction):
    """A transaction of PostgreSQL; what a failed end leaves open, asyncpg rolls back on release."""

    def drop(self, connection: Any) -> None:
        """Cut a connection off, without asking the server."""
        connection.terminate()


client_class = Client
