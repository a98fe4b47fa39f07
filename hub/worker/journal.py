"""Writes one task's log: hides secrets, cuts lines, and stores chunks so that a live reader sees each line at once.

The first output of a program after a silence is stored immediately; then at most ten times a second, or as soon as
64 KiB are waiting. The hub's own lines wait for output to come, a moment at most, so that a short task costs one chunk.
A program that writes faster than the store takes is held back, so that memory stays bounded. A line that a program has
not ended yet is shown beside the log meanwhile (see `hub.worker.unfinished`).
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

from hub.context import Hub
from hub.errors import Unavailable
from hub.services import log, log_now
from hub.services.log import Piece
from hub.services.log_now import Unfinished
from hub.services.tasks.moves import LeaseLost
from hub.worker.lines import LONGEST, Splitter
from hub.worker.mask import Masker
from hub.worker.patience import insist
from hub.worker.unfinished import Showing

WINDOW = 0.1  # seconds between chunks of a busy task
MOMENT = 0.04  # seconds that a line of the hub's own waits for company
FULL = 64 * 1024  # characters that are stored without waiting for the window
BRIM = 256 * 1024  # characters at which the program is held back

CUT = f"A line was longer than {LONGEST >> 20} MiB; it is kept whole, as several lines of that length."


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
        self._stored = 0
        self._taken = 0
        self._latest: datetime | None = None
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False
        self._styled = False
        self._showing = Showing(hub, task_id, self._unfinished)
        self._pump: asyncio.Task[None] | None = None

    @property
    def next_line(self) -> int:
        """Number that the next line will get."""
        return self._taken

    def open(self, chunks: int, lines: int) -> None:
        """Go on behind what is stored: the task's first lines, and those of an earlier pass."""
        self._seq, self._stored, self._taken = chunks, lines, lines
        self._room.set()
        self._pump = asyncio.create_task(self._run(), name=f"log of task {self._task_id}")

    async def feed(self, block: bytes) -> None:
        """Take output of a program. Raises what stopped the store, `LeaseLost` among it."""
        await self._take(*self._splitter.feed(self.masker.feed(block)))
        if self._pieces:
            self._urgent.set()
        if self._splitter.waiting:
            self._showing.stir()

    async def line(self, text: str) -> None:
        """Write a line of the hub's own; what a program left unfinished before it is ended first."""
        await self.end_of_program()
        hidden = self.masker.feed(text.encode("utf-8", "replace")) + self.masker.flush()
        own = hidden.decode("utf-8", "replace").replace("\0", "")
        await self._take(*_whole(f"\x1b[0m{own}" if self._styled else own))  # not in colours that a program left on

    async def end_of_program(self) -> None:
        """Take what was held back: the start of a possible secret, a last line without newline."""
        await self._take(*self._splitter.feed(self.masker.flush()))
        await self._take(*self._splitter.flush())
        if self._splitter.cut:
            self._splitter.cut = False
            await self._take(CUT, 1)

    async def close(self) -> None:
        """Store everything; afterwards the log is complete. Raises what stopped the store."""
        await self.end_of_program()
        await self._showing.end(clear=True)
        self._closing = True
        self._dirty.set()
        self._urgent.set()
        self._full.set()
        if self._pump is not None:
            await self._pump

    async def abandon(self) -> None:
        """Let go without storing more: the task is somebody else's."""
        await self._showing.end(clear=False)
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._pump

    async def _take(self, text: str, lines: int) -> None:
        self._raise_if_broken()
        if not lines:
            return
        now = self._hub.clock()
        if "\x1b[" in text:
            self._styled = not text.startswith(("\x1b[0m", "\x1b[m"), text.rfind("\x1b["))
        self._latest = now if self._latest is None else max(now, self._latest)  # clocks are set back now and then
        self._pieces.append((text, lines, self._latest))
        self._taken += lines
        self._size += len(text) + 1
        self._dirty.set()
        if self._size >= FULL:
            self._full.set()
        if self._size >= BRIM:
            self._room.clear()
            await self._room.wait()
            self._raise_if_broken()

    def _unfinished(self) -> Unfinished | None:
        if not self._splitter.waiting:
            return None
        text = self.masker.hide(self._splitter.pending(log_now.LONGEST))
        return Unfinished(self._taken, text)

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
        await self._append(_joined(pieces))
        self._room.set()

    async def _pause(self, until: asyncio.Event, seconds: float) -> None:
        if self._closing or until.is_set():
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), seconds)

    async def _append(self, piece: Piece) -> None:
        tries = 0

        async def store() -> None:
            nonlocal tries
            tries += 1
            after = (self._seq + 1, self._stored + piece.lines)
            if tries > 1 and await log.position(self._task_id) == after:
                return  # a commit whose answer was lost
            await log.append(self._hub, self._project_id, self._task_id, self._seq, self._stored, piece)

        try:
            await insist(f"Storing the log of task {self._task_id}", store)
        except LeaseLost:
            raise
        except Exception as error:
            raise Unavailable("The log of this task could not be stored: the database does not answer.") from error
        self._seq += 1
        self._stored += piece.lines


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
