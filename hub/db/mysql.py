"""MariaDB and MySQL for Tortoise: sessions that behave as elsewhere, and transactions that survive cancellation.

The name holds "mysql" because Tortoise's migrations choose their dialect by the module of the client class.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import asyncmy
from asyncmy import errors
from asyncmy.constants import CLIENT, CR, ER
from asyncmy.converters import conversions, escape_datetime
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionContext,
)
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

from hub.db.pooled import PooledTransaction
from hub.db.trouble import Silent

CLOSE_AFTER: Final = 10
"""Seconds that a closing database waits for what is under way."""

COLLATIONS: Final = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin")
"""MariaDB's and MySQL's order of texts by the numbers of their letters, in which a space at the end counts too."""

_MODES: Final = (
    # Names in double quotes, || joins texts, and what does not fit is refused instead of cut.
    "ANSI_QUOTES,PIPES_AS_CONCAT,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)
_SESSION: Final = (
    # The driver writes this behind "SET sql_mode=", so that a session is set up in one statement.
    f"'{_MODES}', time_zone='+00:00', collation_connection=IF(VERSION() LIKE '%MariaDB%', '{{}}', '{{}}')".format(
        *COLLATIONS
    )
)
_ISOLATION: Final = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
"""What PostgreSQL has unless told otherwise, and what every compare-and-set of the services counts on."""


def _utc(moment: datetime, mapping: dict[Any, Any] | None = None) -> str:
    """Write a moment as UTC, which all columns hold; the driver would leave its zone out."""
    plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo is not None else moment
    return str(escape_datetime(plain, mapping))


def session(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The driver's settings for a connection of the hub's, whoever opens it."""
    given = dict(credentials)
    if (tls := _tls(given.pop("ssl_mode", None), given.pop("ssl_ca", None))) is not None:
        given["ssl"] = tls
    return {
        **given,
        "charset": "utf8mb4",
        "autocommit": True,
        "sql_mode": _SESSION,
        "init_command": _ISOLATION,
        "binary_prefix": True,
        "client_flag": CLIENT.FOUND_ROWS,  # an UPDATE counts the rows that it found, not those that it made different
        "conv": {**conversions, datetime: _utc},
    }


def _tls(mode: str | None, authorities: str | None) -> ssl.SSLContext | None:
    if mode is None and authorities is None:
        return None
    context = ssl.create_default_context(cafile=authorities)
    context.check_hostname = mode == "verify_identity" or mode is None
    if mode == "required":
        context.verify_mode = ssl.CERT_NONE
    return context


def plain(error: BaseException) -> str:
    """What the server said, without the number that the driver puts before it."""
    return str(error.args[-1]) if error.args else type(error).__name__


def translated(error: errors.Error) -> Exception:
    """Return Tortoise's name for an error of the driver."""
    number = error.args[0] if error.args else None
    if isinstance(error, errors.IntegrityError) or number == ER.CONSTRAINT_FAILED:
        return IntegrityError(error)
    return OperationalError(error)


def has_number(error: BaseException | None, *numbers: int) -> bool:
    """Whether an error, or the one that it was made of, has one of the server's numbers."""
    while error is not None:
        first = error.args[0] if error.args else None
        if isinstance(error, errors.Error) and first in numbers:
            return True
        error = first if isinstance(first, errors.Error) else error.__cause__
    return False


@asynccontextmanager
async def usable(connection: Any) -> AsyncIterator[None]:
    """Let a connection go that is lost: the pool would hand it out once more before it notices."""
    try:
        yield
    except errors.Error as error:
        if has_number(error, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.NET_PACKET_TOO_LARGE):
            connection.close()
        raise


@asynccontextmanager
async def answered(seconds: float | None) -> AsyncIterator[None]:
    """Wait no longer for the server's answer. The driver's own limit loses cancellations on Python 3.11."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Silent(f"The database did not answer within {seconds:g} s.") from None


class _Statements(MySQLClient):
    """Statements whose every error has Tortoise's name: those of a lost connection, too."""

    command_timeout: float | None = None
    """Seconds that a statement may take."""

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return int((await self._said(query, values)).lastrowid)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[dict[str, Any]]]:
        if not query:  # what Tortoise makes of an update that sets nothing; the server refuses to do nothing
            return 0, []
        cursor = await self._said(query, values)
        found = await cursor.fetchall()
        if not found:
            return cursor.rowcount, []
        names = [column[0] for column in cursor.description]
        return cursor.rowcount, [dict(zip(names, row, strict=True)) for row in found]

    async def execute_script(self, query: str) -> None:
        await self._said(query, None)

    async def _said(self, query: str, values: list[Any] | None) -> Any:
        try:
            async with self.acquire_connection() as connection, usable(connection), connection.cursor() as cursor:
                self.log.debug("%s: %s", query, values)
                async with answered(self.command_timeout):
                    await cursor.execute(query, values)
                return cursor
        except errors.Error as error:
            self._failed(error)
            raise translated(error) from error

    def _failed(self, error: errors.Error) -> None:
        """Take notice of an error."""


