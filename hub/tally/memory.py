"""The tally inside one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from hub.tally import Charge

MOST: Final = 10_000
"""Buckets that are remembered; the one unused for longest makes room."""


class MemoryTally:
    """For each bucket that is not full: the moment when it will be (the generic cell rate algorithm)."""

    def __init__(self) -> None:
        self.full_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, charges: Sequence[Charge], now: datetime) -> float:
        """Take a place of each bucket, or none; see `hub.tally.Tally`. Nothing else runs in between."""
        at, after, wait = now.timestamp(), {}, 0.0
        for one in charges:
            full = max(self.full_at.get(one.key, at), at)
            wait = max(wait, full - (one.limit - 1) * one.place - at)
            after[one.key] = full + one.place
        if wait > 0.000_001:  # less than the clock can tell
            return wait
        for key, full in after.items():
            self.full_at[key] = full
            self.full_at.move_to_end(key)
        while len(self.full_at) > MOST:
            self.full_at.popitem(last=False)
        return 0.0

    async def give_back(self, charge: Charge, now: datetime) -> None:
        """Give one place back."""
        full = self.full_at.get(charge.key, 0.0) - charge.place
        if full > now.timestamp():
            self.full_at[charge.key] = full
        else:
            self.full_at.pop(charge.key, None)

    async def forget(self, key: str) -> None:
        """Fill the bucket."""
        self.full_at.pop(key, None)

    async def aclose(self) -> None:
        """Nothing is held."""
