"""Whole tables of MariaDB and MySQL as plain values; `hub.db.tables` says what that means."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import asyncmy
from asyncmy import errors
from asyncmy.cursors import SSCursor

from hub.db.address import Address
from hub.db.mysql import plain, session
from hub.db.rows import native
from hub.errors import Invalid, Unavailable

Row = Sequence[Any]

_COLUMNS: Final = """
    SELECT t.table_name, c.column_name, c.data_type
    FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
    WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND t.table_name <> %s
    ORDER BY t.table_name, c.ordinal_position
"""
_REFERENCES: Final = """
    SELECT table_name, column_name, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL ORDER BY table_name, constraint_name
"""
_COUNTED: Final = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND auto_increment > 1"
)


class Source:
    """Tables as they were when it was opened."""

    def __init__(self, server: Any, kinds: Mapping[str, Mapping[str, str]], at_once: int) -> None:
        self._server, self._at_once = server, at_once
        self.columns: Mapping[str, tuple[str, ...]] = {table: tuple(columns) for table, columns in kinds.items()}

    async def rows(self, table: str) -> AsyncGenerator[list[Row]]:
        """Read a table, some rows at a time."""
        names = ", ".join(map(_quoted, self.columns[table]))
        async with self._server.cursor(SSCursor) as cursor:
            await cursor.execute(f"SELECT {names} FROM {_quoted(table)}")  # noqa: S608 - of the catalogue
            while found := await cursor.fetchmany(self._at_once):
                yield [tuple(map(_told, row)) for row in found]


class Target:
    """Empty tables, in a transaction that has not landed yet."""

    def __init__(self, server: Any, kinds: Mapping[str, Mapping[str, str]]) -> None:
        self._server, self._kinds = server, kinds
        self.columns: Mapping[str, tuple[str, ...]] = {table: tuple(columns) for table, columns in kinds.items()}

    async def add(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        kinds = [self._kinds[table][name] for name in columns]
        names, holes = ", ".join(map(_quoted, columns)), ", ".join("%s" for _ in columns)
        try:
            records = [[_typed(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
            async with self._server.cursor() as cursor:
                await cursor.executemany(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({holes})", records)  # noqa: S608 - of the catalogue
        except (errors.Error, ValueError, TypeError) as error:
            raise Invalid(f"A row of the table {table} cannot be stored: {plain(error)}.") from None

    async def execute(self, sql: str, params: list[Any]) -> None:
        """Run a statement, written as for `hub.db.rows`."""
        await _ask(self._server, native(sql, "mysql"), params)

    async def clear(self) -> None:
        """Take every row away; references are not followed meanwhile."""
        await _ask(self._server, "SET foreign_key_checks = 0")
        for table in self.columns:
            await _ask(self._server, f"DELETE FROM {_quoted(table)}")  # noqa: S608 - of the catalogue

    async def check(self) -> None:
        """Prove each reference."""
        for of, name, to, there in await _ask(self._server, _REFERENCES):
            lost = await _ask(
                self._server,
                f"SELECT 1 FROM {_quoted(of)} a LEFT JOIN {_quoted(to)} b ON b.{_quoted(there)} = a.{_quoted(name)} "  # noqa: S608 - of the catalogue
                f"WHERE a.{_quoted(name)} IS NOT NULL AND b.{_quoted(there)} IS NULL LIMIT 1",
            )
            if lost:
                raise Invalid(f"The table {of} has rows that refer to nothing. Nothing was changed.")

    async def count_on(self) -> None:
        """Let new rows be counted on from the highest."""
        counted = (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND auto_increment > 1"
        )
        for (table,) in await _ask(self._server, counted):
            await _ask(self._server, f"ALTER TABLE {_quoted(table)} AUTO_INCREMENT = 1")


@asynccontextmanager
async def opened(address: Address, *, history: str, at_once: int) -> AsyncIterator[Source]:
    """Open a database to read all of it as it is now."""
    async with _connected(address) as server:
        await _ask(server, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await _ask(server, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield Source(server, await _kinds(server, history), at_once)


@asynccontextmanager
async def emptied(address: Address, *, history: str) -> AsyncIterator[Target]:
    """Empty every table and hand them out to be filled; it lands at the end of the block, if all references hold."""
    async with _connected(address) as server:
        target = Target(server, await _kinds(server, history))
        await server.begin()
        await target.clear()
        yield target
        await target.check()
        await server.commit()
        await target.count_on()


@asynccontextmanager
async def _connected(address: Address) -> AsyncIterator[Any]:
    apart = {"minsize", "maxsize", "command_timeout"}
    given = {name: value for name, value in address.credentials.items() if name not in apart and value is not None}
    try:
        server = await asyncmy.connect(**session(given) | {"program_name": "hub backup"})
    except errors.Error as error:
        raise Unavailable(f"The {address.shown} does not answer: {plain(error)}.") from error
    try:
        yield server
    finally:
        server.close()  # what has not landed is taken back


async def _kinds(server: Any, history: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in await _ask(server, _COLUMNS, [history]):
        found.setdefault(table, {})[column] = kind
    return found


async def _ask(server: Any, sql: str, params: Sequence[Any] | None = None) -> Sequence[Any]:
    async with server.cursor() as cursor:
        await cursor.execute(sql, params)
        found: Sequence[Any] = await cursor.fetchall()
        return found


def _told(value: Any) -> Any:
    return value.replace(tzinfo=UTC).isoformat(sep=" ") if isinstance(value, datetime) else value


def _typed(kind: str, value: Any) -> Any:
    if value is None or kind != "datetime":
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
