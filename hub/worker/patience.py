"""Trying again while the database is away: what a task said, and how it ended, must not be lost with it. W-35."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hub.services.outages import trying
from hub.services.tasks.moves import LeaseLost

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES = (0.1, 0.5, 1, 2, 5, 5, 5, 5, 5, 5, 10, 10, 10, 10)
"""Seconds between tries."""


async def insist(what: str, verb: Callable[[], Awaitable[T]]) -> T:
    """Call `verb` until it works, for more than a minute; the last error is raised, and `LeaseLost` at once."""
    with trying() as met:
        for pause in PAUSES:
            try:
                return await verb()
            except LeaseLost:
                raise
            except Exception as error:  # noqa: BLE001 - a database may fail in many ways
                met(error)
                logger.warning("%s did not work yet: %s", what, error)
            await asyncio.sleep(pause)
        return await verb()
