"""Hides secrets in the output of a task before it is stored or shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from hub.worker.forms import forms

STARS = b"***"
_HEAD = 8
"""Bytes of a form by which its beginning is looked for at the end of a block."""


class Masker:
    """Replaces every form of every secret (see `hub.worker.forms`) in a stream of blocks by `***`.

    The first and longest form wins. What could be the beginning of a form at the end of a block is held back until the
    next block decides, and nothing else: a line without secrets shows at once. No form holds a newline, so whole lines
    are never held. Searching is one pass, however many the secrets are.
    """

    __slots__ = ("_ends", "_finder", "_forms", "_heads", "_held", "_longest", "_ordered")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[bytes] = set()
        self._held = b""
        self._finder: BytesAhoCorasick | None = None
        self.add(*secrets)

    def __repr__(self) -> str:
        return "<Masker>"

    def add(self, *secrets: str) -> None:
        """Hide these too, from the next block on."""
        found = {form for secret in secrets for form in forms(secret)}
        if found - self._forms:
            self._forms |= found
            self._prepare()

    def feed(self, block: bytes) -> bytes:
        """Return what can be shown now, secrets hidden."""
        if self._finder is None:
            return block
        data = self._held + block if self._held else block
        hits = self._finder.find_matches_as_indexes(data)
        end = self._undecided(data, hits)
        self._held = data[end:]
        return _hidden(data, hits, end)

    def hide(self, value: Any) -> Any:
        """Return a copy of plain data (texts, lists, mappings) with secrets hidden; the stream is not touched."""
        if isinstance(value, str):
            data = value.encode("utf-8", "surrogateescape")
            if self._finder is None:
                return value
            hidden = _hidden(data, self._finder.find_matches_as_indexes(data), len(data))
            return hidden.decode("utf-8", "surrogateescape")
        if isinstance(value, Mapping):
            return {self.hide(name): self.hide(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(one) for one in value]
        return value

    def flush(self) -> bytes:
        """Return what was held back, secrets hidden; the stream has ended."""
        data, self._held = self._held, b""
        if self._finder is None or not data:
            return data
        return _hidden(data, self._finder.find_matches_as_indexes(data), len(data))

    def _prepare(self) -> None:
        """Build the automaton, and what `_undecided` needs to know about the beginnings of forms."""
        self._ordered = sorted(self._forms)
        self._finder = BytesAhoCorasick(self._ordered, matchkind=MatchKind.LeftmostLongest)
        self._longest = len(max(self._ordered, key=len))
        long = sorted({form[:_HEAD] for form in self._ordered if len(form) > _HEAD})
        self._heads = BytesAhoCorasick(long) if long else None
        self._ends = {form[:size] for form in self._ordered for size in range(1, min(_HEAD, len(form) - 1) + 1)}

    def _undecided(self, data: bytes, hits: list[tuple[int, int, int]]) -> int:
        """Return where the first possible beginning of a form starts that the data ends within; else the end."""
        line = data.rfind(b"\n") + 1
        if line == len(data):
            return line
        starts = self._beginnings(data, max(line, len(data) - self._longest + 1))
        for start in starts:
            # A form found in full that starts earlier has taken these bytes.
            if not any(first < start < last for _, first, last in reversed(hits)):
                return start
        return len(data)

    def _beginnings(self, data: bytes, start: int) -> list[int]:
        """Return all places from `start` on where the rest of the data is the beginning of a longer form."""
        tail = data[start:]
        found = []
        if self._heads is not None:
            found = [start + first for _, first, _ in self._heads.find_matches_as_indexes(tail, overlapping=True)]
            found = [place for place in found if self._begins(data[place:])]
        short = range(max(start, len(data) - _HEAD + 1), len(data))
        return found + [place for place in short if data[place:] in self._ends]

    def _begins(self, rest: bytes) -> bool:
        """Whether some form is longer than `rest` and starts with it."""
        low, high = 0, len(self._ordered)
        while low < high:
            middle = (low + high) // 2
            if self._ordered[middle] <= rest:
                low = middle + 1
            else:
                high = middle
        return low < len(self._ordered) and self._ordered[low].startswith(rest)


def _hidden(data: bytes, hits: list[tuple[int, int, int]], end: int) -> bytes:
    """Return the data up to `end` with the hits that start before it replaced."""
    if not hits:
        return data[:end]
    parts: list[bytes] = []
    place = 0
    for _, first, last in hits:
        if first >= end:
            break
        parts += (data[place:first], STARS)
        place = last
    parts.append(data[place:end])
    return b"".join(parts)
