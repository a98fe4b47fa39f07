"""Reads of SQLite without a thread: most are over in less time than it takes to wake one.

Whatever takes longer is broken off and left to the thread, and the loop turns to others between reads. So a read holds
the loop for a moment at most, as any other line of Python does.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final, TypeVar

LONGEST: Final = 0.002
"""Seconds of computing after which a read is broken off."""
SLOWEST: Final = 0.05
"""Seconds after which it is broken off, this once, though it computed less: it waits for the disk, or for a core."""
TURN: Final = 0.005
"""Seconds after which the loop turns to others before anything else is read here."""
MOST: Final = 1000
"""Rows of the longest answer."""
FORGIVE: Final = 60.0
"""Seconds after which a statement that was broken off is tried again."""
REMEMBERED: Final = 500
"""Statements that were broken off of which it is known."""

_STEPS: Final = 4000  # instructions of SQLite's machine between two looks at the clock
_openings = itertools.count(1)

T = TypeVar("T")
Shape = Callable[[sqlite3.Cursor, list[Any]], list[T]]


def _rows(cursor: sqlite3.Cursor, found: list[Any]) -> list[sqlite3.Row]:
    return [sqlite3.Row(cursor, one) for one in found]


def _dicts(cursor: sqlite3.Cursor, found: list[Any]) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, one, strict=True)) for one in found]


class Quick:
    """A connection that only reads, for the thread of the loop."""

    def __init__(self, path: str) -> None:
        # It never waits: what it cannot read at once goes the other way.
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        self._connection.execute("PRAGMA query_only=ON")
        self._connection.execute("PRAGMA cache_size=-4000")
        self._connection.set_progress_handler(self._too_long, _STEPS)
        self._opening = next(_openings)
        self._began: tuple[float, float] | None = None
        self._broken = False
        self._turn: float | None = None
        self._slow: dict[str, float] = {}

    def create_function(self, name: str, function: Callable[[Any], Any]) -> None:
        """Put a function of one argument in the place of SQLite's own."""
        self._connection.create_function(name, 1, function, deterministic=True)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def rows(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row] | None:
        """Return what the query finds; None when the thread is to be asked."""
        return self._find(query, values, _rows)

    def dicts(self, query: str, values: Sequence[Any]) -> list[dict[str, Any]] | None:
        """The same as dicts."""
        return self._find(query, values, _dicts)

    def _find(self, query: str, values: Sequence[Any], shape: Shape[T]) -> list[T] | None:
        if not self._is_quick(query):
            return None
        self._began, self._broken = None, False
        try:
            # A cursor that stayed open would hold on to what the database is now, and `version` with it.
            with closing(self._connection.execute(query, values)) as cursor:
                found = cursor.fetchmany(MOST + 1)
                shaped = shape(cursor, found)
        except sqlite3.Error:  # broken off, locked, or wrong; the thread tells which
            if self._broken:
                self._leave(query)
            return None
        if len(found) > MOST:
            self._leave(query)
            return None
        return shaped

    def version(self) -> str | None:
        """Return what is another text after every commit of any other connection, here or in another process."""
        self._began = None
        try:
            with closing(self._connection.execute("PRAGMA data_version")) as cursor:
                (number,) = cursor.fetchone()
        except sqlite3.Error:
            return None
        return f"{self._opening}.{number}"  # the number counts for one connection only

    def _too_long(self) -> bool:
        computed, now = time.thread_time(), time.monotonic()  # cost too much for those reads that never come here
        if self._began is None:
            self._began = computed, now
        self._broken = computed - self._began[0] > LONGEST
        return self._broken or now - self._began[1] > SLOWEST

    def _leave(self, query: str) -> None:
        if len(self._slow) >= REMEMBERED:
            self._slow.clear()
        self._slow[query] = time.monotonic()

    def _is_quick(self, query: str) -> bool:
        broken_off = self._slow.get(query)
        if broken_off is None:
            return True
        if time.monotonic() - broken_off < FORGIVE:
            return False
        self._slow.clear()
        return True

    async def turn(self) -> None:
        """Let the loop turn to others first when it was long busy here."""
        now = time.monotonic()
        if self._turn is None:
            self._turn = now
            asyncio.get_running_loop().call_soon(self._turned)
        elif now - self._turn > TURN:
            await asyncio.sleep(0)

    def _turned(self) -> None:
        self._turn = None
