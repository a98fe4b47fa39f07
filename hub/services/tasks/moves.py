"""The one function that writes a task's status."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.db import on_commit, rows
from hub.models import Task, TaskMove
from hub.services.actor import Actor
from hub.services.events import announce, record
from hub.services.tasks.states import FINISHED, STARTING, STOPPING, WAITING, sources_of

_RACES = 5
"""A compare-and-set that loses this often in a row is given up; each loss means that somebody else moved the task."""


def topic(project_id: int, task_id: int) -> str:
    """Bell topic of a task's log and status."""
    return f"task/{project_id}/{task_id}"


def stop_topic(task_id: int) -> str:
    """Bell topic on which a worker hears that its task is to stop."""
    return f"stop/{task_id}"


DISPATCH = "dispatch"
"""Bell topic that wakes those who admit tasks."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts of a task that every move needs."""

    id: int
    project_id: int
    template_id: int
    template_name: str
    app: str


async def subject_of(task_id: int) -> Subject | None:
    """Load them; None when the task is gone."""
    found = await rows(_SUBJECT, [task_id])
    return Subject(**found[0]) if found else None


_SUBJECT = """
    SELECT "task"."id", "task"."project_id", "template_id", "template"."name" AS "template_name", "app"
    FROM "task" JOIN "template" ON "template"."id" = "template_id" WHERE "task"."id" = ?
"""


@dataclass(frozen=True, slots=True)
class Move:
    """A wanted change of status."""

    target: str
    only_from: Collection[str] | None = None
    """Allowed sources; None for all that the table of moves allows."""
    owner: str | None = None
    """Worker that must hold the lease."""
    note: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Written in the same statement."""


async def transition(hub: Hub, actor: Actor, subject: Subject, move: Move) -> bool:
    """Change the status in the unit under way, by compare-and-set; False when somebody else was first. W-05."""
    allowed = sources_of(move.target)
    sources = allowed if move.only_from is None else allowed & frozenset(move.only_from)
    for _ in range(_RACES):
        found = await rows('SELECT "status" FROM "task" WHERE "id" = ?', [subject.id])
        if not found or found[0]["status"] not in sources:
            return False
        source = str(found[0]["status"])
        query = Task.filter(id=subject.id, status=source)
        if move.owner is not None:
            query = query.filter(lease_owner=move.owner)
        if await query.update(status=move.target, **move.columns):
            await _note(hub, actor, subject, source, move)
            return True
        if move.owner is not None:
            return False
    return False


async def _note(hub: Hub, actor: Actor, subject: Subject, source: str, move: Move) -> None:
    await TaskMove.create(
        task_id=subject.id, at=hub.clock(), source=source, target=move.target, actor=actor.label, note=move.note[:250]
    )
    await _tell(hub, actor, subject, move.target)


async def begin(hub: Hub, actor: Actor, subject: Subject) -> None:
    """Note that a task came to be, in the unit that inserted it."""
    await TaskMove.create(task_id=subject.id, at=hub.clock(), source="", target=WAITING, actor=actor.label)
    await _tell(hub, actor, subject, WAITING)


async def _tell(hub: Hub, actor: Actor, subject: Subject, target: str) -> None:
    text = f"Task ID {subject.id} ({subject.template_name}) "
    if target in FINISHED:
        await record(hub, actor, "task", subject.id, f"{text}finished with status {target.upper()}",
                     project_id=subject.project_id)  # fmt: skip
    elif target in {WAITING, STARTING}:
        await record(hub, actor, "task", subject.id, text + target.upper(), project_id=subject.project_id)
    await announce(
        hub, actor, f"task.{target}", subject.id, subject.project_id,
        status=target, template_id=subject.template_id, template_name=subject.template_name, app=subject.app,
    )  # fmt: skip

    async def ring() -> None:
        await hub.bell.ring(topic(subject.project_id, subject.id))
        if target == STOPPING:
            await hub.bell.ring(stop_topic(subject.id))
        if target == WAITING or target in FINISHED:
            await hub.bell.ring(DISPATCH)

    await on_commit(ring)
