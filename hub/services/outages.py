"""Tells of outages in the audit, once what was away is back: while it is away, only the log and `/readyz` can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Final

from hub.context import Hub
from hub.db import rows, unit
from hub.services.actor import SYSTEM
from hub.services.events import record

PATIENCE: Final = 3.0
"""Seconds that each part has to answer."""


class Outages:
    """What one node could not reach, and since when."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._since: dict[str, datetime] = {}

    async def look(self) -> None:
        """Ask the database and the queue; write an event for each that answers again after it did not."""
        now = self._hub.clock()
        answers = {"database": await _answers(rows("SELECT 1 AS one")), "queue": await _answers(self._hub.queue.ping())}
        for part, fine in answers.items():
            if not fine:
                self._since.setdefault(part, now)
        if not answers["database"]:
            return
        for part in [one for one in self._since if answers[one]]:
            await self._tell(part, (now - self._since[part]).total_seconds())
            del self._since[part]

    async def _tell(self, part: str, seconds: float) -> None:
        async def work() -> None:
            text = f"The {part} did not answer {self._hub.node} for {seconds:.0f} seconds; it does again"
            await record(self._hub, SYSTEM, "system", None, text, project_id=None)

        await unit(work)


async def _answers(asked: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await asked
    except Exception:  # noqa: BLE001 - whatever it is, there was no answer; who needed one has logged why
        return False
    return True
