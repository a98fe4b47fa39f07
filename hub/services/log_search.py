"""Looking for words, patterns and errors in a log of any length; a search that lasts too long says where to go on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from hub.errors import Invalid
from hub.services import log
from hub.services.log import Chunk
from hub.services.log_batches import SECONDS, bare, batches, compiled, literal, meeting
from hub.services.log_sieve import ERRORS, WHOLE, Part, Sieve, sieve_of

LONGEST: Final = 200
"""Characters of what is looked for."""

MOST: Final = 1000
USUAL: Final = 100

EXCERPT: Final = 300
"""Characters of a line that a hit carries at most."""


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
    part: Part = WHOLE
    """Only lines of this part of the log."""


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
    pattern, sieve = _compiled(wanted), await sieve_of(task_id, wanted.part)
    _, total = await log.position(task_id)
    start = (total - 1 if wanted.up else 0) if wanted.start is None else wanted.start
    until = monotonic() + SECONDS
    hits: list[tuple[int, str]] = []
    if not 0 <= start < total:
        return Hits([], None, total)
    async for chunks in batches(task_id, start, up=wanted.up):
        hits += await asyncio.to_thread(_among, pattern, sieve, chunks, start, wanted)
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
    if wanted.errors:
        return compiled(ERRORS, case=True)
    if not 1 <= len(wanted.text) <= LONGEST:
        raise Invalid(f"Say what to look for, in 1 to {LONGEST} characters.", field="q")
    return compiled(wanted.text if wanted.regex else literal(wanted.text), case=wanted.case)


def _among(
    pattern: Any, sieve: Sieve, chunks: list[Chunk], start: int, wanted: Wanted
) -> list[tuple[int, str]]:  # fmt: skip
    found: list[tuple[int, str]] = []
    for chunk in chunks:
        hits = _in_chunk(pattern, sieve, chunk)
        if wanted.up:
            found += [hit for hit in reversed(hits) if hit[0] <= start]
        else:
            found += [hit for hit in hits if hit[0] >= start]
        if len(found) > wanted.limit:
            break
    return found


def _in_chunk(pattern: Any, sieve: Sieve, chunk: Chunk) -> list[tuple[int, str]]:
    return [
        (chunk.first_line + place, _excerpt(line, at))
        for place, line, at in meeting(pattern, bare(chunk))
        if sieve.lets(chunk.first_line + place, line)
    ]


def _excerpt(line: bytes, at: int) -> str:
    text = line.decode("utf-8", "replace")
    if len(text) <= EXCERPT:
        return text
    place = len(line[:at].decode("utf-8", "replace"))
    begin = max(0, min(place - EXCERPT // 4, len(text) - EXCERPT))
    return text[begin : begin + EXCERPT]
