"""Letting waiting tasks through the limits, and sending their ids to workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hub.context import Hub
from hub.db import exclusive, rows, unit
from hub.errors import Unavailable
from hub.models import Task
from hub.queue import TASKS
from hub.services.actor import SYSTEM
from hub.services.tasks.moves import Move, Subject, transition
from hub.services.tasks.states import CONFIRMED, HELD, STARTING, WAITING, WAITING_CONFIRMATION

BATCH = 500
"""How many waiting tasks are read at a time."""


def lane_of(tag: str) -> str:
    """Queue lane of the workers that serve a tag."""
    return f"{TASKS}:{tag}" if tag else TASKS


@dataclass(slots=True)
class _Slots:
    """What is in use, counted once for each pass and kept up to date while tasks are let through."""

    limit: int
    held: int = 0
    projects: Counter[int] = field(default_factory=Counter)
    templates: set[int] = field(default_factory=set)

    def take(self, project_id: int, template_id: int) -> None:
        self.held += 1
        self.projects[project_id] += 1
        self.templates.add(template_id)

    @property
    def full(self) -> bool:
        return bool(self.limit) and self.held >= self.limit

    def obstacle(self, row: dict[str, Any]) -> str:
        """Say why a task must wait although a slot of the hub is free; empty when it need not."""
        if row["template_id"] in self.templates and not row["allow_parallel_tasks"]:
            return "Waiting for another task of this template, which does not allow parallel tasks."
        most = row["max_parallel_tasks"]
        if most and self.projects[row["project_id"]] >= most:
            return f"Waiting for another task of this project, which allows {most} at once."
        return ""


async def admit(hub: Hub) -> int:
    """Let through what the limits allow, oldest first, skipping what is blocked; return how many went through.

    Global, project and template limits hold exactly, on one node or many: the pass is one exclusive unit. A task that
    is blocked waits with its reason in the row; it costs no event and no log line. W-08, W-42.
    """
    sent = await unit(partial(_one_pass, hub))
    await _send(hub, sent)
    return len(sent)


async def _one_pass(hub: Hub) -> list[tuple[int, str]]:
    await exclusive("dispatch")
    sent: list[tuple[int, str]] = []
    slots: _Slots | None = None
    seen = 0
    while batch := await _candidates(seen):
        slots = slots or await _count(hub)
        for row in batch:
            seen = row["id"]
            if slots.full:
                await _all_wait(slots.limit, seen)
                return sent
            reason = slots.obstacle(row)
            if reason:
                await _note(row, reason)
            elif await _let_through(hub, row):
                slots.take(row["project_id"], row["template_id"])
                sent.append((row["id"], row["tag"]))
    return sent


_CANDIDATES = f"""
    SELECT "task"."id", "task"."project_id", "task"."template_id", "tag", "reason", "app", "allow_parallel_tasks",
           "max_parallel_tasks", "template"."name" AS "template_name"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                JOIN "project" ON "project"."id" = "task"."project_id"
    WHERE "status" IN ('{WAITING}', '{CONFIRMED}') AND "task"."id" > ? ORDER BY "task"."id" LIMIT {BATCH}
"""  # noqa: S608 - of constants

_IN_USE = f"""
    SELECT "project_id", "template_id", "status" FROM "task"
    WHERE "status" IN ({", ".join(f"'{status}'" for status in sorted({*HELD, WAITING_CONFIRMATION}))})
"""  # noqa: S608 - of constants


async def _candidates(seen: int) -> list[dict[str, Any]]:
    return await rows(_CANDIDATES, [seen], flags=["allow_parallel_tasks"])


async def _count(hub: Hub) -> _Slots:
    slots = _Slots(hub.settings.max_parallel_tasks)
    for row in await rows(_IN_USE, []):
        if row["status"] == WAITING_CONFIRMATION:
            slots.templates.add(row["template_id"])
        else:
            slots.take(row["project_id"], row["template_id"])
    return slots


async def _note(row: dict[str, Any], reason: str) -> None:
    if reason != row["reason"]:
        await Task.filter(id=row["id"], status__in=[WAITING, CONFIRMED]).update(reason=reason)


async def _all_wait(limit: int, since: int) -> None:
    reason = f"Waiting for a free slot: the hub runs {limit} tasks at once."
    await Task.filter(status__in=[WAITING, CONFIRMED], id__gte=since).exclude(reason=reason).update(reason=reason)


async def _let_through(hub: Hub, row: dict[str, Any]) -> bool:
    subject = Subject(row["id"], row["project_id"], row["template_id"], row["template_name"], row["app"])
    fresh = {"admitted": hub.clock(), "lease_owner": None, "lease_until": None, "reason": ""}
    return await transition(hub, SYSTEM, subject, Move(STARTING, (WAITING, CONFIRMED), columns=fresh))


async def _send(hub: Hub, sent: Sequence[tuple[int, str]]) -> None:
    """Hand the ids over. What the carrier does not take is sent again by the sweep."""
    for task_id, tag in sent:
        try:
            await hub.queue.send(lane_of(tag), task_id)
        except Unavailable:
            return
