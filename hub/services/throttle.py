"""Slows down who guesses passwords: failures are counted for an address, and for an account from an address.

Nobody can lock somebody else out from elsewhere: an account alone is never counted. All nodes of a hub count together;
what is counted is forgotten after some minutes, and nothing has to be unlocked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from hub.context import Hub
from hub.errors import TooMany
from hub.tally import Charge

WINDOW: Final = timedelta(minutes=5)
"""How long it takes until all attempts are back."""
PER_ACCOUNT: Final = 10
"""Failures for one account from one address."""
PER_ADDRESS: Final = 100
"""Failures from one address, whatever the account; a proxy or an office may stand behind it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries what."""

    account: str
    address: str

    def charges(self) -> tuple[Charge, Charge]:
        """Name the counts that this attempt is part of: the account from the address, and the address."""
        account = hashlib.sha256(self.account.encode("utf-8", "replace")).hexdigest()
        window, address = WINDOW.total_seconds(), self.address[:64]
        return (
            Charge(f"guess {address} {account}", PER_ACCOUNT, window),
            Charge(f"guess {address}", PER_ADDRESS, window),
        )


async def count(hub: Hub, attempt: Attempt) -> None:
    """Count an attempt before it is checked, so that many at once gain nothing. Raises `TooMany`."""
    if wait := ceil(await hub.tally.take(attempt.charges(), hub.clock())):
        raise TooMany(f"There were too many wrong passwords; try again in {wait} seconds.", retry_after=wait)


async def forgive(hub: Hub, attempt: Attempt) -> None:
    """Take the attempt back, because the password was right or could not be checked."""
    account, address = attempt.charges()
    await hub.tally.forget(account.key)
    await hub.tally.give_back(address, hub.clock())
