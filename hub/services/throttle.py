"""Slows down who guesses passwords: failures are counted for an address, and for an account from an address.

Nobody can lock somebody else out from elsewhere: an account alone is never counted. The counts live in this process,
are bounded, and are forgotten after some minutes; nothing has to be unlocked.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.context import Hub
from hub.errors import TooMany

WINDOW: Final = timedelta(minutes=5)
"""How long a failure counts."""
PER_ACCOUNT: Final = 10
"""Failures for one account from one address."""
PER_ADDRESS: Final = 100
"""Failures from one address, whatever the account; a proxy or an office may stand behind it."""
MOST: Final = 10_000
"""Keys that are remembered; the one unused for longest makes room."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries what."""

    account: str
    address: str

    def limits(self, node: str) -> Sequence[tuple[str, int]]:
        """Name the counts that this attempt is part of, with their limits."""
        account = hashlib.sha256(self.account.encode("utf-8", "replace")).hexdigest()
        return ((f"{node} {self.address} {account}", PER_ACCOUNT), (f"{node} {self.address}", PER_ADDRESS))


@dataclass(slots=True)
class _Failures:
    """Times of failures by key, at most as many as the limit, oldest first."""

    times: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def recent(self, key: str, now: datetime) -> deque[datetime]:
        found = self.times.get(key, deque())
        while found and found[0] <= now - WINDOW:
            found.popleft()
        return found

    def note(self, key: str, limit: int, now: datetime) -> None:
        found = self.times.setdefault(key, deque(maxlen=limit))
        found.append(now)
        self.times.move_to_end(key)
        while len(self.times) > MOST:
            self.times.popitem(last=False)


_failures = _Failures()


def count(hub: Hub, attempt: Attempt) -> None:
    """Count an attempt before it is checked, so that many at once gain nothing. Raises `TooMany`."""
    now = hub.clock()
    limits = attempt.limits(hub.node)
    for key, limit in limits:
        recent = _failures.recent(key, now)
        if len(recent) >= limit:
            wait = int((recent[0] + WINDOW - now).total_seconds()) + 1
            raise TooMany(f"There were too many wrong passwords; try again in {wait} seconds.", retry_after=wait)
    for key, limit in limits:
        _failures.note(key, limit, now)


def forgive(hub: Hub, attempt: Attempt) -> None:
    """Take the attempt back, because the password was right or could not be checked."""
    (account, _), (address, _) = attempt.limits(hub.node)
    _failures.times.pop(account, None)
    if others := _failures.times.get(address):
        others.pop()
