"""How a worker is known: it tells of itself again and again, and hears whether it is to take nothing new."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Sequence

from hub.context import Hub
from hub.queue import Gate
from hub.services import workers
from hub.services.outages import met
from hub.services.workers import Said

logger = logging.getLogger(__name__)

BEAT = 5.0
"""Seconds between two words of a worker."""

FAREWELL = 5.0
"""Seconds that saying good-bye may take; who is not heard of is taken off the list in time."""


class Presence:
    """One worker on the list."""

    def __init__(self, hub: Hub, tags: Sequence[str], slots: int, isolation: str) -> None:
        self._hub = hub
        self._said = Said(socket.gethostname(), tuple(tags), slots, isolation)
        self._ending = False
        self.gate = Gate()
        """Shut while the worker is drained."""

    async def look(self) -> None:
        """Tell that this worker is there, and do as its row says."""
        drained = await workers.tell(self._hub, self._said)
        if self._ending or drained == self.gate.shut:
            return
        if drained:
            self.gate.close()
        else:
            self.gate.open()
        logger.info("This worker takes %s.", "nothing new" if drained else "tasks again")

    async def keep(self) -> None:
        """Do so until cancelled. A failing database costs one round."""
        async with self._hub.bell.listen(workers.topic(self._hub.node)) as ears:
            while True:
                try:
                    await self.look()
                except Exception as error:
                    met(error)
                    logger.exception("This worker could not tell that it is there; it is tried again.")
                await ears.wait(BEAT)

    async def leave(self) -> None:
        """Take nothing new from now on."""
        self._ending = True
        self.gate.close()
        await self._say(workers.leave(self._hub))

    async def forget(self) -> None:
        """Take this worker off the list."""
        await self._say(workers.forget(self._hub.node))

    async def _say(self, word: Awaitable[None]) -> None:
        """Try once: an end does not wait for a database that is away."""
        try:
            async with asyncio.timeout(FAREWELL):
                await word
        except Exception as error:  # noqa: BLE001 - whatever it is, the sweep of another node does it in time
            logger.warning("This worker could not say that it ends: %s", error)
