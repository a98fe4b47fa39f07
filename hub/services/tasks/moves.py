"""The one function that writes a task's status."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.db import Row, current, in_unit, on_commit, rows, update
from hub.errors import HubError
from hub.services.actor import Actor
from hub.services.events import announce, row_of
from hub.services.notices.tasks import tell_move
from hub.services.tasks.states import (
    CONFIRMED,
    FINISHED,
    REJECTED,
    STARTING,
    STOPPING,
    WAITING,
    WAITING_CONFIRMATION,
    sources_of,
)

logger = logging.getLogger(__name__)

_DISPATCHED = FINISHED | {WAITING, CONFIRMED, WAITING_CONFIRMATION}
"""Moves after which a task may be let through: it came, or another one gave its place back."""

_TOLD = frozenset({WAITING, STARTING, STOPPING, CONFIRMED, REJECTED})
"""Moves besides the last one that people read of."""

_DECIDED = frozenset({CONFIRMED, REJECTED})
"""Those that a person makes, who may say why."""


class LeaseLost(HubError):
    """The task is not this worker's any more."""

    def __init__(self) -> None:
        super().__init__("This task is not this worker's any more.")


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
class Standing:
    """Where a task stands: its status, and the worker that holds it."""

    status: str
    owner: str | None


async def standing(task_id: int) -> Standing | None:
    """Read it, and inside a unit keep everybody else from moving the task until the unit ends; None when it is gone."""
    lock = " FOR UPDATE" if in_unit() and current().dialect != "sqlite" else ""  # a unit of SQLite is alone anyway
    found = await rows(f'SELECT "status", "lease_owner" AS "owner" FROM "task" WHERE "id" = ?{lock}', [task_id])  # noqa: S608 - of constants
    return Standing(**found[0]) if found else None


async def held(hub: Hub, task_id: int) -> Standing:
    """Where a task of this worker stands. Raises `LeaseLost` when it is not this worker's."""
    at = await standing(task_id)
    if at is None or at.owner != hub.node:
        raise LeaseLost
    return at


@dataclass(frozen=True, slots=True)
class Move:
    """A wanted change of status."""

    target: str
    only_from: Collection[str] | None = None
    """Allowed sources; None for all that the table of moves allows."""
    note: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Written in the same statement."""
    also: Sequence[Row] = ()
    """Inserted with it."""


async def transition(hub: Hub, actor: Actor, subject: Subject, move: Move, *, at: Standing | None = None) -> bool:
    """Change the status in the unit under way, by compare-and-set; False when its status does not allow that. W-05.

    `at` is where the caller saw the task, which spares a look.
    """
    at = at or await standing(subject.id)
    allowed = sources_of(move.target)
    sources = allowed if move.only_from is None else allowed & frozenset(move.only_from)
    if at is None or at.status not in sources:
        return False
    written = {"status": move.target, **move.columns}
    names = ", ".join(f'"{name}" = ?' for name in written)
    where, known = '"id" = ? AND "status" = ?', [subject.id, at.status]
    if at.owner is not None:
        where, known = f'{where} AND "lease_owner" = ?', [*known, at.owner]
    found = await update(
        f'UPDATE "task" SET {names} WHERE {where}',  # noqa: S608 - of names in our code
        [*written.values(), *known], *_noted(hub, actor, subject, at.status, move), *move.also,
    )  # fmt: skip
    if found:
        await _tell(hub, actor, subject, move.target, new=False)
        await tell_move(hub, subject, move.target)
    return found


def _noted(hub: Hub, actor: Actor, subject: Subject, source: str, move: Move) -> list[Row]:
    """What is kept of a move: who made it and when, and a line for people where it is one of theirs."""
    noted = {
        "task_id": subject.id, "at": hub.clock(), "source": source, "target": move.target, "actor": actor.label,
        "note": move.note[:250],
    }  # fmt: skip
    kept = [Row("task_move", noted)]
    text = f"Task ID {subject.id} ({subject.template_name}) "
    if move.target in FINISHED:
        text += f"finished with status {move.target.upper()}"
    elif move.target in _TOLD:
        text += move.target.upper()
        if move.note and move.target in _DECIDED:
            text += f": {move.note}"
    else:
        return kept
    return [*kept, row_of(hub, actor, "task", subject.id, text, project_id=subject.project_id)]


async def begin(hub: Hub, actor: Actor, subject: Subject) -> None:
    """Note that a task came to be, in the unit that inserted it, and count it for its template."""
    await update(_COUNT, [subject.template_id], *_noted(hub, actor, subject, "", Move(WAITING)))
    await _tell(hub, actor, subject, WAITING, new=True)


_COUNT = 'UPDATE "template" SET "tasks" = "tasks" + 1 WHERE "id" = ?'


async def _tell(hub: Hub, actor: Actor, subject: Subject, target: str, *, new: bool) -> None:
    await announce(
        hub, actor, "task.created" if new else _event_name(target), subject.id, subject.project_id,
        status=target, template_id=subject.template_id, template_name=subject.template_name, app=subject.app,
    )  # fmt: skip

    async def ring() -> None:
        _log(subject, target, new=new)
        await hub.bell.ring(topic(subject.project_id, subject.id))
        if target == STOPPING:
            await hub.bell.ring(stop_topic(subject.id))
        if target in _DISPATCHED:
            await hub.bell.ring(DISPATCH)

    await on_commit(ring)


def _log(subject: Subject, target: str, *, new: bool) -> None:
    """Let the log of each node tell which moves it made, with the id of the task, and of the request if one asked."""
    extra = {"task_id": subject.id}
    if new:
        words = "Task %s of template %s in project %s was launched."
        logger.info(words, subject.id, subject.template_id, subject.project_id, extra=extra)
    else:
        logger.info("Task %s moved to %s.", subject.id, target, extra=extra)


def _event_name(target: str) -> str:
    """What plugins hear: `task.created`, `task.finished`, and between them the status itself, `task.running`."""
    return "task.finished" if target in FINISHED else f"task.{target}"
