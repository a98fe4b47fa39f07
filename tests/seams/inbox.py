"""Work that tells a test what arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from hub.queue import TASKS, Queue, Work

PATIENCE = 20.0


class Inbox:
    """Work that notes what arrived and may be held up."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, int]] = []
        self.ended: list[tuple[str, int]] = []
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Condition()

    async def work(self, lane: str, number: int) -> None:
        self.arrived.append((lane, number))
        self.most_at_once = max(self.most_at_once, len(self.arrived) - len(self.ended))
        await self._tell()
        await self.gate.wait()
        self.ended.append((lane, number))
        await self._tell()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def serving(
    queue: Queue, work: Work, *, lanes: Sequence[str] = (TASKS,), slots: int = 4
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(queue.serve(lanes, work, slots=slots))
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
