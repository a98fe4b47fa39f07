"""Going through a log of any length with patterns, a few chunks in memory at a time.

Patterns are those of RE2, which takes time in proportion to the text, whatever the pattern. Lines are looked at without
the codes of colours, as people read them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from hub.errors import Invalid
from hub.services import log
from hub.services.log import ANSI, Chunk

SECONDS: Final = 1.5
"""After which a look through a log says where to go on."""

_BATCH: Final = 16
_MEMORY: Final = 4 * 2**20
"""Bytes that one pattern may take."""


def compiled(text: str, *, case: bool) -> Any:
    """Return a pattern, which works on bytes, line by line. Raises `Invalid` for what is no regular expression."""
    import re2  # noqa: PLC0415 - a compiled library that no start should wait for

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.case_sensitive = case
    try:
        return re2.compile(f"(?m){text}".encode(), options)
    except re2.error as error:
        why = (
            error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        )
        raise Invalid(f"This is no regular expression that can be searched for: {why}", field="q") from None


def literal(text: str) -> str:
    """Return the pattern that stands for a text."""
    import re2  # noqa: PLC0415 - a compiled library that no start should wait for

    return str(re2.escape(text))


async def batches(task_id: int, start: int, *, up: bool) -> AsyncIterator[list[Chunk]]:
    """Yield the chunks from the one that holds a line to the end, or to the beginning, in that order."""
    first = await log.chunks_from(task_id, start, limit=1)
    if not first:
        return
    seq = first[0].seq
    while True:
        if up:
            low = max(0, seq - _BATCH + 1)
            chunks = (await log.chunks_since(task_id, low, limit=seq - low + 1))[::-1]
            seq = low - 1
        else:
            chunks = await log.chunks_since(task_id, seq, limit=_BATCH)
            seq += len(chunks)
        if not chunks:
            return
        yield chunks
        if seq < 0:
            return


def bare(chunk: Chunk) -> bytes:
    """Return the text of a chunk without the codes of colours."""
    data = chunk.text.encode("utf-8", "replace")
    return ANSI.sub(b"", data) if b"\x1b[" in data else data


def meeting(pattern: Any, data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield (place among the lines, line, where in it) of the lines that match by themselves.

    The whole text is looked at once: what matches across lines only leads to the line where it begins, which is then
    asked alone.
    """
    number, counted, at = 0, 0, 0
    while at <= len(data) and (match := pattern.search(data, at)) is not None:
        begin = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.start())
        end = len(data) if end < 0 else end
        number += data.count(b"\n", counted, begin)
        counted = begin
        if (alone := pattern.search(data[begin:end])) is not None:
            yield number, data[begin:end], alone.start()
        at = end + 1
