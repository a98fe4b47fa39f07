"""The loop of retention; every node runs it, and one of them does the work."""

from __future__ import annotations

import asyncio
import logging

from hub.context import Hub
from hub.services import retention_round
from hub.services.outages import met

logger = logging.getLogger(__name__)

FIRST = 30.0
"""Seconds after the start until the first look: people who wait for the hub come first."""


async def tidy_forever(hub: Hub) -> None:
    """Remove and archive what is due, again and again. A failing database or store costs a round, never the loop."""
    await asyncio.sleep(FIRST)
    while True:
        try:
            for project_id, went in (await retention_round.run(hub) or {}).items():
                logger.info("Retention: %d tasks and %d logs of project %d went.", went.tasks, went.logs, project_id)
        except Exception as error:
            met(error)
            logger.exception("An error while removing what is over the limits; it is tried again.")
        await asyncio.sleep(retention_round.ROUND.total_seconds())
