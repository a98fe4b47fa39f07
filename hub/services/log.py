"""The log store: numbered chunks of lines, written by the one worker that holds the task, read by anybody who may.

A chunk is stored, then a bell rings; readers read the store. No gap, no duplicate, resume by line number.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from hub import meters
from hub.context import Hub
from hub.db import Row, brief, column, rows, update
from hub.models import TaskChunk
from hub.services import log_archive
from hub.services.log_chunks import Chunk
from hub.services.tasks.moves import LeaseLost, topic

__all__ = [
    "ANSI", "ARCHIVE", "GONE", "Chunk", "Piece", "Tail", "append", "chunk_at", "chunks_from", "chunks_since",
    "compressed", "lines", "place_of", "position", "raw", "row_of", "whole",
]  # fmt: skip

LEVEL = 1
"""zlib level: 650 lines take 0.6 ms and shrink to a fifth; higher levels cost more than they save."""

_IN_THREAD = 16 * 1024  # bytes from which compressing beside the loop beats the hand-over
_READ_AHEAD = 16  # chunks of about 64 KiB read at once when a whole log is streamed

ARCHIVE: Final = "archive"
GONE: Final = "gone"
"""Where a log may be, besides the database: `Task.log_place`."""

ANSI = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
"""What the wire's raw output leaves out, and the same as other tools write it: colours with colons, private modes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines to be stored as one chunk."""

    text: str
    """Lines joined by newlines, without a trailing one."""
    lines: int
    time: datetime
    """When the first line was read."""
    times: list[list[int]] = field(default_factory=lambda: [[0, 0]])
    """Pairs [line within the piece, milliseconds since `time`]."""


async def append(hub: Hub, project_id: int, task_id: int, seq: int, first_line: int, piece: Piece) -> None:
    """Store a piece as chunk `seq`, then ring. Raises `LeaseLost` when the task is not this worker's any more."""
    data = await _packed(piece)

    counted = [seq + 1, first_line + piece.lines, len(data), task_id, hub.node]
    if not await brief(partial(update, _COUNT, counted, row_of(task_id, seq, first_line, piece, data))):
        raise LeaseLost
    meters.LOG_LINES.add(count=piece.lines)
    meters.LOG_BYTES.add(count=len(data))
    await hub.bell.ring(topic(project_id, task_id))


def row_of(task_id: int, seq: int, first_line: int, piece: Piece, data: bytes) -> Row:
    """Return what is stored of a piece that is compressed already; who stores it counts it in the task's row."""
    return Row("task_chunk", {
        "task_id": task_id, "seq": seq, "first_line": first_line, "lines": piece.lines, "time": piece.time,
        "times": piece.times, "data": data,
    })  # fmt: skip


_COUNT = """
    UPDATE "task" SET "log_chunks" = ?, "log_lines" = ?, "log_bytes" = "log_bytes" + ?
    WHERE "id" = ? AND "lease_owner" = ?
"""


async def _packed(piece: Piece) -> bytes:
    raw = _encoded(piece)
    return await asyncio.to_thread(zlib.compress, raw, LEVEL) if len(raw) >= _IN_THREAD else zlib.compress(raw, LEVEL)


def compressed(piece: Piece) -> bytes:
    """Return what is stored of a short piece."""
    return zlib.compress(_encoded(piece), LEVEL)


def _encoded(piece: Piece) -> bytes:
    return piece.text.encode("utf-8", "replace")


async def position(task_id: int) -> tuple[int, int]:
    """Return how many chunks and lines are stored; where a second pass goes on."""
    found = await rows('SELECT "log_chunks", "log_lines" FROM "task" WHERE "id" = ?', [task_id])
    return (found[0]["log_chunks"], found[0]["log_lines"]) if found else (0, 0)


async def place_of(task_id: int) -> str:
    """Return where the chunks of a task's log are: empty for the database. Callers have checked permission."""
    found = await rows('SELECT "log_place" FROM "task" WHERE "id" = ?', [task_id])
    return str(found[0]["log_place"]) if found else ""


def _opened(row: dict[str, Any]) -> Chunk:
    text = zlib.decompress(row["data"]).decode("utf-8")
    return Chunk(row["seq"], row["first_line"], row["lines"], row["time"], row["times"], text)


async def chunks_from(task_id: int, first_line: int, *, limit: int = _READ_AHEAD) -> list[Chunk]:
    """Return up to `limit` chunks, beginning with the one that holds `first_line`. Callers have checked permission."""
    found = await rows(_CHUNK_OF, [task_id, first_line])
    start = 0
    if found:
        start = found[0]["seq"] + (1 if first_line >= found[0]["first_line"] + found[0]["lines"] else 0)
    elif await place_of(task_id) == ARCHIVE:
        start = await log_archive.chunk_of_line(task_id, first_line)
    return await chunks_since(task_id, start, limit=limit)


