"""Chunks of a log as they are read, and how many of them become one part of an archived log, and again chunks."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

LEVEL: Final = 6
"""zlib level of archived parts: they are written once, and a tenth smaller than the chunks that they are made of."""
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored piece."""

    seq: int
    first_line: int
    lines: int
    time: datetime
    times: list[list[int]]
    text: str

    @property
    def until(self) -> datetime:
        """When its last lines were read."""
        return self.time + timedelta(milliseconds=self.times[-1][1])

    def numbered(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, datetime, str]]:
        """Yield (line number, time, text) of the lines from `first` up to, not including, `last`."""
        starts = [entry[0] for entry in self.times]
        for offset, text in enumerate(self.text.split("\n")):
            number = self.first_line + offset
            if number < first:
                continue
            if last is not None and number >= last:
                return
            at = self.times[max(0, bisect_right(starts, offset) - 1)][1]
            yield number, self.time + timedelta(milliseconds=at), text


def packed(chunks: Sequence[Chunk]) -> bytes:
    """Return chunks as one compressed part."""
    listed = [[one.seq, one.first_line, one.lines, one.time.isoformat(), one.times, one.text] for one in chunks]
    return zlib.compress(orjson.dumps({"version": _VERSION, "chunks": listed}), LEVEL)


def unpacked(data: bytes) -> list[Chunk]:
    """Return the chunks of a part. Raises `ValueError` or `zlib.error` for what is none."""
    listed = orjson.loads(zlib.decompress(data))["chunks"]
    return [
        Chunk(seq, first, lines, datetime.fromisoformat(time), times, text)
        for seq, first, lines, time, times, text in listed
    ]
