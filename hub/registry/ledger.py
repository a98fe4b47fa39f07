"""What went wrong with plugins, kept for the Plugins page within fixed bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

MOST_PER_PLUGIN = 20
LONGEST_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence about one plugin, and how often it was true."""

    plugin: str
    """Name of the plugin; empty when it concerns none in particular."""
    sentence: str
    count: int
    first: datetime
    last: datetime


class Ledger:
    """Problems by plugin. The same sentence again only raises its count; the one unseen for longest makes room."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._entries: dict[str, dict[str, Problem]] = {}

    def note(self, plugin: str, sentence: str) -> None:
        """Remember `sentence` about `plugin`."""
        sentence = shorten(sentence, LONGEST_SENTENCE)
        now = self._now()
        entries = self._entries.setdefault(plugin, {})
        known = entries.pop(sentence, None)
        if known is None:
            if len(entries) >= MOST_PER_PLUGIN:
                del entries[next(iter(entries))]
            known = Problem(plugin, sentence, count=0, first=now, last=now)
        # Taken out and put back, so that the dict stays in order of last sight.
        entries[sentence] = replace(known, count=known.count + 1, last=now)

    def about(self, plugin: str) -> tuple[Problem, ...]:
        """Return the problems of one plugin, the latest last."""
        return tuple(self._entries.get(plugin, {}).values())

    def all(self) -> tuple[Problem, ...]:
        """Return every problem."""
        return tuple(problem for entries in self._entries.values() for problem in entries.values())


def shorten(text: str, length: int) -> str:
    """Return `text` in one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
