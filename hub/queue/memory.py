"""The queue inside one process: what a hub uses that runs its tasks itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from hub.queue import Gate, Work
from hub.queue.calls import Calls


class MemoryQueue:
    """Lanes in memory.

    A lane that nobody serves keeps its numbers until somebody does. It holds a number once while that waits, so it
    never grows beyond the count of the things that are numbered.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, dict[int, None]] = {}
        self._servers: list[tuple[frozenset[str], asyncio.Event]] = []

    async def send(self, lane: str, number: int) -> None:
        """Hand over `number`."""
        self._waiting.setdefault(lane, {})[number] = None
        for lanes, woken in self._servers:
            if lane in lanes:
                woken.set()

    async def ping(self) -> None:
        """Return: memory is always there."""

    async def forgot(self) -> bool:
        """Return False: what forgets here ends as a whole."""
        return False

    async def serve(self, lanes: Sequence[str], work: Work, *, slots: int, gate: Gate | None = None) -> None:
        """Call `work` for each message of these lanes; see `hub.queue.Queue`."""
        woken = asyncio.Event()
        calls = Calls(work, slots=slots, freed=woken.set, gate=gate)
        turns = deque(dict.fromkeys(lanes))
        server = (frozenset(turns), woken)
        self._servers.append(server)
        try:
            while True:
                woken.clear()
                while calls.free and (message := self._take(turns)):
                    calls.reserve()
                    calls.begin(*message)
                await woken.wait()
        finally:
            self._servers.remove(server)
            await calls.drain()

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _take(self, turns: deque[str]) -> tuple[str, int] | None:
        """Take the oldest number of the next lane that has one; lanes take turns, so that none starves another."""
        for _ in range(len(turns)):
            lane = turns[0]
            turns.rotate(-1)
            if waiting := self._waiting.get(lane):
                number = next(iter(waiting))
                del waiting[number]
                if not waiting:
                    del self._waiting[lane]
                return lane, number
        return None
