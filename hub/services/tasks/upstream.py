"""The tasks that a deployment stands on: its build, and the deployments between."""

from __future__ import annotations

from hub.db import rows

_FARTHEST = 20
"""Tasks that are looked at; a chain of deployments is two or three long."""

_ABOVE = 'SELECT "build_task_id" FROM "task" WHERE "id" = ?'


async def upstream(build_task_id: int | None) -> list[int]:
    """Return the chain of tasks from a deployment's own build task on, the nearest first."""
    chain: list[int] = []
    at = build_task_id
    while at is not None and at not in chain and len(chain) < _FARTHEST:
        chain.append(at)
        found = await rows(_ABOVE, [at])
        at = found[0]["build_task_id"] if found else None
    return chain
