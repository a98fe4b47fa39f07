"""Counting what strangers try, so that too much of it is slowed down: on all nodes together.

Each key is a bucket of places that come back steadily: `limit` of them within `window` seconds. A burst passes, a flood
does not, and a key costs one number. Two twins pass the same tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Charge:
    """One place of a bucket."""

    key: str
    limit: int
    window: float
    """Seconds in which an empty bucket is full again."""

    @property
    def place(self) -> float:
        """Seconds after which a place is back."""
        return self.window / self.limit


class Tally(Protocol):
    """Takes places of buckets and gives them back. Never raises: without its carrier, each node counts for itself."""

    async def take(self, charges: Sequence[Charge], now: datetime) -> float:
        """Take a place of each bucket and return 0; or take none, and return for how many seconds to wait.

        Counts that are shared go by their carrier's clock, not by `now`.
        """
        ...

    async def give_back(self, charge: Charge, now: datetime) -> None:
        """Give one place back."""
        ...

    async def forget(self, key: str) -> None:
        """Fill the bucket."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
