"""Trouble that this process has met with what it stands on; `hub.services.outages` tells of it once it is over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

Part = Literal["database", "queue"]
How = Literal["away", "full", "closed"]
"""It did not answer, it had no room, or it took nothing that was written."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was met first, and when by the clock that never jumps."""

    at: float
    how: How


class Felt:
    """What was met since somebody last asked."""

    def __init__(self) -> None:
        self._met: dict[Part, Trouble] = {}
        self._waited_for: Counter[Part] = Counter()

    def note(self, part: Part, how: How = "away") -> None:
        """Note that somebody could not do his work."""
        self._met.setdefault(part, Trouble(time.monotonic(), how))

    @contextmanager
    def waiting(self) -> Iterator[Callable[[Part, How], None]]:
        """While the block lasts, what it notes is not over: whoever notes it tries again."""
        parts: set[Part] = set()

        def note(part: Part, how: How) -> None:
            self.note(part, how)
            if part not in parts:
                parts.add(part)
                self._waited_for[part] += 1

        try:
            yield note
        finally:
            self._waited_for.subtract(parts)

    def taken(self) -> dict[Part, Trouble]:
        """Return what was met since the last time."""
        met, self._met = self._met, {}
        return met

    def is_waited_for(self, part: str) -> bool:
        """Whether somebody is still trying again."""
        return any(count > 0 for name, count in self._waited_for.items() if name == part)


FELT: Final = Felt()
"""Of this process, which has one database and one queue."""
