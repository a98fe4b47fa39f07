"""Archived logs: whole logs of finished tasks in the blob store, read there as if they had never left the database.

A log is stored in parts, each of them some chunks that are compressed together. The name of a part says where it begins
(chunk, line, moment), so that a range, the end or a moment is found without reading what is before it, and one part is
in memory at a time. What the names and parts are follows from the chunks alone: whoever was interrupted begins again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.context import Hub
from hub.errors import Unavailable
from hub.plugin import PluginError
from hub.services import blobs
from hub.services.log_chunks import Chunk, packed, unpacked

PART: Final = 1024 * 1024
"""Characters from which on a part is full."""
CHUNKS: Final = 512
"""Most chunks of a part."""
_NAME: Final = re.compile(r"(\d{10})-(\d{10})-(\d{15})", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_open: Hub | None = None


@contextmanager
def opened(hub: Hub) -> Iterator[None]:
    """Read archived logs with this hub's store while the block lasts: readers of logs know the database alone."""
    global _open  # noqa: PLW0603 - goes with the one open database of a process, see hub.db.database
    former, _open = _open, hub
    try:
        yield
    finally:
        _open = former


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part begins."""

    seq: int
    line: int
    moment: int
    """Milliseconds since 1970."""
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a log takes in the archive."""

    chunks: int
    lines: int
    size: int


async def write(hub: Hub, task_id: int, chunks: AsyncIterator[Chunk]) -> Written:
    """Store a log, and read every part back to see that it is there. Raises `PluginError` and `Unavailable`."""
    store, params = blobs.store_of(hub)
    folder = blobs.log_folder(task_id)
    count = lines = size = 0
    names: set[str] = set()
    async for part in _parts(chunks):
        data = await asyncio.to_thread(packed, part)
        name = folder + _name_of(part[0])
        await store.put(params, name, _once(data))
        if await _digest(store.get(params, name)) != hashlib.sha256(data).hexdigest():
            raise Unavailable(f"The blob store gave another log back for task {task_id} than it was given.")
        names.add(name)
        count, lines, size = count + len(part), lines + sum(one.lines for one in part), size + len(data)
    for name in [name async for name in store.list(params, folder)]:
        if name not in names:  # of an attempt that cut its parts in another way
            await store.delete(params, name)
    return Written(count, lines, size)


async def chunks_since(task_id: int, seq: int, *, limit: int) -> list[Chunk]:
    """Return chunks from number `seq` on: at least `limit` where there are as many, at most a part more."""
    parts = await _shelf(task_id)
    found: list[Chunk] = []
    for part in parts[_at(parts, seq, lambda one: one.seq) :]:
        found.extend(chunk for chunk in await _read(task_id, part) if chunk.seq >= seq)
        if len(found) >= limit:
            break
    return found


async def chunk_of_line(task_id: int, line: int) -> int:
    """Return the number of the chunk that holds a line; behind the end, of the one that would follow."""
    parts = await _shelf(task_id)
    if not parts:
        return 0
    part = parts[_at(parts, line, lambda one: one.line)]
    chunks = await _read(task_id, part)
    last = chunks[max(0, bisect_right([one.first_line for one in chunks], line) - 1)]
    return last.seq + (1 if line >= last.first_line + last.lines else 0)


async def chunk_at(task_id: int, at: datetime) -> int:
    """Return the number of the last chunk that was begun by then; 0 when none was."""
    parts = await _shelf(task_id)
    if not parts:
        return 0
    part = parts[_at(parts, _milliseconds(at), lambda one: one.moment)]
    return max((one.seq for one in await _read(task_id, part) if one.time <= at), default=part.seq)


async def _parts(chunks: AsyncIterator[Chunk]) -> AsyncIterator[list[Chunk]]:
    part: list[Chunk] = []
    size = 0
    async for chunk in chunks:
        part.append(chunk)
        size += len(chunk.text)
        if size >= PART or len(part) >= CHUNKS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _name_of(first: Chunk) -> str:
    return f"{first.seq:010d}-{first.first_line:010d}-{_milliseconds(first.time):015d}"


def _milliseconds(at: datetime) -> int:
    return max(0, (at - _EPOCH) // timedelta(milliseconds=1))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _digest(blocks: AsyncIterator[bytes]) -> str:
    found = hashlib.sha256()
    async for block in blocks:
        found.update(block)
    return found.hexdigest()


def _at(parts: Sequence[_Part], value: int, key: Callable[[_Part], int]) -> int:
    """Return the place of the last part that begins at or before a value."""
    return max(0, bisect_right(parts, value, key=key) - 1)


async def _shelf(task_id: int) -> list[_Part]:
    """Return the parts of a log in their order."""
    store, params = blobs.store_of(_hub())
    try:
        names = [name async for name in store.list(params, blobs.log_folder(task_id))]
    except PluginError as error:
        raise _away(task_id) from error
    told = [(name, _NAME.fullmatch(name.rpartition("/")[2])) for name in names]
    parts = [_Part(int(one[1]), int(one[2]), int(one[3]), name) for name, one in told if one]
    return sorted(parts, key=lambda one: one.seq)


async def _read(task_id: int, part: _Part) -> list[Chunk]:
    store, params = blobs.store_of(_hub())
    try:
        data = b"".join([block async for block in store.get(params, part.name)])
        return await asyncio.to_thread(unpacked, data)
    except (PluginError, ValueError, LookupError, zlib.error) as error:
        raise _away(task_id) from error


def _away(task_id: int) -> Unavailable:
    return Unavailable(f"The archived log of task {task_id} cannot be read just now. Check the blob store.")


def _hub() -> Hub:
    if _open is None:
        raise RuntimeError("No hub is open that could read archived logs.")
    return _open
