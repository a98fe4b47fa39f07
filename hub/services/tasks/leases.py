"""Who runs what: leases on tasks, and what becomes of tasks whose worker is gone.

A lease is no fence: a worker that cannot reach the database goes on with what it runs, and learns that a task was taken
from it when it is back. So a database that restarts costs no task, and a task whose lease was lost is ended, never run
again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from hub import meters
from hub.context import Hub
from hub.db import brief, column, rows, unit
from hub.errors import Unavailable
from hub.models import Task
from hub.services import log
from hub.services.actor import SYSTEM
from hub.services.events import record
from hub.services.log import Piece
from hub.services.notices.tasks import tell_lost
from hub.services.tasks import origin
from hub.services.tasks.dispatch import lane_of
from hub.services.tasks.finish import end
from hub.services.tasks.moves import Move, Standing, Subject, standing, subject_of, transition
from hub.services.tasks.slots import Rooms, in_use
from hub.services.tasks.states import ERROR, HELD, RUNNING, STARTING, STOPPED, STOPPING, WAITING

LEASE = timedelta(seconds=20)
"""How long a worker may stay silent before its tasks are taken from it."""

RENEW_EVERY = 5.0
"""Seconds between renewals."""

UNCLAIMED = timedelta(seconds=10)
"""How long an admitted task may lie in the queue before its id is sent again."""

LOST = "The worker that ran this task is gone."
RESTARTED = "The hub was restarted while this task was running."


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that this worker has taken."""

    subject: Subject
    created: datetime
    again: bool
    """It ran before, and a person let it go on."""
    chunks: int
    """Chunks of its log that are stored."""
    lines: int
    trace: str = ""
    """What its spans are a part of; see `hub.services.tasks.origin`."""


_CLAIM = """
    SELECT "task"."id", "task"."project_id", "template_id", "template"."name" AS "template_name", "app", "status",
           "lease_owner", "created", "start", "log_chunks", "log_lines", "log_bytes"
    FROM "task" JOIN "template" ON "template"."id" = "template_id" WHERE "task"."id" = ?
"""


async def claim(hub: Hub, task_id: int, greet: Callable[[Claimed], Piece]) -> Claimed | None:
    """Take an admitted task: it runs from now on. None when somebody else has it, or it was stopped meanwhile.

    The first lines of its log land with the claim. Its start time is set the first time only. W-09.
    """

    async def work() -> Claimed | None:
        found = await rows(_CLAIM, [task_id], times=("created", "start"))
        if not found:
            return None
        row = found[0]
        subject = Subject(row["id"], row["project_id"], row["template_id"], row["template_name"], row["app"])
        claimed = Claimed(
            subject, row["created"], row["start"] is not None, row["log_chunks"], row["log_lines"],
            await origin.of(task_id),
        )  # fmt: skip
        piece = greet(claimed)
        data = log.compressed(piece)
        now = hub.clock()
        taken = {
            "start": row["start"] or now, "lease_owner": hub.node, "lease_until": now + LEASE,
            "log_chunks": claimed.chunks + 1, "log_lines": claimed.lines + piece.lines,
            "log_bytes": row["log_bytes"] + len(data),
        }  # fmt: skip
        at = Standing(row["status"], row["lease_owner"])
        first = log.row_of(task_id, claimed.chunks, claimed.lines, piece, data)
        move = Move(RUNNING, (STARTING,), columns=taken, also=(first,))
        return claimed if await transition(hub, SYSTEM, subject, move, at=at) else None

    taken = await brief(work)
    if taken is not None and not taken.again:
        meters.STARTED.see(max(0.0, (hub.clock() - taken.created).total_seconds()), taken.subject.app)
    return taken


async def renew(hub: Hub, task_ids: Collection[int]) -> set[int]:
    """Renew the leases of these tasks of this worker in one statement; return those that are not its own any more."""
    mine = Task.filter(id__in=list(task_ids), lease_owner=hub.node, status__in=list(HELD))
    if await mine.update(lease_until=hub.clock() + LEASE) == len(task_ids):
        return set()
    return set(task_ids) - set(await column(mine, "id"))


async def sweep(hub: Hub, *, end_lost: bool = True, now: datetime | None = None) -> None:
    """Send again what was admitted but never claimed; end what a lost worker left behind. Any node may do it.

    All of it goes by one look at the clock, which might jump meanwhile.
    """
    now = now or hub.clock()
    await send_again(hub, now - UNCLAIMED)
    if not end_lost:
        return
    for task_id in await column(Task.filter(status__in=list(HELD), lease_until__lt=now), "id"):
        await unit(partial(_give_up, hub, task_id, LOST, now))


async def recover(hub: Hub, dead: Collection[str]) -> int:
    """End what these nodes left running, at once and not when their leases end; return how many tasks. W-36."""
    left = await column(Task.filter(status__in=list(HELD), lease_owner__in=list(dead)), "id") if dead else []
    for task_id in left:
        await unit(partial(_give_up, hub, task_id, RESTARTED, hub.clock()))
    return len(left)


async def send_again(hub: Hub, before: datetime) -> None:
    """Send the ids of tasks that were sent before that moment and that nobody has claimed.

    What none of the workers that are there would ever take waits again: it must not keep a slot from all others. A
    task that was confirmed stays, for nothing may come before it.
    """
    unclaimed = await Task.filter(status=STARTING, admitted__lte=before).order_by("id").values("id", "tag", "start")
    rooms = (await in_use(hub.clock())).rooms if unclaimed else Rooms()
    for row in unclaimed:
        absent = rooms.absent(row["tag"]) if rooms.tags and row["start"] is None else ""
        if absent:
            await unit(partial(_let_wait, hub, row["id"], absent))
            continue
        try:
            await hub.queue.send(lane_of(row["tag"]), row["id"])
        except Unavailable:
            return
        await Task.filter(id=row["id"], status=STARTING).update(admitted=hub.clock())


async def _let_wait(hub: Hub, task_id: int, why: str) -> None:
    subject, at = await subject_of(task_id), await standing(task_id)
    if subject is None or at is None or at.owner is not None:
        return  # a worker was faster
    await transition(hub, SYSTEM, subject, Move(WAITING, (STARTING,), note=why, columns={"admitted": None}), at=at)


async def _give_up(hub: Hub, task_id: int, why: str, now: datetime) -> None:
    subject = await subject_of(task_id)
    at = await standing(task_id)
    if subject is None or at is None or at.status not in HELD:
        return
    until = await column(Task.filter(id=task_id), "lease_until")
    if why == LOST and (until[0] is None or until[0] >= now):
        return  # its worker was faster
    if at.status == STOPPING:
        await end(hub, SYSTEM, subject, STOPPED, at=at)
    else:
        await end(hub, SYSTEM, subject, ERROR, reason=why, at=at)
    fate = "lost" if why == LOST else "killed"
    text = f"Worker {at.owner} was {fate}: task {task_id} ({subject.template_name}) ended with it"
    await record(hub, SYSTEM, "worker", None, text, project_id=subject.project_id)
    if why == LOST:
        await tell_lost(hub, subject)
    meters.LEASES_LOST.add()
