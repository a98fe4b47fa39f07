"""Tasks of long ago, put into the database as they were left there."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Any

from hub.context import Hub
from hub.models import Task, TaskChunk, Template
from hub.testing.scene import Scene

LINES = 40
"""Lines of each chunk."""


async def old_task(scene: Scene, template: Template, *, days: float, chunks: int = 1, **columns: Any) -> int:
    """A task that ended so many days ago, with a log of so many chunks."""
    ended = scene.hub.clock() - timedelta(days=days)
    task = await Task.create(
        project=scene.project, template=template, **{"status": "success", "created": ended, "end": ended} | columns
    )
    size = 0
    for seq in range(chunks):
        data = zlib.compress("\n".join(line(task.id, seq * LINES + one) for one in range(LINES)).encode())
        await TaskChunk.create(
            task=task, seq=seq, first_line=seq * LINES, lines=LINES, time=moment(ended, seq), times=[[0, 0], [20, 500]],
            data=data,
        )  # fmt: skip
        size += len(data)
    await Task.filter(id=task.id).update(log_chunks=chunks, log_lines=chunks * LINES, log_bytes=size)
    return task.id


def line(task_id: int, number: int) -> str:
    """What stands in a line of its log; every seventh is red."""
    text = f"task {task_id} says {number}"
    return f"\x1b[31m{text}\x1b[0m" if number % 7 == 0 else text


def moment(ended: datetime, seq: int) -> datetime:
    """When the first line of a chunk was read."""
    return ended.replace(microsecond=0) + timedelta(seconds=seq)


async def kept(hub: Hub) -> list[int]:
    """The tasks that there are, the oldest first."""
    return [int(one) for one in await Task.all().order_by("id").values_list("id", flat=True)]
