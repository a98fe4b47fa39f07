"""What a run may know of hosts, and keep for itself: facts of earlier runs, and hosts that no other task touches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.plugin import Refused, Stopped
from hub.services import host_facts
from hub.services.tasks import holds
from hub.services.tasks.brief import Brief
from hub.services.tasks.holds import Taken
from hub.worker.notes import Notes

_LOOK = 2.0
"""Seconds after which it looks by itself: a task may end without a ring."""


@dataclass(slots=True)
class LiveHosts:
    """The hosts of one run."""

    hub: Hub
    brief: Brief
    notes: Notes
    halted: asyncio.Event
    held: set[str] = field(default_factory=set)

    async def facts(self, hosts: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Return what hosts of the inventory last told of themselves."""
        return await host_facts.known(self._inventory_id, hosts)

    async def note(self, data: Mapping[str, Any]) -> None:
        """Keep what hosts told of themselves in this run."""
        await host_facts.note(self.hub, self.brief.task_id, self._inventory_id, data)

    async def hold(self, names: Sequence[str]) -> None:
        """Wait until all are free, telling what for. Raises `Refused` when that takes too long, `Stopped` when told."""
        brief, said = self.brief, ""
        wanted = sorted(self.held.union(names))
        clock = asyncio.get_running_loop().time
        deadline = clock() + brief.queue_limit if brief.queue_limit else None
        async with self.hub.bell.listen(holds.free_topic(brief.project_id)) as ears:
            while not self.halted.is_set():
                taken = await holds.take(self.hub, brief.project_id, brief.task_id, wanted)
                if taken is None:
                    self.held = set(wanted)
                    if said:
                        await holds.say(self.hub, brief.project_id, brief.task_id, "")
                    return
                if deadline is not None and clock() >= deadline:
                    raise Refused(f"{taken.sentence} This task waited for it as long as its template lets it wait.")
                said = await self._say(taken, said)
                await _either(asyncio.create_task(ears.wait(_LOOK)), asyncio.create_task(self.halted.wait()))
        raise Stopped

    async def release(self) -> None:
        """Let go of everything."""
        if self.held:
            self.held.clear()
            await holds.release(self.hub, self.brief.project_id, self.brief.task_id)

    async def _say(self, taken: Taken, before: str) -> str:
        if taken.sentence != before:
            await self.notes.line(f"{taken.sentence} This task waits for it.")
            await holds.say(self.hub, self.brief.project_id, self.brief.task_id, taken.sentence)
        return taken.sentence

    @property
    def _inventory_id(self) -> int | None:
        return self.brief.inventory.id if self.brief.inventory else None


async def _either(*waits: asyncio.Task[Any]) -> None:
    """Wait for one of them, and end all."""
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
