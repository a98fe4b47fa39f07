"""Tells errors of a database that is away, full or closed from those of what it was asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from tortoise.exceptions import DBConnectionError, OperationalError

from hub.felt import How


class Silent(OperationalError):
    """The database did not answer in time."""


_DRIVERS: Final = frozenset({"aiosqlite", "asyncmy", "asyncpg", "sqlite3"})

_STATES: Final[dict[str, How]] = {
    "08": "away", "57P": "away", "53300": "away", "58": "away", "53100": "full", "53200": "away", "25006": "closed",
}  # fmt: skip
"""PostgreSQL's, or how they begin: connections, a server that ends or begins, too many, its disk; full; read only."""

_NUMBERS: Final[dict[int, How]] = {
    **dict.fromkeys((2002, 2003, 2006, 2013, 2055, 1040, 1053, 1203), "away"), 1021: "full", 1114: "full",
    **dict.fromkeys((1290, 1792, 1836), "closed"),
}  # fmt: skip
"""MariaDB's and MySQL's."""

_CODES: Final[dict[int, How]] = {
    sqlite3.SQLITE_FULL: "full", sqlite3.SQLITE_READONLY: "closed", sqlite3.SQLITE_IOERR: "away",
    sqlite3.SQLITE_CANTOPEN: "away", sqlite3.SQLITE_BUSY: "away",
}  # fmt: skip
"""SQLite's; the rest of a number tells more."""


def trouble(error: BaseException) -> How | None:
    """Return what is wrong with the database by an error that somebody met; None for an error of another kind."""
    for one in _told(error):
        if how := _of_one(one):
            return how
    return None


def _told(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, those that it was made of, and so on."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += [*(each for each in one.args[:1] if isinstance(each, BaseException)), one.__cause__]


def _of_one(error: BaseException) -> How | None:
    if isinstance(error, DBConnectionError | Silent):
        return "away"
    if isinstance(error, sqlite3.Error):
        return _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return next((how for start, how in _STATES.items() if state.startswith(start)), None)
    module = type(error).__module__.partition(".")[0]
    if module == "asyncmy":
        return _NUMBERS.get(error.args[0]) if error.args else None
    if module == "asyncpg":
        return "away" if type(error).__name__ == "InterfaceError" and "clos" in str(error) else None
    return "away" if isinstance(error, OSError) and _of_a_driver(error) else None


def _of_a_driver(error: OSError) -> bool:
    """Whether it came up in a driver: what a connection that cannot be made raises has no name of its own."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0] in _DRIVERS:
            return True
        trace = trace.tb_next
    return False
