"""How a task ends, or is parked for a person to decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.context import Hub
from hub.db import unit
from hub.models import Task, TaskResult
from hub.plugin import Outcome
from hub.services.actor import SYSTEM, Actor
from hub.services.tasks.moves import Move, Subject, transition
from hub.services.tasks.retention import prune
from hub.services.tasks.states import ERROR, RUNNING, STARTING, STOPPED, STOPPING, SUCCESS, WAITING_CONFIRMATION


async def end(hub: Hub, actor: Actor, subject: Subject, target: str, *, reason: str = "", **columns: Any) -> bool:
    """Give a task its final status, in the unit under way: end time set, lease and secret answers gone."""
    over = {
        "end": hub.clock(), "reason": reason[:250], "lease_owner": None, "lease_until": None, "secret": None,
        "question": "", "resumed": None, **columns,
    }  # fmt: skip
    moved = await transition(hub, actor, subject, Move(target, note=reason, columns=over))
    if moved:
        await prune(hub, subject.template_id)
    return moved


async def finish(hub: Hub, subject: Subject, outcome: Outcome) -> bool:
    """End the run of this worker with what the executor returned; False when the lease is not ours any more.

    Called after the last piece of the log is stored, never before. A stop that was asked for wins over the outcome.
    """

    async def work() -> bool:
        rows = await Task.filter(id=subject.id, lease_owner=hub.node).values("status")
        if not rows:
            return False
        if rows[0]["status"] == STOPPING:
            return await end(hub, SYSTEM, subject, STOPPED, exit_code=outcome.code or None)
        if outcome.kind == "awaiting":
            return await _park(hub, subject, outcome)
        if outcome.kind == "success":
            return await end(hub, SYSTEM, subject, SUCCESS, exit_code=0)
        reason = outcome.reason or f"It ended with exit code {outcome.code}."
        return await end(hub, SYSTEM, subject, ERROR, reason=reason, exit_code=outcome.code)

    return await unit(work)


async def stopped(hub: Hub, subject: Subject, reason: str) -> bool:
    """End a run that a person stopped, or that ran out of time (then as an error)."""

    async def work() -> bool:
        rows = await Task.filter(id=subject.id, lease_owner=hub.node).values("status")
        if not rows:
            return False
        target = STOPPED if rows[0]["status"] == STOPPING else ERROR
        return await end(hub, SYSTEM, subject, target, reason=reason if target == ERROR else "")

    return await unit(work)


async def fail(hub: Hub, subject: Subject, reason: str) -> bool:
    """End a run that could not be prepared, or broke."""
    return await finish(hub, subject, Outcome.failure(reason=reason))


async def _park(hub: Hub, subject: Subject, outcome: Outcome) -> bool:
    """Wait for a person without a worker. W-02."""
    if outcome.summary:
        await add_result(hub, subject.id, "approval", outcome.summary)
    parked = {
        "question": outcome.question[:250], "resumed": dict(outcome.state), "lease_owner": None, "lease_until": None,
    }  # fmt: skip
    move = Move(WAITING_CONFIRMATION, (RUNNING,), note=outcome.question, columns=parked)
    return await transition(hub, SYSTEM, subject, move)


async def add_result(hub: Hub, task_id: int, kind: str, data: Mapping[str, Any]) -> None:
    """Keep a structured result of a task."""
    await TaskResult.create(task_id=task_id, kind=kind, created=hub.clock(), data=dict(data))


async def set_commit(hub: Hub, task_id: int, commit_hash: str, message: str) -> None:
    """Note which commit a task runs."""
    await Task.filter(id=task_id, lease_owner=hub.node, status__in=[STARTING, RUNNING]).update(
        commit_hash=commit_hash, commit_message=message
    )
