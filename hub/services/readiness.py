"""Whether this node can serve people now: its database answers and has the right tables, and the queue takes work."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Final

from hub.context import Hub
from hub.db import rows

logger = logging.getLogger(__name__)

PATIENCE: Final = 3.0
"""Seconds that each part has to answer."""
SETTLED: Final = 30.0
"""Seconds for which tables that fit are not looked at again: it means walking the whole history."""


class Readiness:
    """Looks at the parts of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._settled_until = 0.0

    async def look(self) -> dict[str, str]:
        """Return a word for each part: `ok`, `away`, or how the tables stand to this hub."""
        asked = _word("database", rows("SELECT 1 AS one")), _word("queue", self._hub.queue.ping())
        database, queue = await asyncio.gather(*asked)
        if database == "ok" and time.monotonic() >= self._settled_until:
            tables = await _tables(self._hub)
            self._settled_until = time.monotonic() + SETTLED if tables == "ok" else 0.0
        else:
            tables = "ok" if database == "ok" else "unknown"
        return {"database": database, "migrations": tables, "queue": queue}


async def _word(part: str, asked: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await asked
    except Exception as error:  # noqa: BLE001 - whatever it is, this node cannot serve
        logger.warning("This node is not ready: the %s does not answer (%s).", part, type(error).__name__)
        return "away"
    return "ok"


async def _tables(hub: Hub) -> str:
    from hub.db import schema  # noqa: PLC0415 - tools of the history are heavy

    try:
        async with asyncio.timeout(PATIENCE):
            state = await schema.check(hub.settings.database)
    except Exception as error:  # noqa: BLE001 - whatever it is, this node cannot serve
        logger.warning("This node is not ready: its tables cannot be looked at (%s).", type(error).__name__)
        return "unknown"
    return "ok" if state is schema.State.CURRENT else state.value
