"""Who wants to hear what: the active channels, remembered, so that news that nobody wants costs no statement.

A change forgets them on every node, by a bell. Should a ring be lost, they are read anew after a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from hub.context import Hub
from hub.db import on_commit
from hub.models import Channel

CHANGED: Final = "notices/channels"
"""Bell topic of changed channels."""
FRESH: Final = 5.0
"""Seconds after which they are read anew."""
_HUBS: Final = 32


@dataclass(frozen=True, slots=True)
class Listener:
    """An active channel, and what it wants to hear."""

    id: int
    project_id: int | None
    """None for the whole hub."""
    events: frozenset[str]
    template_ids: frozenset[int] | None
    """None for all of them, and for what is of no template."""

    def wants(self, events: Collection[str], project_id: int | None, template_id: int | None) -> bool:
        """Whether it wants to hear one of these events."""
        if self.project_id is not None and self.project_id != project_id:
            return False
        if self.template_ids is not None and template_id not in self.template_ids:
            return False
        return not self.events.isdisjoint(events)


_known: dict[str, tuple[float, tuple[Listener, ...]]] = {}


async def hearing(
    hub: Hub, events: Collection[str], project_id: int | None, template_id: int | None = None
) -> list[Listener]:
    """Return the channels that want to hear one of these events."""
    return [one for one in await everybody(hub) if one.wants(events, project_id, template_id)]


async def everybody(hub: Hub) -> tuple[Listener, ...]:
    """Return every active channel."""
    known = _known.get(hub.node)
    now = time.monotonic()
    if known is not None and now - known[0] < FRESH:
        return known[1]
    found = await Channel.filter(active=True).order_by("id").values("id", "project_id", "events", "template_ids")
    listeners = tuple(
        Listener(
            row["id"], row["project_id"], frozenset(row["events"]),
            None if row["template_ids"] is None else frozenset(row["template_ids"]),
        )
        for row in found
    )  # fmt: skip
    if len(_known) >= _HUBS:
        _known.clear()
    _known[hub.node] = (now, listeners)
    return listeners


def forget(hub: Hub) -> None:
    """Read them anew the next time."""
    _known.pop(hub.node, None)


async def changed(hub: Hub) -> None:
    """Make every node read them anew, once the unit under way is committed."""

    async def ring() -> None:
        forget(hub)
        await hub.bell.ring(CHANGED)

    await on_commit(ring)
