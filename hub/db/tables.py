"""Whole tables as plain values, whatever the database: read as of one moment, and filled all or nothing.

A value is None, a number, a text or bytes: truth is 0 and 1, moments are texts in UTC, JSON is its text. The catalogue
of the database says which columns there are, so that this works with the tables of every release.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import aiosqlite
import asyncpg

from hub.db.address import Address, read
from hub.db.rows import native
from hub.errors import Invalid, SettingsError, Unavailable

HISTORY: Final = "tortoise_migrations"
"""The one table that belongs to the schema and not to what it holds."""

AT_ONCE: Final = 250
"""Rows held in memory."""

Row = Sequence[Any]
Columns = Mapping[str, tuple[str, ...]]
Statement = tuple[str, list[Any]]


class Source(Protocol):
    """Tables as they were when it was opened."""

    columns: Columns

    def rows(self, table: str) -> AsyncGenerator[list[Row]]:
        """Read a table, some rows at a time."""
        ...


class Target(Protocol):
    """Empty tables, in a transaction that has not landed yet."""

    columns: Columns

    async def add(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        ...

    async def execute(self, sql: str, params: list[Any]) -> None:
        """Run a statement, written as for `hub.db.rows`."""
        ...


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Source]:
    """Open a database to read all of it as it is now; whoever writes meanwhile is neither seen nor hindered."""
    address = read(url)
    if address.dialect == "sqlite":
        async with _sqlite(address) as connection:
            await connection.execute("PRAGMA query_only=ON")
            await connection.execute("BEGIN")
            yield _SqliteSource(connection, await _sqlite_columns(connection))
    elif address.dialect == "postgres":
        async with _postgres(address) as server, server.transaction(isolation="repeatable_read", readonly=True):
            kinds = await _postgres_columns(server)
            yield _PostgresSource(server, {table: tuple(columns) for table, columns in kinds.items()})
    else:
        from hub.db import mysql_tables  # noqa: PLC0415 - its driver is an extra

        async with mysql_tables.opened(address, history=HISTORY, at_once=AT_ONCE) as source:
            yield source


@asynccontextmanager
async def emptied(url: str) -> AsyncIterator[Target]:
    """Empty every table and hand them out to be filled; it lands at the end of the block, if all references hold."""
    address = read(url)
    if address.dialect == "sqlite":
        async with _sqlite(address) as connection:
            await connection.execute("PRAGMA foreign_keys=OFF")
            await _begin(connection)
            columns = await _sqlite_columns(connection)
            for table in columns:
                await connection.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - of the catalogue
            yield _SqliteTarget(connection, columns)
            await _references_hold(connection)
            await connection.execute("COMMIT")
    elif address.dialect == "postgres":
        async with _postgres(address) as server, server.transaction():
            target = _PostgresTarget(server, await _postgres_columns(server))
            references = await target.let_go()
            yield target
            await target.hold(references)
    else:
        from hub.db import mysql_tables  # noqa: PLC0415 - its driver is an extra

        async with mysql_tables.emptied(address, history=HISTORY) as filled:
            yield filled


class _SqliteSource:
    def __init__(self, connection: aiosqlite.Connection, columns: Columns) -> None:
        self._connection, self.columns = connection, columns

    async def rows(self, table: str) -> AsyncGenerator[list[Row]]:
        names = ", ".join(map(_quoted, self.columns[table]))
        sql = f"SELECT {names} FROM {_quoted(table)}"  # noqa: S608 - of the catalogue
        async with self._connection.execute(sql) as cursor:
            while found := await cursor.fetchmany(AT_ONCE):
                yield [tuple(row) for row in found]


class _SqliteTarget:
    def __init__(self, connection: aiosqlite.Connection, columns: Columns) -> None:
        self._connection, self.columns = connection, columns

    async def add(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        names = ", ".join(map(_quoted, columns))
        holes = ", ".join("?" for _ in columns)
        sql = f"INSERT INTO {_quoted(table)} ({names}) VALUES ({holes})"  # noqa: S608 - of the catalogue
        try:
            await self._connection.executemany(sql, rows)
        except (sqlite3.Error, OverflowError) as error:
            raise Invalid(f"A row of the table {table} cannot be stored: {error}.") from None

    async def execute(self, sql: str, params: list[Any]) -> None:
        await self._connection.execute(sql, [_plain(one) for one in params])


class _PostgresSource:
    def __init__(self, server: asyncpg.Connection, columns: Columns) -> None:
        self._server, self.columns = server, columns

    async def rows(self, table: str) -> AsyncGenerator[list[Row]]:
        names = ", ".join(map(_quoted, self.columns[table]))
        sql = f"SELECT {names} FROM {_quoted(table)}"  # noqa: S608 - of the catalogue
        cursor = await self._server.cursor(sql)
        while found := await cursor.fetch(AT_ONCE):
            yield [tuple(map(_plain, row)) for row in found]


class _PostgresTarget:
    def __init__(self, server: asyncpg.Connection, kinds: Mapping[str, Mapping[str, str]]) -> None:
        self._server, self._kinds = server, kinds
        self.columns: Columns = {table: tuple(columns) for table, columns in kinds.items()}

    async def add(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        kinds = [self._kinds[table][name] for name in columns]
        try:
            records = [[_typed(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
            await self._server.copy_records_to_table(table, records=records, columns=list(columns))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TypeError, OverflowError) as error:
            raise Invalid(f"A row of the table {table} cannot be stored: {error}.") from None

    async def execute(self, sql: str, params: list[Any]) -> None:
        await self._server.execute(native(sql, "postgres"), *params)

    async def let_go(self) -> list[asyncpg.Record]:
        """Empty the tables and take their references away: rows come in any order."""
        references: list[asyncpg.Record] = await self._server.fetch(_REFERENCES)
        for one in references:
            await self._server.execute(f"ALTER TABLE {_quoted(one['of'])} DROP CONSTRAINT {_quoted(one['name'])}")
        if self.columns:
            await self._server.execute(f"TRUNCATE {', '.join(map(_quoted, self.columns))} RESTART IDENTITY")
        return references

    async def hold(self, references: Iterable[asyncpg.Record]) -> None:
        """Put the references back, which proves each of them, and let new rows be counted on from the highest."""
        for one in references:
            sql = f"ALTER TABLE {_quoted(one['of'])} ADD CONSTRAINT {_quoted(one['name'])} {one['definition']}"
            try:
                await self._server.execute(sql)
            except asyncpg.ForeignKeyViolationError:
                raise Invalid(f"The table {one['of']} has rows that refer to nothing. Nothing was changed.") from None
        for one in await self._server.fetch(_SEQUENCES):
            top = f"SELECT coalesce(max({_quoted(one['name'])}), 0) FROM {_quoted(one['of'])}"  # noqa: S608 - names of the catalogue, quoted
            count = await self._server.fetchval(top) + 1
            await self._server.execute("SELECT setval($1::text::regclass, $2, false)", one["seq"], count)


_COLUMNS = """
    SELECT t.table_name AS of, c.column_name AS name, c.data_type AS kind
    FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
    WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND t.table_name <> $1
    ORDER BY t.table_name, c.ordinal_position
