"""Looking for words, patterns and errors in a log of any length, a few chunks in memory at a time.

Patterns are those of RE2, which takes time in proportion to the text, whatever the pattern; a search that lasts too
long says where to go on. Lines are looked at without the codes of colours, as people read them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from hub.errors import Invalid
from hub.services import log
from hub.services.log import ANSI, Chunk

LONGEST: Final = 200
"""Characters of what is looked for."""

MOST: Final = 1000
USUAL: Final = 100

SECONDS: Final = 1.5
"""After which a search says where to go on."""

EXCERPT: Final = 300
"""Characters of a line that a hit carries at most."""

_BATCH: Final = 16
_MEMORY: Final = 4 * 2**20
"""Bytes that one pattern may take."""

ERRORS: Final = (
    r"^(?:fatal|failed): \[|^ERROR\b|^Error:|^error:|^\W*Error: |^Traceback \(|^\S*(?:Error|Exception): |^panic: "
    r"|^\s*::error\b|^\s*##\[error\]"
)
"""How Ansible, Terraform, shells and Python begin lines that tell of errors."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, and from where."""

    text: str = ""
    regex: bool = False
    case: bool = False
    """Capital letters count."""
    errors: bool = False
    """Look for errors instead of `text`."""
    start: int | None = None
    """The first line that counts; the end of the log's own when nobody says."""
    up: bool = False
    limit: int = USUAL


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found."""

    hits: list[tuple[int, str]]
    """Number and text of each line, in the order of the search."""
    resume: int | None
    """Where to go on; None at the end."""
    total: int


async def search(task_id: int, wanted: Wanted) -> Hits:
    """Return the lines that match, from a line on in either direction. Callers have checked permission."""
    pattern = _compiled(wanted)
    _, total = await log.position(task_id)
    start = (total - 1 if wanted.up else 0) if wanted.start is None else wanted.start
    until = monotonic() + SECONDS
    hits: list[tuple[int, str]] = []
    if not 0 <= start < total:
        return Hits([], None, total)
    async for chunks in _batches(task_id, start, up=wanted.up):
        hits += await asyncio.to_thread(_among, pattern, chunks, start, wanted)
        last = chunks[-1]
        onward = last.first_line - 1 if wanted.up else last.first_line + last.lines
        if len(hits) > wanted.limit:
            return Hits(hits[: wanted.limit], hits[wanted.limit][0], total)
        if not 0 <= onward < total:
            break
        if monotonic() >= until:
            return Hits(hits, onward, total)
    return Hits(hits, None, total)


def _compiled(wanted: Wanted) -> Any:
    """Return the pattern, which works on bytes. Raises `Invalid`."""
    if not wanted.errors and not 1 <= len(wanted.text) <= LONGEST:
        raise Invalid(f"Say what to look for, in 1 to {LONGEST} characters.", field="q")
    import re2  # noqa: PLC0415 - a compiled library that no start should wait for

    text = ERRORS if wanted.errors else wanted.text if wanted.regex else re2.escape(wanted.text)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.case_sensitive = wanted.case or wanted.errors
    try:
        return re2.compile(f"(?m){text}".encode(), options)
    except re2.error as error:
        why = (
            error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        )
        raise Invalid(f"This is no regular expression that can be searched for: {why}", field="q") from None


async def _batches(task_id: int, start: int, *, up: bool) -> AsyncIterator[list[Chunk]]:
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


def _among(pattern: Any, chunks: list[Chunk], start: int, wanted: Wanted) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for chunk in chunks:
        hits = _in_chunk(pattern, chunk)
        if wanted.up:
            found += [hit for hit in reversed(hits) if hit[0] <= start]
        else:
            found += [hit for hit in hits if hit[0] >= start]
        if len(found) > wanted.limit:
            break
    return found


def _in_chunk(pattern: Any, chunk: Chunk) -> list[tuple[int, str]]:
    """Return the lines of a chunk that match by themselves.

    The whole chunk is looked at once: what matches across lines only leads to the line where it begins, which is then
    asked alone.
    """
    data = chunk.text.encode("utf-8", "replace")
    if b"\x1b[" in data:
        data = ANSI.sub(b"", data)
    found: list[tuple[int, str]] = []
    number, counted, at = chunk.first_line, 0, 0
    while at <= len(data) and (match := pattern.search(data, at)) is not None:
        begin = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.start())
        end = len(data) if end < 0 else end
        number += data.count(b"\n", counted, begin)
        counted = begin
        if (alone := pattern.search(data[begin:end])) is not None:
            found.append((number, _excerpt(data[begin:end], alone.start())))
        at = end + 1
    return found


def _excerpt(line: bytes, at: int) -> str:
    text = line.decode("utf-8", "replace")
    if len(text) <= EXCERPT:
        return text
    place = len(line[:at].decode("utf-8", "replace"))
    begin = max(0, min(place - EXCERPT // 4, len(text) - EXCERPT))
    return text[begin : begin + EXCERPT]
