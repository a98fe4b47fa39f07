"""Names that tasks of a project hold for themselves, such as hosts: no other task gets them until the first has ended.

They are rows of `node_lock`. A name is free when its time is over, or when the task that holds it does not run any
more: a worker that was killed holds nothing up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from hub.context import Hub
from hub.db import column, exclusive, execute, unit
from hub.models import NodeLock, Task
from hub.services.tasks.leases import LEASE
from hub.services.tasks.moves import LeaseLost, held, topic
from hub.services.tasks.states import HELD

_PREFIX: Final = "host:"
_OWNER: Final = "task:"
_STEP: Final = 500
"""Rows of one statement."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Why a task has to wait."""

    name: str
    task_id: int

    @property
    def sentence(self) -> str:
        """Return it for people."""
        return f"Host {self.name} is used by task {self.task_id}."


def free_topic(project_id: int) -> str:
    """Bell topic that rings when a task of the project lets go of its names."""
    return f"holds/{project_id}"


async def take(hub: Hub, project_id: int, task_id: int, names: Sequence[str]) -> Taken | None:
    """Hold all of the names for a task of this worker, or none of them: then the first that is taken is returned.

    Raises `LeaseLost` for a task of another worker.
    """
    digests = {_digest(project_id, name): name for name in names}

    async def work() -> Taken | None:
        await held(hub, task_id)
        await exclusive(f"holds {project_id}")
        standing: list[NodeLock] = []
        wanted = list(digests)
        for start in range(0, len(wanted), _STEP):
            standing += await NodeLock.filter(name__in=wanted[start : start + _STEP])
        others = {lock.owner for lock in standing if lock.owner != _owner(task_id) and _lasts(hub, lock)}
        running = await _running(others)
        for lock in standing:
            if lock.owner in running and _lasts(hub, lock):
                return Taken(digests[lock.name], running[lock.owner])
        for start in range(0, len(standing), _STEP):
            await NodeLock.filter(name__in=[lock.name for lock in standing[start : start + _STEP]]).delete()
        until = hub.clock() + LEASE
        await NodeLock.bulk_create([NodeLock(name=one, owner=_owner(task_id), until=until) for one in wanted])
        return None

    return await unit(work) if digests else None


async def renew(hub: Hub, task_ids: Collection[int]) -> None:
    """Let tasks that run here hold what they hold for another lease."""
    owners = [_owner(task_id) for task_id in task_ids]
    await NodeLock.filter(owner__in=owners, name__startswith=_PREFIX).update(until=hub.clock() + LEASE)


async def release(hub: Hub, project_id: int, task_id: int) -> None:
    """Let go of all that a task holds, and of what nobody holds any more."""
    await NodeLock.filter(owner=_owner(task_id), name__startswith=_PREFIX).delete()
    await NodeLock.filter(until__lt=hub.clock() - LEASE, name__startswith=_PREFIX).delete()
    await hub.bell.ring(free_topic(project_id))


async def say(hub: Hub, project_id: int, task_id: int, reason: str) -> None:
    """Let people see what a task of this worker waits for; empty text when it goes on. Raises `LeaseLost`."""
    if not await execute(_SAY, [reason[:250], task_id, hub.node]):
        raise LeaseLost
    await hub.bell.ring(topic(project_id, task_id))


_SAY: Final = 'UPDATE "task" SET "reason" = ? WHERE "id" = ? AND "lease_owner" = ?'


async def _running(owners: Collection[str]) -> dict[str, int]:
    ids = [int(owner.removeprefix(_OWNER)) for owner in owners if owner.startswith(_OWNER)]
    found = await column(Task.filter(id__in=ids, status__in=list(HELD)), "id") if ids else []
    return {_owner(task_id): task_id for task_id in found}


def _lasts(hub: Hub, lock: NodeLock) -> bool:
    return lock.until is not None and lock.until >= hub.clock()


def _owner(task_id: int) -> str:
    return f"{_OWNER}{task_id}"


def _digest(project_id: int, name: str) -> str:
    return _PREFIX + hashlib.sha256(f"{project_id}/{name}".encode()).hexdigest()[:40]
