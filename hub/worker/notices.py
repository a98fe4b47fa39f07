"""The loop of delivery: every node runs it, and each notice is sent by the one that claims it first."""

from __future__ import annotations

import asyncio
import logging

from hub.context import Hub
from hub.services.notices import delivery, listeners
from hub.services.outages import met

logger = logging.getLogger(__name__)

POLL = 5.0
"""Seconds after which it looks by itself, should a ring have been lost."""
FAILED = 2.0


async def deliver_forever(hub: Hub) -> None:
    """Send what is due, again and again. A failing database costs a round, never the loop."""
    async with hub.bell.listen("notices/") as ears:
        while True:
            try:
                while await delivery.deliver(hub):
                    pass
                pause = await _until_next(hub)
            except Exception as error:
                met(error)
                logger.exception("An error while sending notices; it is tried again.")
                await asyncio.sleep(FAILED)
                pause = 0.0
            for topic in await ears.wait(pause):
                if topic == listeners.CHANGED:
                    listeners.forget(hub)


async def _until_next(hub: Hub) -> float:
    due = await delivery.next_due()
    return POLL if due is None else min(max((due - hub.clock()).total_seconds(), 0.0), POLL)
