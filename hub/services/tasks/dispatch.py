"""Letting waiting tasks through the limits, and sending their ids to workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.db import exclusive, unit
from hub.errors import Unavailable
from hub.models import Task
from hub.queue import TASKS
from hub.services.actor import SYSTEM
from hub.services.tasks.moves import Subject, transition
from hub.services.tasks.states import CONFIRMED, HELD, STARTING, WAITING

BATCH = 500
"""How many waiting tasks one pass looks at; the next pass sees the rest."""

_WAITING_COLUMNS = (
    "id", "project_id", "template_id", "tag", "reason", "template__name", "template__app",
    "template__allow_parallel_tasks", "project__max_parallel_tasks",
)  # fmt: skip


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

    def obstacle(self, row: dict[str, Any]) -> str:
        """Say why a task must wait; empty when it need not."""
        if self.limit and self.held >= self.limit:
            return f"Waiting for a free slot: {self.limit} tasks are running in the hub."
        if row["template_id"] in self.templates and not row["template__allow_parallel_tasks"]:
            return "Waiting for another task of this template, which does not allow parallel tasks."
        most = row["project__max_parallel_tasks"]
        if most and self.projects[row["project_id"]] >= most:
            return f"Waiting for another task of this project, which allows {most} at once."
        return ""


async def admit(hub: Hub) -> int:
    """Let through what the limits allow, oldest first, skipping what is blocked; return how many went through.

    Global, project and template limits hold exactly, on one node or many: the pass is one exclusive unit.
    """

    async def one_pass() -> list[tuple[int, str]]:
        await exclusive("dispatch")
        rows = await _candidates()
        if not rows:
            return []
        slots = await _count(hub)
        sent = []
        for row in rows:
            reason = slots.obstacle(row)
            if reason:
                if reason != row["reason"]:
                    await Task.filter(id=row["id"], status__in=[WAITING, CONFIRMED]).update(reason=reason)
                continue
            if await _let_through(hub, row):
                slots.take(row["project_id"], row["template_id"])
                sent.append((row["id"], row["tag"]))
        return sent

    sent = await unit(one_pass)
    await _send(hub, sent)
    return len(sent)


async def _candidates() -> list[dict[str, Any]]:
    rows = await Task.filter(status__in=[WAITING, CONFIRMED]).order_by("id").limit(BATCH).values(*_WAITING_COLUMNS)
    return [dict(row) for row in rows]


async def _count(hub: Hub) -> _Slots:
    slots = _Slots(hub.settings.max_parallel_tasks)
    for project_id, template_id in await Task.filter(status__in=list(HELD)).values_list("project_id", "template_id"):
        slots.take(int(project_id), int(template_id))
    return slots


async def _let_through(hub: Hub, row: dict[str, Any]) -> bool:
    subject = Subject(
        row["id"], row["project_id"], row["template_id"], row["template__name"], row["template__app"]
    )
    return await transition(
        hub, SYSTEM, subject, STARTING, only_from=(WAITING, CONFIRMED),
        admitted=hub.clock(), lease_owner=None, lease_until=None, reason="",
    )  # fmt: skip


async def _send(hub: Hub, sent: Sequence[tuple[int, str]]) -> None:
    """Hand the ids over. What the carrier does not take is sent again by the sweep."""
    for task_id, tag in sent:
        try:
            await hub.queue.send(lane_of(tag), task_id)
        except Unavailable:
            return


