"""Workers: what each tells of itself, who is there, and who takes nothing new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from hub import __version__
from hub.context import Hub
from hub.db import execute, rows, unit
from hub.errors import NotFound
from hub.models import Worker
from hub.services import events
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.notices.others import tell_silent_worker
from hub.services.tasks.moves import DISPATCH
from hub.services.tasks.slots import SILENT
from hub.services.tasks.states import HELD

FORGOTTEN: Final = timedelta(minutes=10)
"""After so long without a word a worker is taken off the list. One that ends in order is taken off at once."""

ON = "on"
DRAINING = "draining"
LOST = "lost"


def topic(node: str) -> str:
    """Bell topic on which a worker hears that its row was changed."""
    return f"worker/{node}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker tells of itself."""

    host: str
    tags: Sequence[str]
    slots: int
    isolation: str = ""
    """What keeps its tasks from the hub's own files, such as `landlock` or `bubblewrap, user tasks`; `none`."""


async def tell(hub: Hub, said: Said) -> bool:
    """Say that this worker is there; return whether it is to take nothing new."""
    now, isolation = hub.clock(), said.isolation[:100]
    if not await execute(_SEEN, [now, said.slots, isolation, hub.node]):
        await Worker.create(
            node=hub.node, host=said.host[:255], version=__version__[:50], tags=list(said.tags), slots=said.slots,
            isolation=isolation, started=now, seen=now,
        )  # fmt: skip
        await hub.bell.ring(DISPATCH)  # what waited for a worker may go
    found = await rows('SELECT "draining" FROM "worker" WHERE "node" = ?', [hub.node], flags=["draining"])
    return bool(found and found[0]["draining"])


_SEEN = 'UPDATE "worker" SET "seen" = ?, "slots" = ?, "isolation" = ? WHERE "node" = ?'


async def leave(hub: Hub) -> None:
    """Say that this worker ends and takes nothing new."""
    await Worker.filter(node=hub.node).update(draining=True)


async def forget(*nodes: str) -> None:
    """Take workers that have ended off the list."""
    if nodes:
        await Worker.filter(node__in=list(nodes)).delete()


async def forget_silent(hub: Hub) -> None:
    """Take workers off the list of which nobody has heard for long. Any node may do it."""
    until = hub.clock() - FORGOTTEN
    for row in await Worker.filter(seen__lt=until).values(
        "node", "host"
    ):  # asked first: to delete nothing locks SQLite
        await unit(partial(_forget_silent, hub, row["node"], row["host"], until))


async def _forget_silent(hub: Hub, node: str, host: str, until: datetime) -> None:
    if await Worker.filter(node=node, seen__lt=until).delete():
        await tell_silent_worker(hub, node, host)


async def list_workers(hub: Hub, actor: Actor) -> list[dict[str, Any]]:
    """Every worker with what it runs, the latest heard of first."""
    require_admin(actor)
    return await seen_workers(hub)


async def seen_workers(hub: Hub) -> list[dict[str, Any]]:
    """The same; callers have checked that an administrator asks."""
    found = await Worker.all().order_by("host", "started", "id")
    running: dict[str, list[dict[str, Any]]] = {worker.node: [] for worker in found}
    for row in await rows(_RUNNING, times=["start"]):
        if (node := row.pop("node")) in running:
            running[node].append(row)
    since = hub.clock() - SILENT
    return [_wire(worker, running[worker.node], lost=worker.seen <= since) for worker in found]


_RUNNING = f"""
    SELECT "task"."id", "task"."project_id", "project"."name" AS "project_name", "task"."template_id",
           "template"."name" AS "tpl_alias", "task"."status", "task"."start", "task"."lease_owner" AS "node"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                JOIN "project" ON "project"."id" = "task"."project_id"
    WHERE "status" IN ({", ".join(f"'{status}'" for status in sorted(HELD))}) AND "lease_owner" IS NOT NULL
    ORDER BY "task"."id"
"""  # noqa: S608 - of constants


def _wire(worker: Worker, tasks: list[dict[str, Any]], *, lost: bool) -> dict[str, Any]:
    return {
        "id": worker.id,
        "node": worker.node,
        "host": worker.host,
        "version": worker.version,
        "tags": worker.tags,
        "slots": worker.slots,
        "isolation": worker.isolation,
        "state": LOST if lost else DRAINING if worker.draining else ON,
        "draining": worker.draining,
        "started": worker.started,
        "seen": worker.seen,
        "tasks": tasks,
    }


async def node_of(worker_id: int) -> str:
    """Return the name of a worker."""
    found = await Worker.get_or_none(id=worker_id)
    if found is None:
        raise NotFound("There is no such worker; it may have ended.")
    return found.node


async def set_draining(hub: Hub, actor: Actor, node: str, *, draining: bool) -> None:
    """Let a worker take nothing new, whatever machine it is on, or take tasks again; what it runs goes on."""
    require_admin(actor)

    async def work() -> None:
        worker = await Worker.get_or_none(node=node)
        if worker is None:
            raise NotFound(f"There is no worker {node}; `hub worker list` shows those that are there.")
        if not await Worker.filter(id=worker.id, draining=not draining).update(draining=draining):
            return
        text = f"Worker {node} " + ("takes no new tasks" if draining else "takes tasks again")
        await events.record(hub, actor, "worker", worker.id, text, project_id=None)

    await unit(work)
    await hub.bell.ring(topic(node))
    await hub.bell.ring(DISPATCH)
