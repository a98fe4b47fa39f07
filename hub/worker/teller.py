"""Says in a task's log what befell its programs beside what they say themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from hub.worker.notes import Notes

logger = logging.getLogger(__name__)

LONGEST: Final = 1.0
"""Seconds that a line may wait for room in the log: no end of a program waits for a database that is away."""

MUTE: Final = "The program closed its output and goes on; the hub waits for its end."


class Teller:
    """Writes to one log. What cannot be written is no reason to leave a program running."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def mute(self) -> None:
        """Tell that a program which runs has closed its output."""
        await self._say(MUTE)

    async def stopping(self, count: int, grace: float) -> None:
        """Tell how many processes are about to be ended."""
        others = "a process" if count == 2 else f"{count - 1} processes"
        more = f", with {others} that it started," if count > 1 else ""
        await self._say(f"The program{more} is " + (f"told to end within {grace:g} s." if grace else "killed."))

    async def left(self, pids: Collection[int]) -> None:
        """Tell which processes could not be ended."""
        await self._say(
            f"Processes of this task could not be ended: {', '.join(map(str, sorted(pids)))}. They belong to another"
            " user, or hang in the kernel; end them by hand on the worker."
        )

    async def _say(self, text: str) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                await self._notes.line(text)
        except Exception as error:  # noqa: BLE001 - who stores the log learns of it, and says so
            logger.warning("A line of a task's log was not written: %s", error)