"""
_REFERENCES = """
    SELECT c.conname AS name, r.relname AS of, pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY r.relname, c.conname
"""
_SEQUENCES = """
    SELECT table_name AS of, column_name AS name,
           pg_get_serial_sequence(quote_ident(table_name), column_name) AS seq
    FROM information_schema.columns
    WHERE table_schema = current_schema()
      AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
"""


@asynccontextmanager
async def _sqlite(address: Address) -> AsyncIterator[aiosqlite.Connection]:
    if address.path is None or not address.path.exists():
        raise SettingsError(f"There is no {address.shown}.")
    async with aiosqlite.connect(address.path, isolation_level=None) as connection:
        await connection.execute("PRAGMA busy_timeout=5000")
        yield connection


@asynccontextmanager
async def _postgres(address: Address) -> AsyncIterator[asyncpg.Connection]:
    known = ("host", "port", "user", "password", "database", "ssl", "timeout")
    given = {name: address.credentials[name] for name in known if address.credentials.get(name) is not None}
    options = {"application_name": "hub backup"}
    if schema := address.credentials.get("schema"):
        options["search_path"] = schema
    try:
        server = await asyncpg.connect(**given, server_settings=options)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"The {address.shown} does not answer: {str(error) or type(error).__name__}.") from error
    try:
        yield server
    finally:
        await server.close()


async def _begin(connection: aiosqlite.Connection) -> None:
    try:
        await connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The database is busy ({error}). Stop every process of the hub first.") from error


async def _sqlite_columns(connection: aiosqlite.Connection) -> Columns:
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ? ORDER BY name"
    tables = [str(row[0]) for row in await connection.execute_fetchall(sql, (HISTORY,))]
    return {
        table: tuple(
            str(row[1]) for row in await connection.execute_fetchall(f"PRAGMA table_info({_quoted(table)})")
        )
        for table in tables
    }  # fmt: skip


async def _references_hold(connection: aiosqlite.Connection) -> None:
    broken = sorted({str(row[0]) for row in await connection.execute_fetchall("PRAGMA foreign_key_check")})
    if broken:
        raise Invalid(f"The table {broken[0]} has rows that refer to nothing. Nothing was changed.")


async def _postgres_columns(server: asyncpg.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in await server.fetch(_COLUMNS, HISTORY):
        found.setdefault(row["of"], {})[row["name"]] = row["kind"]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.astimezone(UTC).isoformat(sep=" ") if isinstance(value, datetime) else value


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind.startswith("timestamp"):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
