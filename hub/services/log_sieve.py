"""Parts of a log: the lines of one host, of one stage, or those that tell of errors, warnings, changes or headings.

A line belongs to a part by what it says; nothing is kept beside the log. Of a host or a level the headings above its
lines are given, too, since a line without the task that wrote it says little.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from hub.db import rows
from hub.errors import Invalid
from hub.services import log
from hub.services.log import Chunk
from hub.services.log_batches import SECONDS, bare, batches, compiled, literal, meeting

LONGEST_HOST: Final = 250
MOST: Final = 5000
USUAL: Final = 600

HEADINGS: Final = r"^(?:PLAY|TASK|RUNNING HANDLER|HANDLER) (?:\[|RECAP)|^\s*::group\b|^\s*##\[group\]"
"""Lines that begin a play, a task, a handler, the recap, or a group of a script."""

ERRORS: Final = (
    r"^(?:fatal|failed): \[|^ERROR\b|^Error:|^error:|^\W*Error: |^Traceback \(|^\S*(?:Error|Exception): |^panic: "
    r"|^\s*::error\b|^\s*##\[error\]"
)
"""How Ansible, Terraform, shells and Python begin lines that tell of errors."""

_WARNINGS: Final = (
    r"^\[(?:DEPRECATION )?WARNING\]|^WARN(?:ING)?\b|^\W*[Ww]arning: |^\S*Warning: |^\s*::warning\b|^\s*##\[warning\]"
)
_CHANGES: Final = (
    r"^changed: \[|^\S.*: (?:Creation|Modifications|Destruction) complete after |^\+{3} after|^-{3} before"
)

LEVELS: Final[Mapping[str, str]] = {
    "error": ERRORS, "warning": _WARNINGS, "change": _CHANGES, "heading": HEADINGS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Which lines are wanted, as somebody says it; empty for all."""

    host: str = ""
    level: str = ""
    stage: int = 0
    """Number of the stage, counted from 1; 0 for all."""

    def __bool__(self) -> bool:
        return bool(self.host or self.level or self.stage)


WHOLE: Final = Part()


