"""The calls under way of one `serve`: counts its slots, keeps its tasks, outlives their errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hub.queue import Gate, Work

_log = logging.getLogger(__name__)


class Calls:
    """Runs `work` in tasks of its own, so that cancelling the server does not reach them.

    A slot is taken by `reserve` before a message leaves its lane, and used by `begin` or returned by `give_back`.
    """

    def __init__(self, work: Work, *, slots: int, freed: Callable[[], None], gate: Gate | None = None) -> None:
        if slots < 1:
            raise ValueError(f"A server needs at least one slot, not {slots}.")
        self._work = work
        self._free = slots
        self._freed = freed
        self._gate = gate or Gate()
        self._gate.tell(freed)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        """How many messages may be taken now."""
        return 0 if self._gate.shut else self._free

    def reserve(self) -> None:
        """Take a slot for a message that is about to be taken."""
        assert self._free > 0
        self._free -= 1

    def give_back(self) -> None:
        """Return a slot that was reserved, or whose call has ended."""
        self._free += 1
        self._freed()

    def begin(self, lane: str, number: int) -> None:
        """Start the call for which a slot was reserved."""
        task = asyncio.create_task(self._call(lane, number), name=f"{lane} {number}")
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def drain(self) -> None:
        """Wait until no call is under way. Cancelling this stops the waiting, not the calls."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _call(self, lane: str, number: int) -> None:
        try:
            await self._work(lane, number)
        except Exception:  # noqa: BLE001 - whatever one message does, the next is served
            _log.exception("Number %d of lane %s failed with an error that its work did not expect.", number, lane)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.give_back()
