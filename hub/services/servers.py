"""Which servers there are, so that one which is gone without a word is told of by another, or by its successor."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from hub.context import Hub
from hub.db import execute, rows, unit
from hub.services import election
from hub.services.actor import SYSTEM
from hub.services.events import record

logger = logging.getLogger(__name__)

SILENCE: Final = timedelta(seconds=10)
"""For so long a server may say nothing before it counts as gone."""

FAREWELL: Final = 2.0
"""Seconds that saying good-bye may take: an end does not wait for a database that is away."""

PREFIX: Final = "server/"
"""Begins the names of the locks by which servers are known."""

_SILENT = 'SELECT "name", "until" FROM "node_lock" WHERE "name" LIKE ? AND "until" < ?'
_FORGET = 'DELETE FROM "node_lock" WHERE "name" = ? AND "until" = ?'


class Known:
    """One server among others."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: datetime | None = None
        self._sure_from = hub.clock()

    async def look(self) -> None:
        """Say that this server is there; write an event for each other one that says nothing any more.

        Whoever did not look for a while, as after an outage of the database, first gives the others time to be heard.
        """
        now = self._hub.clock()
        await election.take(self._hub, PREFIX + self._hub.node, SILENCE)
        if self._last is not None and not timedelta(0) <= now - self._last <= SILENCE / 2:
            self._sure_from = now + SILENCE
        self._last = now
        if now < self._sure_from:
            return
        for row in await rows(_SILENT, [f"{PREFIX}%", now], times=("until",)):
            await self._tell(row["name"], row["until"])

    async def leave(self) -> None:
        """Say good-bye. Never raises."""
        try:
            async with asyncio.timeout(FAREWELL):
                await execute('DELETE FROM "node_lock" WHERE "name" = ?', [PREFIX + self._hub.node])
        except Exception as error:  # noqa: BLE001 - whatever it is, the others take this server for gone in time
            logger.warning("This server could not say that it ends: %s", error)

    async def _tell(self, name: str, until: datetime) -> None:
        async def work() -> None:
            if await execute(_FORGET, [name, until]):  # else another server has told, or it is back
                node, seconds = name.removeprefix(PREFIX), SILENCE.total_seconds()
                text = f"Server {node} was killed, or cut off: it was not heard of for {seconds:.0f} s"
                await record(self._hub, SYSTEM, "system", None, text, project_id=None)

        await unit(work)