class Client(_Statements):
    """A pool whose transactions never keep a connection for ever."""

    collation = ""
    """The one that new tables get."""

    def __init__(self, *, command_timeout: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.command_timeout = command_timeout

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001 - Tortoise's own signature
        """Open the pool; who does not answer and who refuses are told apart."""
        if self._pool is not None:
            return
        self._template = session({
            "host": self.host, "port": self.port, "user": self.user, "password": self.password or "",
            "database": self.database if with_db else None, "minsize": self.pool_minsize,
            "maxsize": self.pool_maxsize,
            **{name: value for name, value in self.extra.items() if name != "sql_mode"},
        })  # fmt: skip
        try:
            self._pool = await asyncmy.create_pool(**self._template)
        except errors.OperationalError as error:
            if has_number(error, *_REFUSALS):
                raise
            raise DBConnectionError(plain(error)) from error
        _, found = await self.execute_query("SELECT @@collation_connection AS name")
        self.collation = found[0]["name"]

    async def close(self) -> None:
        """Let what is under way end and give its connections back, for a while; then close them all."""
        pool = self._pool
        if pool is None:
            return
        pool.close()
        try:
            async with asyncio.timeout(CLOSE_AFTER):
                await pool.wait_closed()
        except TimeoutError:
            self.log.warning("A statement did not end in %d s; the database is closed without it.", CLOSE_AFTER)
            pool.terminate()
            await pool.wait_closed()
        # The closed pool stays: what was cut off still gives its connection back to it.

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Many rows in one transaction of the kind that survives cancellation."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return Transaction(TransactionClient(self), self._pool_init_lock)


_REFUSALS: Final = (ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.BAD_DB_ERROR)


class TransactionClient(_Statements, TransactionWrapper):
    """The connection while a transaction is open."""

    committed = False
    untouched = True
    """Whether nothing was read or written in it yet."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.collation: str = connection.collation
        self.command_timeout = connection.command_timeout
        self._doom: errors.Error | None = None

    def _failed(self, error: errors.Error) -> None:
        if has_number(error, ER.LOCK_DEADLOCK):
            # The server has taken back everything, and would run what comes now outside of any transaction.
            self._doom = error

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        """Refuse a task that was started inside a transaction and outlived it: it would write into the next one."""
        if self._finalized:
            raise TransactionManagementError(
                "This transaction has ended. Start tasks that outlive a unit from on_commit, not from inside it."
            )
        if self._doom is not None:
            raise translated(self._doom) from self._doom
        self.untouched = False
        found: ConnectionWrapper[Any] = TransactionWrapper.acquire_connection(self)
        return found

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Many rows."""
        try:
            async with self.acquire_connection() as connection, usable(connection), connection.cursor() as cursor:
                self.log.debug("%s: %s", query, values)
                async with answered(self.command_timeout):
                    await cursor.executemany(query, values)
        except errors.Error as error:
            self._failed(error)
            raise translated(error) from error

    async def begin(self) -> None:
        """Begin, as the session is set up to."""
        await self._tell(TransactionWrapper.begin)

    async def hold_still(self) -> None:
        """Begin anew, to see the database as it is now until the end; nothing may have been read or written yet."""
        if not self.untouched:
            raise TransactionManagementError("A unit holds still from its first statement on, or not at all.")
        for statement in (
            "ROLLBACK",
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        ):
            await self.execute_script(statement)

    async def commit(self) -> None:
        """Remember that it landed."""
        if self._doom is not None:
            raise translated(self._doom) from self._doom
        await self._tell(TransactionWrapper.commit)
        self.committed = True

    async def rollback(self) -> None:
        """Take everything back; a connection that is gone has done so already."""
        try:
            async with answered(self.command_timeout):
                await TransactionWrapper.rollback(self)
        except (errors.Error, OperationalError):
            self._connection.close()
            self._finalized = True

    async def savepoint(self) -> None:
        """Begin a part that can fail alone."""
        await self._tell(TransactionWrapper.savepoint)

    async def savepoint_rollback(self) -> None:
        """Take the part back. A deadlock has taken back the whole transaction, and the savepoint with it."""
        try:
            await TransactionWrapper.savepoint_rollback(self)
        except errors.Error as error:
            self._finalized = True
            self.log.debug("There was no savepoint to go back to: %s", error)

    async def release_savepoint(self) -> None:
        """End the part."""
        await self._tell(TransactionWrapper.release_savepoint)

    async def _tell(self, verb: Any) -> None:
        try:
            async with answered(self.command_timeout):
                await verb(self)
        except errors.Error as error:
            raise translated(error) from error

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(TransactionClient(self))


class Transaction(PooledTransaction):
    """A transaction of MariaDB or MySQL."""

    async def taken(self) -> Any:
        """Take a connection out of the pool."""
        try:
            return await super().taken()
        except errors.Error as error:
            raise translated(error) from error

    def drop(self, connection: Any) -> None:
        """Cut a connection off, without asking the server."""
        connection.close()

    def unsettled(self) -> None:
        """Whether it landed is unknown; the server takes back what has not when the connection goes."""
        self.drop(self.client._connection)  # noqa: SLF001 - Tortoise's own name


client_class = Client