@dataclass(frozen=True, slots=True)
class Sieve:
    """The same, ready to be held against lines."""

    patterns: Sequence[Any] = ()
    """All must be met."""
    first: int = 0
    until: int | None = None
    """The line behind the last one that counts."""
    heading: Any = None
    """Pattern of lines that are given where a line below them is."""

    def lets(self, number: int, line: bytes) -> bool:
        """Whether a line comes through."""
        return (
            number >= self.first
            and (self.until is None or number < self.until)
            and all(one.search(line) is not None for one in self.patterns)
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a part, in their order, and where to go on; None at the end."""

    lines: list[tuple[int, datetime, str]]
    resume: int | None
    total: int


@dataclass(slots=True)
class _Catch:
    """What came through so far: line by line in the order of the log."""

    lines: list[tuple[int, datetime, str]] = field(default_factory=list)
    heads: set[int] = field(default_factory=set)
    pending: tuple[int, datetime, str] | None = None
    """A heading of which no line has come through yet."""
    orphan: bool = False
    """The first line came before any heading: its own is further up."""


async def sieve_of(task_id: int, part: Part) -> Sieve:
    """Return the sieve of a part. Callers have checked permission. Raises `Invalid`."""
    if part.level and part.level not in LEVELS:
        raise Invalid(f"The parameter level must be one of: {', '.join(LEVELS)}.", field="level")
    if len(part.host) > LONGEST_HOST:
        raise Invalid(f"The name of a host is longer than {LONGEST_HOST} characters.", field="host")
    first, until = await _range(task_id, part.stage) if part.stage else (0, None)
    patterns = []
    if part.host:
        patterns.append(compiled(_about(part.host), case=True))
    if part.level:
        patterns.append(compiled(LEVELS[part.level], case=True))
    told = patterns and part.level != "heading"
    return Sieve(patterns, first, until, compiled(HEADINGS, case=True) if told else None)


def _about(host: str) -> str:
    """Return the pattern of lines that name a host, and not another one of which its name is a piece."""
    return rf"(?:^|[^\w.\-\n]){literal(host)}(?:[^\w.\-\n]|$)"


async def _range(task_id: int, stage: int) -> tuple[int, int | None]:
    found = await rows(_STAGES, [task_id], documents=("data",))
    starts = [int(one.get("first_line") or 0) for row in found for one in row["data"].get("stages") or ()]
    if not 1 <= stage <= len(starts):
        raise Invalid("This task has no such stage.", field="stage")
    return starts[stage - 1], starts[stage] if stage < len(starts) else None


_STAGES = """SELECT "data" FROM "task_result" WHERE "task_id" = ? AND "kind" = 'stages' ORDER BY "id" """


async def lines_of(task_id: int, part: Part, *, start: int | None, up: bool, limit: int) -> Lines:
    """Return lines of a part from a line on, down or up, always in the order of the log. Callers checked permission."""
    sieve = await sieve_of(task_id, part)
    _, total = await log.position(task_id)
    end = total if sieve.until is None else min(total, sieve.until)
    at = (end - 1 if up else sieve.first) if start is None else start
    at = min(at, end - 1) if up else max(at, sieve.first)
    if not sieve.first <= at < end:
        return Lines([], None, total)
    walk = _upwards if up else _downwards
    found, resume = await walk(task_id, sieve, at, limit)
    beyond = resume is None or not sieve.first <= resume < end
    return Lines(found, None if beyond else resume, total)


async def _downwards(
    task_id: int, sieve: Sieve, start: int, limit: int
) -> tuple[list[tuple[int, datetime, str]], int | None]:  # fmt: skip
    catch, until = _Catch(), monotonic() + SECONDS
    async for chunks in batches(task_id, start, up=False):
        await asyncio.to_thread(_catch, catch, sieve, chunks, start, None)
        if len(catch.lines) > limit:
            cut = limit - 1 if catch.lines[limit - 1][0] in catch.heads else limit
            return catch.lines[:cut], catch.lines[cut][0]
        onward = chunks[-1].first_line + chunks[-1].lines
        if monotonic() >= until or (sieve.until is not None and onward >= sieve.until):
            return catch.lines, catch.pending[0] if catch.pending else onward
    return catch.lines, None


async def _upwards(
    task_id: int, sieve: Sieve, start: int, limit: int
) -> tuple[list[tuple[int, datetime, str]], int | None]:  # fmt: skip
    lines: list[tuple[int, datetime, str]] = []
    until, last, owed = monotonic() + SECONDS, start, False
    async for chunks in batches(task_id, start, up=True):
        catch = _Catch()
        await asyncio.to_thread(_catch, catch, sieve, chunks[::-1], 0, last)
        above = [catch.pending] if owed and catch.pending else []
        catch.heads |= {one[0] for one in above}
        owed = catch.orphan if catch.lines else owed and not above
        lines = [*catch.lines, *above, *lines]
        first = min(one.first_line for one in chunks)
        last = first - 1
        if len(lines) > limit:
            cut = len(lines) - limit
            while cut and lines[cut - 1][0] in catch.heads:
                cut -= 1  # a heading goes with its first line
            return lines[cut:], lines[cut][0] - 1
        if monotonic() >= until or first <= sieve.first:
            return lines, last
    return lines, None


def _catch(catch: _Catch, sieve: Sieve, chunks: Iterable[Chunk], start: int, last: int | None) -> None:
    """Hold the lines of some chunks, in the order of the log, against a sieve."""
    for chunk in chunks:
        data = bare(chunk)
        low, high = max(start, sieve.first), chunk.first_line + chunk.lines if last is None else last + 1
        passing = {place for place in _passing(sieve, chunk, data) if low <= chunk.first_line + place < high}
        heading = set[int]()
        if sieve.heading is not None:
            heading = {place for place, _, _ in meeting(sieve.heading, data)}
        known = _known(chunk, sorted(passing | {one for one in heading if low <= chunk.first_line + one < high}))
        for place, line in known.items():
            if place not in passing:
                catch.pending = line
                continue
            if catch.pending is not None and place not in heading:
                catch.lines.append(catch.pending)
                catch.heads.add(catch.pending[0])
            elif not catch.lines and place not in heading:
                catch.orphan = True
            catch.pending = None
            catch.lines.append(line)


def _passing(sieve: Sieve, chunk: Chunk, data: bytes) -> Iterable[int]:
    """Return the places of the lines that come through; the first pattern finds, the others are asked of its finds."""
    if not sieve.patterns:
        return (one for one in range(chunk.lines) if sieve.lets(chunk.first_line + one, b""))
    found = meeting(sieve.patterns[0], data)
    return (place for place, line, _ in found if sieve.lets(chunk.first_line + place, line))


def _known(chunk: Chunk, places: Sequence[int]) -> dict[int, tuple[int, datetime, str]]:
    """Return (number, time, text) of some lines of a chunk."""
    if not places:
        return {}
    texts, starts = chunk.text.split("\n"), [entry[0] for entry in chunk.times]
    found = {}
    for place in places:
        at = chunk.times[max(0, bisect_right(starts, place) - 1)][1]
        found[place] = (chunk.first_line + place, chunk.time + timedelta(milliseconds=at), texts[place])
    return found
