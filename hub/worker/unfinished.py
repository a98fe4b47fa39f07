"""Shows the line that a program is still writing: a few times a second at most, and only while it stays one line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from hub.context import Hub
from hub.services import log_now
from hub.services.log_now import Unfinished
from hub.services.tasks.moves import LeaseLost

logger = logging.getLogger(__name__)

PAUSE = 0.25
"""Seconds between two pictures; a line that ends within is never shown unfinished, so that quick logs cost nothing."""

_REST = 5.0
"""Seconds until the next try when it could not be shown."""


class Showing:
    """Looks at the unfinished line of one task while there is one. What cannot be shown is not worth stopping for."""

    def __init__(self, hub: Hub, task_id: int, look: Callable[[], Unfinished | None]) -> None:
        self._hub = hub
        self._task_id = task_id
        self._look = look
        self._shown: Unfinished | None = None
        self._running: asyncio.Task[None] | None = None

    def stir(self) -> None:
        """Say that there is an unfinished line."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name=f"unfinished line of task {self._task_id}")

    async def end(self, *, clear: bool) -> None:
        """Stop looking; forget what was shown, unless the task is somebody else's by now."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if clear and self._shown is not None:
            self._shown = None
            with contextlib.suppress(Exception):  # it is past by its number, too
                await log_now.clear(self._task_id)

    async def _run(self) -> None:
        line = -1
        try:
            while (now := self._look()) is not None:
                if now.line == line and now != self._shown:
                    await log_now.show(self._hub, self._task_id, now)
                    self._shown = now
                line = now.line
                await asyncio.sleep(PAUSE)
        except LeaseLost:
            pass  # who stores the lines is told, and ends the program
        except Exception:
            logger.warning("The unfinished line of task %s is not shown for now.", self._task_id, exc_info=True)
            await asyncio.sleep(_REST)
        finally:
            self._running = None
