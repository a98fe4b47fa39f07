"""How the hub is: every part of it with a light, a reason and figures, for administrators and for what watches them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

from hub.context import Hub
from hub.services import health_counts, health_seams
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.health_part import BAD, OK, UNKNOWN, WARN, Part

logger = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds that each part has to answer."""

_ORDER: Final = (OK, WARN, UNKNOWN, BAD)
_BEGAN: Final = time.monotonic()

_PARTS: Final[dict[str, Callable[[Hub], Awaitable[Part]]]] = {
    "database": health_seams.database,
    "queue": health_seams.queue,
    "workers": health_counts.workers,
    "tasks": health_counts.tasks,
    "storage": health_seams.storage,
    "upkeep": health_counts.upkeep,
    "schedules": health_counts.schedules,
    "deliveries": health_counts.deliveries,
    "notices": health_counts.notices,
    "keys": health_counts.keys,
    "plugins": health_seams.plugins,
}


async def health(hub: Hub, actor: Actor) -> dict[str, Any]:
    """Look at every part at once; `state` is that of the worst."""
    require_admin(actor)
    parts = await asyncio.gather(*(_look(hub, name) for name in _PARTS))
    node = health_seams.node(hub, time.monotonic() - _BEGAN)
    return {
        "state": max((part.state for part in parts), key=_ORDER.index),
        "node": node,
        "parts": [asdict(part) for part in parts],
    }


async def _look(hub: Hub, name: str) -> Part:
    """Ask one part; whatever happens there, the others are told all the same."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _PARTS[name](hub)
    except Exception as error:  # noqa: BLE001 - a part that cannot be looked at is told as such
        logger.warning("The health of the %s cannot be looked at (%s).", name, type(error).__name__)
        return Part(name, BAD if name == "database" else UNKNOWN, "away")
