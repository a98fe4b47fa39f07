"""Where in the log the lines about a failure are: near the moment at which it was told of, naming the host."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from hub.services.log import Chunk, chunk_at, chunks_since
from hub.services.tasks.matrix import Failure

MOST: Final = 25
"""Failures that are looked for at once: a page of them."""
_NEAR: Final = timedelta(seconds=5)
"""Output and events come on two ways, so their times differ a little."""
_CHUNKS: Final = 3
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


async def lines_of(task_id: int, failures: Iterable[Failure]) -> dict[int, int]:
    """Return the number of the log's line for each failure that is found, by its place in what was given.

    Callers have checked permission.
    """
    found: dict[int, int] = {}
    known: dict[int, list[Chunk]] = {}
    for place, failure in enumerate(failures):
        if place >= MOST:
            break
        if failure.at is None:
            continue
        start = max(0, await chunk_at(task_id, failure.at) - 1)
        if start not in known:
            known[start] = await chunks_since(task_id, start, limit=_CHUNKS)
        line = _nearest(known[start], failure, failure.at)
        if line is not None:
            found[place] = line
    return found


def _nearest(chunks: Iterable[Chunk], failure: Failure, at: datetime) -> int | None:
    best: tuple[timedelta, int] | None = None
    for chunk in chunks:
        if chunk.time > at + _NEAR or failure.host not in chunk.text:
            continue
        for number, time, text in chunk.numbered():
            away = abs(time - at)
            if away <= _NEAR and (best is None or away < best[0]) and _is_about(text, failure):
                best = (away, number)
    return best[1] if best else None


def _is_about(text: str, failure: Failure) -> bool:
    if failure.host not in text:
        return False
    plain = _COLOURS.sub("", text)
    named = any(one in plain for one in (f"[{failure.host}]", f"[{failure.host} ", f"{failure.host} |"))
    return named and re.search(r"fatal|fail|unreachable", plain, re.IGNORECASE) is not None and failure.item in plain
