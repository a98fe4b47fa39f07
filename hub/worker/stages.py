"""The stages of one run: kept when it ends, and told before that once it is clear that the run is no short one."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from hub.context import Hub
from hub.services.tasks import finish, stages
from hub.services.tasks.brief import Brief
from hub.services.tasks.results import STAGES
from hub.worker.notes import Notes
from hub.worker.patience import insist

logger = logging.getLogger(__name__)

PATIENCE = 0.75
"""Seconds that the first stage lasts before anything is told: a short task writes nothing but its end."""
MOMENT = 0.1
"""Seconds from then on, so that stages that follow each other at once are told together."""


class Stages:
    """Those of one run, the last one under way."""

    def __init__(self, hub: Hub, brief: Brief, notes: Notes) -> None:
        self._hub = hub
        self._brief = brief
        self._notes = notes
        self._list: list[dict[str, Any]] = []
        self._due: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None
        self._told = False

    def begin(self, name: str) -> None:
        """Begin one with the next line of the log; the one before ends."""
        now = self._hub.clock().isoformat()
        self._end(now)
        self._list.append({"name": name, "start": now, "end": None, "first_line": self._notes.next_line})
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(MOMENT if self._told else PATIENCE, self._is_due)

    async def close(self) -> finish.Result | None:
        """End the last one; return what is stored with the end of the run, None where it is stored already."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._end(self._hub.clock().isoformat())
        if self._telling is not None:
            await asyncio.wait({self._telling})
        if not self._list:
            return None
        if not self._told:
            return STAGES, self._shown()
        await insist(f"Storing the stages of task {self._brief.task_id}", self._tell)
        return None

    def _is_due(self) -> None:
        if self._telling is not None and not self._telling.done():  # a slow database: all is told when it answers
            self._due = asyncio.get_running_loop().call_later(MOMENT, self._is_due)
            return
        self._due = None
        self._told = True
        self._telling = asyncio.create_task(self._try(), name=f"stages of task {self._brief.task_id}")

    async def _try(self) -> None:
        try:
            await self._tell()
        except Exception as error:  # noqa: BLE001 - whatever it is, they are told again with the next one, and at the end
            logger.warning("The stages of task %s could not be told yet: %s", self._brief.task_id, error)

    async def _tell(self) -> None:
        await stages.tell(self._hub, self._brief.task_id, self._shown())

    def _shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self._notes.masker.hide({"stages": self._list})
        return shown

    def _end(self, now: str) -> None:
        if self._list and self._list[-1]["end"] is None:
            self._list[-1]["end"] = now
