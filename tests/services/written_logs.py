"""Logs that tests write by themselves, in chunks as small as they like."""

from __future__ import annotations

from hub.models import Task, TaskChunk
from hub.services import log
from hub.testing.scene import Scene


async def write_log(scene: Scene, task_id: int, lines: list[str], *, per_chunk: int = 500) -> None:
    """Give a task this log, whatever it had before."""
    await TaskChunk.filter(task_id=task_id).delete()
    await Task.filter(id=task_id).update(log_lines=0, log_chunks=0, lease_owner=scene.hub.node)
    for seq, first in enumerate(range(0, len(lines), per_chunk)):
        part = lines[first : first + per_chunk]
        piece = log.Piece("\n".join(part), len(part), scene.hub.clock())
        await log.append(scene.hub, scene.project.id, task_id, seq, first, piece)
    await Task.filter(id=task_id).update(lease_owner=None)
