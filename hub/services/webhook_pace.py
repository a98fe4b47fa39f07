"""Slows down who sends too many webhooks: by address of the hub and sender, and by sender alone.

Each count is a bucket that refills steadily, so a burst passes and a flood does not. The counts live in this process
and are bounded.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from math import ceil
from typing import Final

from hub.context import Hub
from hub.errors import TooMany

PER_ALIAS: Final = 120
"""Requests a minute from one sender to one address of the hub."""
PER_SENDER: Final = 600
"""Requests a minute from one sender, whatever the address; a forge behind one address serves many projects."""
MOST: Final = 10_000
"""Buckets that are remembered; the one unused for longest makes room, and is full again by then."""

_buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()


def count(hub: Hub, alias: str, sender: str) -> None:
    """Count a request before anything is looked at. Raises `TooMany`."""
    now = hub.clock()
    named = hashlib.sha256(alias.encode("utf-8", "replace")).hexdigest()
    for key, limit in ((f"{hub.node} {sender}", PER_SENDER), (f"{hub.node} {sender} {named}", PER_ALIAS)):
        left, since = _buckets.get(key, (float(limit), now))
        left = min(float(limit), left + max((now - since).total_seconds(), 0.0) * limit / 60)
        if left < 1:
            wait = ceil((1 - left) * 60 / limit)
            raise TooMany(f"There were too many requests; try again in {wait} seconds.", retry_after=wait)
        _buckets[key] = (left - 1, now)
        _buckets.move_to_end(key)
    while len(_buckets) > MOST:
        _buckets.popitem(last=False)
