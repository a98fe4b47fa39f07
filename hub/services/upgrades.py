"""Tells in the audit which node brought the database up to date: of several that start together, one does."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hub.context import Hub
from hub.db import unit
from hub.services.actor import SYSTEM
from hub.services.events import record

logger = logging.getLogger(__name__)


async def tell(hub: Hub, applied: Sequence[str]) -> None:
    """Write an event about migrations that this node has applied; none for none."""
    if not applied:
        return
    logger.info("The database was brought up to date: %s.", ", ".join(applied))

    async def work() -> None:
        text = f"The database was brought up to {applied[-1]} by {hub.node}"
        await record(hub, SYSTEM, "system", None, text, project_id=None)

    await unit(work)
