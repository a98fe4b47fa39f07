"""Schedules of a hub whose clock stands still until it is moved, and the looks at what is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.context import Hub
from hub.db import column
from hub.models import Event, Schedule, Task
from hub.services import schedules
from hub.services.schedules import ScheduleDraft
from hub.testing.scene import Scene
from hub.worker.main import work
from hub.worker.timer import Timer

MONDAY = datetime(2026, 3, 2, 11, tzinfo=UTC)


class Clock:
    """A hub's clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


async def made(timed: Scene, **members: Any) -> Schedule:
    """Make a schedule that is due at every full hour, unless said otherwise."""
    template = members.pop("template", None) or await timed.template("hello.sh", allow_parallel_tasks=True)
    body = {"template_id": template.id, "name": "Hourly", "cron_format": "0 * * * *", "active": True} | members
    found = await schedules.create_schedule(timed.hub, timed.actor, timed.project.id, ScheduleDraft.read(body))
    return await Schedule.get(id=found["id"])


async def tick(hub: Hub) -> None:
    timer = Timer(hub)
    await timer.once()
    await timer.settle()


@asynccontextmanager
async def answering(hub: Hub) -> AsyncIterator[None]:
    """A worker that answers questions; it has the real time, for its leases."""
    worker = asyncio.create_task(work(hub))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def started(schedule: Schedule) -> int:
    return await Task.filter(schedule_id=schedule.id).count()


async def told(schedule: Schedule) -> list[str]:
    query = Event.filter(object_type="schedule", object_id=schedule.id).order_by("id")
    return [str(one) for one in await column(query, "description")]
