"""How a task ends, or is parked for a person to decide."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hub.context import Hub
from hub.db import Row, brief, execute, in_unit, insert, on_commit, rows, unit
from hub.plugin import Outcome
from hub.services import drift, figures
from hub.services.actor import SYSTEM, Actor
from hub.services.tasks.autorun import follow, followers
from hub.services.tasks.moves import LeaseLost, Move, Standing, Subject, held, standing, transition
from hub.services.tasks.retention import prune
from hub.services.tasks.states import ERROR, RUNNING, STOPPED, STOPPING, SUCCESS, WAITING, WAITING_CONFIRMATION
from hub.services.tasks.storable import storable
from hub.vault import place

SEALED = "sealed"
"""Member of `Task.resumed` that holds the state of the pass that asked."""

Result = tuple[str, Mapping[str, Any]]
"""Kind and data of a structured result."""


async def end(
    hub: Hub, actor: Actor, subject: Subject, target: str, *,
    reason: str = "", at: Standing | None = None, **columns: Any,
) -> bool:  # fmt: skip
    """Give a task its final status, in the unit under way: end time set, lease and secret answers gone."""
    return await _end(hub, actor, subject, Move(target, note=reason, columns=columns), at)


async def _end(hub: Hub, actor: Actor, subject: Subject, last: Move, at: Standing | None) -> bool:
    why = last.note.replace("\0", "")[:250]
    over = {
        "end": hub.clock(), "reason": why, "lease_owner": None, "lease_until": None, "secret": None,
        "question": "", "resumed": None, **last.columns,
    }  # fmt: skip
    moved = await transition(hub, actor, subject, replace(last, note=why, columns=over), at=at)
    if moved:
        await on_commit(partial(prune, hub, subject.template_id))
        await figures.count_end(hub, subject, last.target)
    return moved


async def finish(hub: Hub, subject: Subject, outcome: Outcome, *, results: Sequence[Result] = ()) -> bool:
    """End the run of this worker with what the executor returned; False when the task is not this worker's any more.

    Called after the last piece of the log is stored, never before. A stop that was asked for wins over the outcome.
    What follows a build by itself is stored with its success, and with nothing else.
    """
    if outcome.kind == "success":
        return await _succeed(hub, subject, results)
    kept = _rows(hub, subject, results)

    async def ended(at: Standing) -> bool:
        if at.status == STOPPING:
            return await _end(
                hub, SYSTEM, subject, Move(STOPPED, columns={"exit_code": outcome.code or None}, also=kept), at
            )
        if outcome.kind == "awaiting":
            return await _park(hub, subject, outcome, at, kept)
        reason = outcome.reason or f"It ended with exit code {outcome.code}."
        return await _end(
            hub, SYSTEM, subject, Move(ERROR, note=reason, columns={"exit_code": outcome.code}, also=kept), at
        )

    return await brief(partial(_ending, hub, subject, ended))


async def _succeed(hub: Hub, subject: Subject, results: Sequence[Result]) -> bool:
    following = await followers(hub, subject)
    drifts = [data for kind, data in results if kind == drift.KIND]
    kept = _rows(hub, subject, results)

    async def ended(at: Standing) -> bool:
        if at.status == STOPPING:
            return await _end(hub, SYSTEM, subject, Move(STOPPED, also=kept), at)
        if not await _end(hub, SYSTEM, subject, Move(SUCCESS, columns={"exit_code": 0}, also=kept), at):
            return False
        await follow(hub, subject, following)
        for data in drifts:
            looked = drift.Looked(subject.id, subject.project_id, subject.template_id, subject.template_name)
            await drift.note(hub, looked, data)
        return True

    more = following or drifts  # which is written beside the end
    return await (unit if more else brief)(partial(_ending, hub, subject, ended))


async def stopped(hub: Hub, subject: Subject, reason: str, *, results: Sequence[Result] = ()) -> bool:
    """End a run that a person stopped, or that ended before its end for another reason (then as an error)."""
    kept = _rows(hub, subject, results)

    async def ended(at: Standing) -> bool:
        if at.status == STOPPING:
            return await _end(hub, SYSTEM, subject, Move(STOPPED, also=kept), at)
        why = reason or "It gave up before its end."
        return await _end(hub, SYSTEM, subject, Move(ERROR, note=why, also=kept), at)

    return await brief(partial(_ending, hub, subject, ended))


HANDED_BACK = "Its worker ended before the task began; it waits for another one."


async def hand_back(hub: Hub, subject: Subject) -> bool:
    """Let a task wait again whose executor was never asked, since its worker ends. A stop that was asked for wins."""

    async def back(at: Standing) -> bool:
        if at.status == STOPPING:
            return await end(hub, SYSTEM, subject, STOPPED, at=at)
        columns = {"admitted": None, "lease_owner": None, "lease_until": None, "reason": ""}
        return await transition(
            hub, SYSTEM, subject, Move(WAITING, (RUNNING,), note=HANDED_BACK, columns=columns), at=at
        )  # fmt: skip

    return await brief(partial(_ending, hub, subject, back))


async def _ending(hub: Hub, subject: Subject, ended: Callable[[Standing], Awaitable[bool]]) -> bool:
    """End it from where it stands.

    Outside of a unit nothing keeps it there after a look. So it is taken to stand where nearly all do; each attempt
    holds only where that is true, and after one that did not it is looked at again.
    """
    before = None if in_unit() else Standing(RUNNING, hub.node)
    if before is not None and await ended(before):
        return True
    while (at := await standing(subject.id)) is not None and at.owner == hub.node and at != before:
        if await ended(at):
            return True
        before = at
    return False


async def _park(hub: Hub, subject: Subject, outcome: Outcome, at: Standing, kept: Sequence[Row]) -> bool:
    """Wait for a person without a worker. W-02."""
    if outcome.summary:
        kept = [*kept, _row(hub, subject.id, "approval", outcome.summary)]
    state = hub.vault.seal(json.dumps(storable(outcome.state)), place("task", "resumed", subject.id))
    question = outcome.question.replace("\0", "")[:250]
    parked = {
        "question": question, "resumed": {SEALED: state}, "lease_owner": None, "lease_until": None,
    }  # fmt: skip
    move = Move(WAITING_CONFIRMATION, (RUNNING,), note=question, columns=parked, also=kept)
    return await transition(hub, SYSTEM, subject, move, at=at)


async def add_own_result(
    hub: Hub, task_id: int, kind: str, data: Mapping[str, Any], *, replace: bool = False
) -> None:  # fmt: skip
    """Keep a structured result of a task that this worker runs, in place of the last one of its kind or beside it.

    Raises `LeaseLost`.
    """

    async def work() -> None:
        await held(hub, task_id)
        last = await rows(_LAST_RESULT, [task_id, kind[:50]]) if replace else []
        if last:
            await execute(_REPLACE, [hub.clock(), storable(data), last[0]["id"]])
        else:
            await add_result(hub, task_id, kind, data)

    await unit(work)


async def add_result(hub: Hub, task_id: int, kind: str, data: Mapping[str, Any]) -> None:
    """Keep a structured result of a task. Raises `Invalid` for what is no JSON."""
    await insert(_row(hub, task_id, kind, data))


def _rows(hub: Hub, subject: Subject, results: Sequence[Result]) -> list[Row]:
    return [_row(hub, subject.id, kind, data) for kind, data in results]


def _row(hub: Hub, task_id: int, kind: str, data: Mapping[str, Any]) -> Row:
    return Row("task_result", {"task_id": task_id, "kind": kind[:50], "created": hub.clock(), "data": storable(data)})


_LAST_RESULT = 'SELECT "id" FROM "task_result" WHERE "task_id" = ? AND "kind" = ? ORDER BY "id" DESC LIMIT 1'

_REPLACE = 'UPDATE "task_result" SET "created" = ?, "data" = ? WHERE "id" = ?'


async def set_commit(hub: Hub, task_id: int, commit_hash: str, message: str) -> None:
    """Note which commit a task of this worker runs. Raises `LeaseLost`."""
    if not await execute(_COMMIT, [commit_hash, message[:100], task_id, hub.node]):
        raise LeaseLost


_COMMIT = 'UPDATE "task" SET "commit_hash" = ?, "commit_message" = ? WHERE "id" = ? AND "lease_owner" = ?'
