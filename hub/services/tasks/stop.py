"""Stopping, confirming, rejecting and deleting tasks."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from pydantic import Field, field_validator

from hub.context import Hub
from hub.db import column, unit
from hub.errors import Conflict, NotFound
from hub.models import Task, Template
from hub.services import artifacts
from hub.services.access import MANAGE_RESOURCES, RUN_TASKS, require, require_admin
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.draft import Draft
from hub.services.events import record
from hub.services.tasks.finish import end
from hub.services.tasks.moves import Move, Subject, standing, stop_topic, subject_of, transition
from hub.services.tasks.states import (
    CONFIRMED,
    ERROR,
    FINISHED,
    REJECTED,
    RUNNING,
    STOPPED,
    STOPPING,
    UNFINISHED,
)

LONGEST_REASON = 200


class DecisionDraft(Draft):
    """What a person says to a task that asks. Nothing has to be said."""

    reason: str = Field(default="", max_length=LONGEST_REASON)
    """Why; shown with the decision on the page of the task, in its moves and in the events of the project."""

    @field_validator("reason", mode="before")
    @classmethod
    def _on_one_line(cls, text: object) -> object:
        return " ".join(text.split()) if isinstance(text, str) else text


SILENT: Final = DecisionDraft()


async def _subject(project_id: int, task_id: int) -> Subject:
    subject = await subject_of(task_id)
    if subject is None or subject.project_id != project_id:
        raise NotFound("There is no such task in this project.")
    return subject


async def _runnable(actor: Actor, project_id: int, task_id: int) -> Subject:
    """Return a task that the actor may run; what a role may do on its template alone counts, too."""
    grant = await require(actor, project_id)
    subject = await subject_of(task_id)
    if subject is None or subject.project_id != project_id:
        await require(actor, project_id, RUN_TASKS)  # who may run nothing learns nothing
        raise NotFound("There is no such task in this project.")
    if not grant.allows(RUN_TASKS):
        await require(actor, project_id, RUN_TASKS, template_id=subject.template_id)
    return subject


async def stop(hub: Hub, actor: Actor, project_id: int, task_id: int, *, force: bool = False) -> str:
    """Stop a task and return its status.

    One that no worker has taken ends at once and never runs (W-01, W-02, W-06). A running one gets TERM, and KILL after
    the grace time or, with `force`, at once. A finished task stays as it is.
    """
    subject = await _runnable(actor, project_id, task_id)
    return await _stop_now(hub, actor, subject, force=force)


async def _stop_now(hub: Hub, actor: Actor, subject: Subject, *, force: bool) -> str:
    status = await unit(lambda: _stop(hub, actor, subject))
    if force and status == STOPPING:
        await hub.bell.ring(f"{stop_topic(subject.id)}/force")
    return status


async def _stop(hub: Hub, actor: Actor, subject: Subject) -> str:
    at = await standing(subject.id)
    if at is None:
        raise NotFound("There is no such task in this project.")
    if at.status in FINISHED or at.status == STOPPING:
        return at.status
    if at.status == RUNNING:
        moved = await transition(hub, actor, subject, Move(STOPPING), at=at)
    else:
        moved = await end(hub, actor, subject, STOPPED, at=at)
    if not moved:
        raise Conflict("The task is changing right now; try again.")
    return STOPPING if at.status == RUNNING else STOPPED


async def stop_all(hub: Hub, actor: Actor, project_id: int, template_id: int, *, force: bool = False) -> int:
    """Stop every unfinished task of a template; return how many."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)
    await find(Template, project_id, template_id, "template")
    query = Task.filter(project_id=project_id, template_id=template_id, status__in=list(UNFINISHED))
    ids = await column(query.order_by("-id"), "id")  # the newest first: what waits must not start meanwhile
    for task_id in ids:
        with suppress(NotFound):
            await _stop_now(hub, actor, await _subject(project_id, task_id), force=force)
    return len(ids)


async def confirm(hub: Hub, actor: Actor, project_id: int, task_id: int, draft: DecisionDraft = SILENT) -> None:
    """Let a task that asked go on; `Conflict` when it does not ask. W-04."""
    subject = await _runnable(actor, project_id, task_id)

    async def work() -> bool:
        return await transition(hub, actor, subject, Move(CONFIRMED, note=draft.reason, columns={"question": ""}))

    if not await unit(work):
        raise Conflict("The task does not wait for a confirmation.")


async def reject(hub: Hub, actor: Actor, project_id: int, task_id: int, draft: DecisionDraft = SILENT) -> None:
    """End a task that asked; `Conflict` when it does not ask. W-04."""
    subject = await _runnable(actor, project_id, task_id)
    reason = f"Rejected by {actor.label}" + (f": {draft.reason}" if draft.reason else ".")

    async def work() -> bool:
        if not await transition(hub, actor, subject, Move(REJECTED, note=draft.reason)):
            return False
        return await end(hub, actor, subject, ERROR, reason=reason)

    if not await unit(work):
        raise Conflict("The task does not wait for a confirmation.")


async def delete(hub: Hub, actor: Actor, project_id: int, task_id: int) -> None:
    """Delete a finished task with its log; administrators only, `Conflict` while it is active."""
    await require(actor, project_id, MANAGE_RESOURCES)
    subject = await _subject(project_id, task_id)
    require_admin(actor)

    async def work() -> None:
        if not await Task.filter(id=subject.id, status__in=list(FINISHED)).delete():
            raise Conflict("The task is still active; stop it first.")
        text = f"Task ID {subject.id} ({subject.template_name}) deleted"
        await record(hub, actor, "task", subject.id, text, project_id=project_id)

    await unit(work)
    await artifacts.forget(hub, subject.id)
