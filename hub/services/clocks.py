"""Notices that the clock of this machine jumped, and tells of it: times of tasks and schedules are by that clock."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from hub.context import Hub
from hub.db import unit
from hub.services.actor import SYSTEM
from hub.services.events import record

JUMP: Final = 5.0
"""Seconds by which the clock goes wrong at once before it is worth telling; less is set right all the time."""


class Watch:
    """Holds the clock of one process against the one that never jumps."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: tuple[datetime, float] | None = None

    async def look(self, now: datetime) -> None:
        """Write an event when more, or less, time went by than can have gone by since the last look."""
        steady = time.monotonic()
        last, self._last = self._last, (now, steady)
        if last is None:
            return
        jump = (now - last[0]).total_seconds() - (steady - last[1])
        if abs(jump) < JUMP:
            return
        way = "forward" if jump > 0 else "back"
        text = f"The clock of {self._hub.node} jumped {way} by {abs(jump):.0f} s; no task was ended for it"

        async def work() -> None:
            await record(self._hub, SYSTEM, "system", None, text, project_id=None)

        await unit(work)
