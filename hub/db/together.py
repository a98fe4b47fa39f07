"""An UPDATE and what is inserted with it: one statement, and one round trip, where the database can do that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from hub.db.database import current
from hub.db.rows import execute
from hub.db.unbroken import unbroken
from hub.db.unit import in_unit, unit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """A row to be inserted."""

    table: str
    columns: Mapping[str, Any] = field(repr=False)


async def update(sql: str, params: Sequence[Any], *inserted: Row) -> bool:
    """Run an UPDATE of one row, written as for `rows`, and insert these if it found it. Inside a unit, or in `brief`.

    The rows may hold moments and JSON as for `execute`.
    """
    if current().dialect != "postgres":
        if not await execute(sql, params):
            return False
        for row in inserted:
            await insert(row)
        return True
    if not inserted:
        return bool(await execute(sql, params))
    text = _joined(sql, tuple((row.table, tuple(row.columns)) for row in inserted))
    return bool(await execute(text, [*params, *(value for row in inserted for value in row.columns.values())]))


async def insert(row: Row) -> None:
    """Insert a row, in the unit under way."""
    await execute(_insert(row.table, tuple(row.columns)), [*row.columns.values()])


async def brief(work: Callable[[], Awaitable[T]]) -> T:
    """Run what writes by one `update` alone: a unit, but without beginning and committing where one statement does it.

    Within a unit it is a part of that; a cancelled caller waits for its end, as with `unit`.
    """
    if in_unit() or current().dialect != "postgres":
        return await unit(work)
    return await unbroken(_awaited(work))


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


@lru_cache(maxsize=256)
def _insert(table: str, names: tuple[str, ...]) -> str:
    return f'INSERT INTO "{table}" ({_quoted(names)}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608 - names of our code


@lru_cache(maxsize=256)
def _joined(sql: str, inserts: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """All in one; the last INSERT tells how many rows it made, which is how many were found."""
    parts = [
        f'INSERT INTO "{table}" ({_quoted(names)}) SELECT {", ".join("?" * len(names))} FROM "found"'  # noqa: S608 - names of our code
        for table, names in inserts
    ]
    named = [
        f'"found" AS ({sql} RETURNING 1)',
        *(f'"row{number}" AS ({part})' for number, part in enumerate(parts[:-1])),
    ]
    return f"WITH {', '.join(named)} {parts[-1]} RETURNING 1"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
