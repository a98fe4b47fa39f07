"""Raw SQL for the few statements that run most often: no model objects, one text for every database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import ciso8601
import orjson
from tortoise.queryset import QuerySet

from hub.db.address import Dialect
from hub.db.database import current

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\?""")


async def rows(
    sql: str,
    params: Sequence[Any] = (),
    *,
    times: Iterable[str] = (),
    flags: Iterable[str] = (),
    documents: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """The rows of a SELECT. Write `?` for a parameter and double quotes around names, whatever the database.

    `times`, `flags` and `documents` name the columns that hold moments, booleans and JSON: SQLite and MySQL give
    texts and numbers for them. Inside a unit it sees what the unit wrote.
    """
    database = current()
    values = [_stored(value, database.dialect) if isinstance(value, datetime) else value for value in params]
    found = await database.client.execute_query_dict(native(sql, database.dialect), values)
    if database.dialect != "postgres":
        _decode(found, times, _moment)
        _decode(found, flags, bool)
    _decode(found, documents, _document)
    return found


def version() -> str | None:
    """What is another text after every commit of any process; None where it is not known, and inside a unit.

    Two that are the same mean that nothing was written in between, to whatever table.
    """
    told = getattr(current().client, "version", None)
    return told() if told is not None else None


async def execute(sql: str, params: Sequence[Any] = ()) -> int:
    """Run an INSERT, UPDATE or DELETE, written as for `rows`; return how many rows an UPDATE or DELETE found.

    Moments and JSON (dicts and lists) are stored as the models store them.
    """
    database = current()
    count, _ = await database.client.execute_query(
        native(sql, database.dialect), [_stored(value, database.dialect) for value in params]
    )
    return count


def _stored(value: Any, dialect: Dialect) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    if isinstance(value, datetime) and dialect == "sqlite":
        return value.isoformat(sep=" ")
    return value


async def column(query: QuerySet[Any], name: str) -> list[Any]:
    """Return one column of a query; Tortoise's own way to this is typed as rows."""
    found: list[Any] = list(await query.values_list(name, flat=True))
    return found


@lru_cache(maxsize=256)
def native(sql: str, dialect: Dialect) -> str:
    """`sql` with the placeholders and quotes of `dialect`; texts in single quotes stay as they are."""
    if dialect == "sqlite":
        return sql
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        piece = match.group()
        if piece == "?":
            count += 1
            return f"${count}" if dialect == "postgres" else "%s"
        if dialect == "mysql":
            piece = piece.replace("%", "%%")
            return f"`{piece[1:-1]}`" if piece.startswith('"') else piece
        return piece

    return _TOKEN.sub(replace, sql)


def _decode(found: list[dict[str, Any]], columns: Iterable[str], decode: Callable[[Any], Any]) -> None:
    for column in columns:
        for row in found:
            value = row[column]
            if value is not None:
                row[column] = decode(value)


@lru_cache(maxsize=4096)  # lists are read again and again, and rows of one moment come together
def _moment(value: str | datetime) -> datetime:
    moment = ciso8601.parse_datetime(value) if isinstance(value, str) else value
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _document(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value
