"""Who runs what: leases on tasks, and what becomes of tasks whose worker is gone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from hub.context import Hub
from hub.db import column, exclusive, unit
from hub.errors import Unavailable
from hub.models import Task
from hub.services.actor import SYSTEM
from hub.services.tasks.dispatch import lane_of
from hub.services.tasks.finish import end
from hub.services.tasks.moves import Move, subject_of, transition
from hub.services.tasks.states import HELD, RUNNING, STARTING, STOPPED, STOPPING

LEASE = timedelta(seconds=20)
"""How long a worker may stay silent before its tasks are taken from it."""

RENEW_EVERY = 5.0
"""Seconds between renewals."""

UNCLAIMED = timedelta(seconds=10)
"""How long an admitted task may lie in the queue before its id is sent again."""

LOST = "The worker that ran this task is gone."


async def claim(hub: Hub, task_id: int) -> bool:
    """Take an admitted task; False when somebody else has it, or it was stopped meanwhile."""
    now = hub.clock()
    taken = await Task.filter(id=task_id, status=STARTING, lease_owner__isnull=True).update(
        lease_owner=hub.node, lease_until=now + LEASE
    )
    return bool(taken)


async def start(hub: Hub, task_id: int) -> bool:
    """Mark a claimed task as running; its start time is set the first time only. W-09."""
    subject = await subject_of(task_id)
    if subject is None:
        return False

    async def work() -> bool:
        moved = await transition(hub, SYSTEM, subject, Move(RUNNING, (STARTING,), owner=hub.node))
        if moved:
            await Task.filter(id=task_id, start__isnull=True).update(start=hub.clock())
        return moved

    return await unit(work)


async def renew(hub: Hub) -> None:
    """Renew the leases of all tasks of this worker in one statement."""
    await Task.filter(lease_owner=hub.node, status__in=list(HELD)).update(lease_until=hub.clock() + LEASE)


async def holds(hub: Hub, task_id: int) -> bool:
    """True while this worker has the lease."""
    return await Task.filter(id=task_id, lease_owner=hub.node, status__in=list(HELD)).exists()


async def sweep(hub: Hub) -> None:
    """Send again what was admitted but never claimed; end what a lost worker left behind. Any node may do it."""
    now = hub.clock()
    await _send_again(hub)
    lost = await column(Task.filter(status__in=list(HELD), lease_until__lt=now), "id")
    for task_id in lost:
        await unit(partial(_give_up, hub, task_id, LOST))


async def recover(hub: Hub) -> int:
    """End what an earlier process of an embedded hub left running, at once; return how many. W-36.

    Only for a database that one process has for itself: every lease found at its start is of a dead one. Waiting tasks
    stay in the queue; admitted ones that nobody had begun are sent again.
    """
    left = await column(Task.filter(status__in=list(HELD), lease_owner__isnull=False), "id")
    for task_id in left:
        await unit(partial(_give_up, hub, task_id, "The hub was restarted while this task was running."))
    await Task.filter(status=STARTING, lease_owner__isnull=True).update(admitted=None)
    await _send_again(hub)
    return len(left)


async def _send_again(hub: Hub) -> None:
    now = hub.clock()
    stale = Task.filter(status=STARTING, lease_owner__isnull=True)
    rows = await stale.values("id", "tag", "admitted")
    for row in rows:
        if row["admitted"] is not None and row["admitted"] > now - UNCLAIMED:
            continue
        try:
            await hub.queue.send(lane_of(row["tag"]), row["id"])
        except Unavailable:
            return
        await Task.filter(id=row["id"], status=STARTING).update(admitted=now)


async def _give_up(hub: Hub, task_id: int, why: str) -> None:
    await exclusive(f"task {task_id}")
    rows = await Task.filter(id=task_id, status__in=list(HELD)).values("status", "lease_until", "lease_owner")
    subject = await subject_of(task_id)
    if not rows or subject is None:
        return
    renewed = rows[0]["lease_until"] is not None and rows[0]["lease_until"] >= hub.clock()
    if renewed and why == LOST:
        return
    target = STOPPED if rows[0]["status"] == STOPPING else "error"
    await end(hub, SYSTEM, subject, target, reason=why)
