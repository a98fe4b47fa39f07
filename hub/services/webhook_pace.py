"""Slows down who sends too many webhooks: by address of the hub and sender, and by sender alone.

Each count is a bucket that refills steadily, so a burst passes and a flood does not. All nodes of a hub count together.
"""

from __future__ import annotations

import hashlib
from math import ceil
from typing import Final

from hub.context import Hub
from hub.errors import TooMany
from hub.tally import Charge

PER_ALIAS: Final = 120
"""Requests a minute from one sender to one address of the hub."""
PER_SENDER: Final = 600
"""Requests a minute from one sender, whatever the address; a forge behind one address serves many projects."""


async def count(hub: Hub, alias: str, sender: str) -> None:
    """Count a request before anything is looked at. Raises `TooMany`."""
    named = hashlib.sha256(alias.encode("utf-8", "replace")).hexdigest()
    charges = Charge(f"webhook {sender}", PER_SENDER, 60), Charge(f"webhook {sender} {named}", PER_ALIAS, 60)
    if wait := ceil(await hub.tally.take(charges, hub.clock())):
        raise TooMany(f"There were too many requests; try again in {wait} seconds.", retry_after=wait)
