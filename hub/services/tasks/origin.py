"""Which trace a task belongs to: noted with its launch where launches are traced, and read by its worker."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub import traces
from hub.db import column
from hub.models import TaskResult

TRACE: Final = "trace"
"""Kind of the row among a task's results; it is the hub's own and stands in no list."""


async def note(task_id: int, now: datetime) -> None:
    """Trace the launch of a task, and keep what its own spans are to be a part of, in the unit under way."""
    if parent := traces.launch(task_id):
        await TaskResult.create(task_id=task_id, kind=TRACE, created=now, data={"traceparent": parent})


async def of(task_id: int) -> str:
    """Return what was noted; empty when the launch was not traced, and when nothing is here."""
    if not traces.active():
        return ""
    found = await column(TaskResult.filter(task_id=task_id, kind=TRACE).limit(1), "data")
    return str(found[0].get("traceparent", "")) if found else ""
