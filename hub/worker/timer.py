"""The loop that starts what schedules have due; every node runs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from hub.context import Hub
from hub.services import firing
from hub.services.outages import met

logger = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between looks: an occurrence starts within so many of its moment, and the system clock may jump."""
ROUNDS = 100
"""Batches of one look; what is left is found by the next."""
CHECKS = 4
"""Repositories that are asked for new commits at once."""


async def fire_forever(hub: Hub) -> None:
    """Start what is due, again and again. A failing database costs a round, never the loop."""
    timer = Timer(hub)
    try:
        while True:
            try:
                await timer.once()
            except Exception as error:
                met(error)
                logger.exception("An error while looking for due schedules; it is tried again.")
                await asyncio.sleep(1)
            await asyncio.sleep(LOOK)
    finally:
        await timer.aclose()


class Timer:
    """Fires what is due, and has the repositories that are watched asked beside."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(CHECKS)

    async def once(self) -> None:
        """Fire what is due now, and what comes due by that, as with occurrences that are made up for."""
        seen: set[tuple[int, datetime | None]] = set()
        for _ in range(ROUNDS):
            batch = await firing.due(self._hub)
            fresh = [one for one in batch if (one.id, one.next_run_at) not in seen]
            if not fresh:  # what is left could not be moved on, and waits for the next look
                return
            seen.update((one.id, one.next_run_at) for one in fresh)
            for schedule in fresh:
                if check := await firing.fire(self._hub, schedule):
                    self._begin(schedule.id, check)

    async def settle(self) -> None:
        """Wait until every repository has answered."""
        await asyncio.gather(*self._asking.values())

    async def aclose(self) -> None:
        """Ask no more; who was being asked is asked again at the next occurrence."""
        asking = list(self._asking.values())
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _begin(self, schedule_id: int, check: Callable[[], Awaitable[None]]) -> None:
        """Ask beside; a repository that has not answered yet is not asked again for the same schedule."""
        if schedule_id in self._asking:
            return
        self._asking[schedule_id] = asking = asyncio.create_task(self._ask(check))
        asking.add_done_callback(lambda _: self._asking.pop(schedule_id, None))

    async def _ask(self, check: Callable[[], Awaitable[None]]) -> None:
        async with self._turns:
            try:
                await check()
            except Exception:
                logger.exception("A repository could not be checked for new commits; it is tried again.")
