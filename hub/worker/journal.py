"""Writes one task's log: hides secrets, cuts lines, and stores chunks so that a live reader sees each line at once.

The first output of a program after a silence is stored immediately; then at most ten times a second, or as soon as
64 KiB are waiting. The hub's own lines wait for output to come, a moment at most, so that a short task costs one chunk.
A program that writes faster than the store takes is held back, so that memory stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime

from hub.context import Hub
from hub.services import log
from hub.services.log import LeaseLost, Piece
from hub.worker.lines import Splitter
from hub.worker.mask import Masker

logger = logging.getLogger(__name__)

WINDOW = 0.1  # seconds between chunks of a busy task
MOMENT = 0.04  # seconds that a line of the hub's own waits for company
FULL = 64 * 1024  # characters that are stored without waiting for the window
BRIM = 256 * 1024  # characters at which the program is held back
_PATIENCE = (0.1, 0.5, 1, 2, 5, 5, 5, 5, 5, 5, 10, 10, 10, 10)  # seconds between tries when the database refuses


class Journal:
    """The one writer of a task's log."""

    def __init__(self, hub: Hub, project_id: int, task_id: int, masker: Masker) -> None:
        self._hub = hub
        self._project_id = project_id
        self._task_id = task_id
        self.masker = masker
        self._splitter = Splitter()
        self._pieces: list[tuple[str, int, datetime]] = []
        self._size = 0
        self._seq = 0
        self._next_line = 0
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False
        self._pump: asyncio.Task[None] | None = None

    @property
    def next_line(self) -> int:
        """Number that the next line will get."""
        return self._next_line + sum(lines for _, lines, _ in self._pieces)

    async def open(self) -> None:
        """Go on behind what is stored; an earlier pass of the task may have written."""
        self._seq, self._next_line = await log.position(self._task_id)
        self._room.set()
        self._pump = asyncio.create_task(self._run(), name=f"log of task {self._task_id}")

    async def feed(self, block: bytes) -> None:
        """Take output of a program. Raises what stopped the store, `LeaseLost` among it."""
        await self._take(*self._splitter.feed(self.masker.feed(block)))
        if self._pieces:
            self._urgent.set()

    async def line(self, text: str, *, at: datetime | None = None) -> None:
        """Write a line of the hub's own; what a program left unfinished before it is ended first."""
        await self.end_of_program()
        hidden = self.masker.feed(text.encode("utf-8", "replace")) + self.masker.flush()
        await self._take(*_whole(hidden.decode("utf-8", "replace")), at=at)

    async def end_of_program(self) -> None:
        """Take what was held back: the start of a possible secret, a last line without newline."""
        await self._take(*self._splitter.feed(self.masker.flush()))
        await self._take(*self._splitter.flush())

    async def close(self) -> None:
        """Store everything; afterwards the log is complete. Raises what stopped the store."""
        await self.end_of_program()
        self._closing = True
        self._dirty.set()
        self._urgent.set()
        self._full.set()
        if self._pump is not None:
            await self._pump

    async def abandon(self) -> None:
        """Let go without storing more: the task is somebody else's."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._pump

    async def _take(self, text: str, lines: int, *, at: datetime | None = None) -> None:
        self._raise_if_broken()
        if not lines:
            return
        self._pieces.append((text, lines, at or self._hub.clock()))
        self._size += len(text) + 1
        self._dirty.set()
        if self._size >= FULL:
            self._full.set()
        if self._size >= BRIM:
            self._room.clear()
            await self._room.wait()
            self._raise_if_broken()

    def _raise_if_broken(self) -> None:
        if self._pump is not None and self._pump.done() and not self._closing:
            self._pump.result()

    async def _run(self) -> None:
        try:
            while not (self._closing and not self._pieces):
                await self._dirty.wait()
                self._dirty.clear()
                if self._pieces:
                    await self._pause(self._urgent, MOMENT)
                    await self._store()
                    if not self._closing:
                        await self._pause(self._full, WINDOW)
        finally:
            self._room.set()

    async def _store(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        self._full.clear()
        self._urgent.clear()
        piece = _joined(pieces)
        await self._append(piece)
        self._seq += 1
        self._next_line += piece.lines
        self._room.set()

    async def _pause(self, until: asyncio.Event, seconds: float) -> None:
        if self._closing or until.is_set():
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), seconds)

    async def _append(self, piece: Piece) -> None:
        for pause in _PATIENCE:
            try:
                await log.append(self._hub, self._project_id, self._task_id, self._seq, self._next_line, piece)
            except LeaseLost:
                raise
            except Exception as error:  # noqa: BLE001 - the database may fail in many ways; the lines must not be lost
                logger.warning("The log of task %s cannot be stored yet: %s", self._task_id, error)
                await asyncio.sleep(pause)
                if await self._stored_already(piece):
                    return
            else:
                return
        await log.append(self._hub, self._project_id, self._task_id, self._seq, self._next_line, piece)

    async def _stored_already(self, piece: Piece) -> bool:
        """A commit whose answer was lost must not be written twice."""
        try:
            return await log.position(self._task_id) == (self._seq + 1, self._next_line + piece.lines)
        except Exception:  # noqa: BLE001 - still away; the next try will tell
            return False


def _whole(text: str) -> tuple[str, int]:
    lines = text.split("\n")
    return "\n".join(lines), len(lines)


def _joined(pieces: list[tuple[str, int, datetime]]) -> Piece:
    first = pieces[0][2]
    times: list[list[int]] = []
    count = 0
    for _, lines, at in pieces:
        milliseconds = round((at - first).total_seconds() * 1000)
        if not times or times[-1][1] != milliseconds:
            times.append([count, milliseconds])
        count += lines
    return Piece("\n".join(text for text, _, _ in pieces), count, first, times)
