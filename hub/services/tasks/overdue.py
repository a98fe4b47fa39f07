"""Tasks that waited longer for their turn than their template allows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from hub.context import Hub
from hub.db import column, rows, unit
from hub.models import Task
from hub.services.actor import SYSTEM
from hub.services.tasks.finish import end
from hub.services.tasks.moves import standing, subject_of
from hub.services.tasks.states import ERROR, STARTING, WAITING

_MOST: Final = 500
"""Tasks that one look ends for each limit; the next one goes on."""

_QUEUED: Final = (WAITING, STARTING)
"""A task that was let through but that no worker has taken waits as well."""


async def end_overdue(hub: Hub) -> int:
    """End every task that never began and whose time to wait is over; return how many. Any node may do it."""
    ended = 0
    for row in await rows('SELECT DISTINCT "queue_limit" AS "limit" FROM "template" WHERE "queue_limit" > 0'):
        late = Task.filter(
            template__queue_limit=row["limit"], status__in=_QUEUED, start__isnull=True, lease_owner__isnull=True,
            created__lt=hub.clock() - timedelta(seconds=row["limit"]),
        )  # fmt: skip
        for task_id in await column(late.order_by("id").limit(_MOST), "id"):
            ended += await unit(partial(_give_up, hub, task_id, row["limit"]))
    return ended


async def _give_up(hub: Hub, task_id: int, limit: int) -> bool:
    subject, at = await subject_of(task_id), await standing(task_id)
    if subject is None or at is None or at.status not in _QUEUED or at.owner is not None:
        return False  # a worker was faster
    return await end(hub, SYSTEM, subject, ERROR, reason=LATE.format(limit=limit), at=at)


LATE: Final = "It waited longer for its turn than its queue limit of {limit} s."