async def chunk_at(task_id: int, at: datetime) -> int:
    """Return the number of the last chunk that was begun by then; 0 when none was. Callers checked permission."""
    if await place_of(task_id) == ARCHIVE:
        return await log_archive.chunk_at(task_id, at)
    found = await column(TaskChunk.filter(task_id=task_id, time__lte=at, seq__gte=0).order_by("-seq").limit(1), "seq")
    return int(found[0]) if found else 0


@dataclass(slots=True)
class Tail:
    """Reads a growing log from a line on, each line once. Callers have checked permission."""

    task_id: int
    line: int = 0
    """The next line that is wanted."""
    _seq: int | None = None

    async def more(self, end: int | None = None) -> AsyncIterator[Chunk]:
        """Yield every chunk that is stored now and was not yielded before; the first may begin before `line`.

        With `end`, what was stored behind that line is left for the next time.
        """
        while True:
            if self._seq is None:
                chunks = await chunks_from(self.task_id, self.line)
            else:
                chunks = await chunks_since(self.task_id, self._seq)
            for chunk in chunks:
                if end is not None and chunk.first_line >= end:
                    return
                yield chunk
                self.line = chunk.first_line + chunk.lines
                self._seq = chunk.seq + 1
            if len(chunks) < _READ_AHEAD:
                return


async def chunks_since(task_id: int, seq: int, *, limit: int = _READ_AHEAD) -> list[Chunk]:
    """Return chunks from number `seq` on, fewer than `limit` at the end only. Callers have checked permission.

    A log that is moved to the archive meanwhile loses its first chunks first: then the archive has it whole already.
    """
    found = await rows(_CHUNKS, [task_id, seq, limit], times=("time",), documents=("times",))
    if found and found[0]["seq"] == seq:
        return [_opened(row) for row in found]
    if await place_of(task_id) == ARCHIVE:
        return await log_archive.chunks_since(task_id, seq, limit=limit)
    return []


_CHUNK_OF = """
    SELECT "seq", "first_line", "lines" FROM "task_chunk" WHERE "task_id" = ? AND "first_line" <= ? AND "seq" >= 0
    ORDER BY "seq" DESC LIMIT 1
"""

_CHUNKS = """
    SELECT "seq", "first_line", "lines", "time", "times", "data" FROM "task_chunk" WHERE "task_id" = ? AND "seq" >= ?
    ORDER BY "seq" LIMIT ?
"""


async def whole(task_id: int) -> AsyncIterator[Chunk]:
    """Yield every chunk in order, a few in memory at a time. Callers have checked permission."""
    seq = 0
    while chunks := await chunks_since(task_id, seq):
        for chunk in chunks:
            yield chunk
        seq = chunks[-1].seq + 1


async def raw(task_id: int, *, colours: bool = False) -> AsyncIterator[bytes]:
    """Yield the log as text, a newline after each line; without ANSI codes it is the wire's raw output."""
    seq = 0
    while True:
        found = await rows(_CHUNKS, [task_id, seq, _READ_AHEAD])
        if not found or found[0]["seq"] != seq:
            break
        pieces = [row["data"] for row in found]
        yield await asyncio.to_thread(_written if colours else _plain, pieces)
        seq = found[-1]["seq"] + 1
    while chunks := await chunks_since(task_id, seq):  # the rest of an archived log
        data = b"".join(chunk.text.encode() + b"\n" for chunk in chunks)
        yield data if colours else await asyncio.to_thread(_bare, data)
        seq = chunks[-1].seq + 1


def _written(pieces: list[bytes]) -> bytes:
    return b"".join(part for piece in pieces for part in (zlib.decompress(piece), b"\n"))


def _plain(pieces: list[bytes]) -> bytes:
    return _bare(_written(pieces))


def _bare(data: bytes) -> bytes:
    return ANSI.sub(b"", data) if b"\x1b[" in data else data


async def lines(task_id: int, first: int, count: int) -> tuple[int, int, list[tuple[int, datetime, str]]]:
    """Return (first, total, lines) of a range; a negative `first` counts from the end. Callers checked permission."""
    _, total = await position(task_id)
    start = max(0, total + first) if first < 0 else first
    last = min(total, start + count)
    found: list[tuple[int, datetime, str]] = []
    while start + len(found) < last:
        chunks = await chunks_from(task_id, start + len(found))
        if not chunks:
            break
        for chunk in chunks:
            found.extend(chunk.numbered(start, last))
    return start, total, found[:count]
