"""Reading tasks, in the wire's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Max

from hub.errors import NotFound
from hub.models import Task, TaskMove, TaskResult
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.tasks.states import UNFINISHED

MOST = 1000
"""Longest list that the wire gives."""

_OWN = (
    "id", "template_id", "project_id", "status", "playbook", "environment", "arguments", "git_branch", "user_id",
    "integration_id", "schedule_id", "created", "start", "end", "message", "commit_hash", "commit_message",
    "build_task_id", "version", "inventory_id", "params", "reason", "question", "exit_code",
)  # fmt: skip

_JOINED = (
    "template__name", "template__playbook", "template__type", "template__app", "user__name",
    "build_task__id", "build_task__version", "build_task__status", "build_task__message", "build_task__created",
    "build_task__template_id", "build_task__commit_hash", "build_task__commit_message",
)  # fmt: skip

_OMIT_EMPTY = frozenset({
    "environment", "user_id", "integration_id", "schedule_id", "start", "end", "message", "commit_message",
    "build_task_id", "inventory_id", "params", "arguments", "git_branch", "commit_hash", "version",
    "reason", "question", "exit_code",
})  # fmt: skip
"""Members that the wire leaves out when they are null, or empty text."""


def wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one task in the wire's shape."""
    task = {name: row[name] for name in _OWN if name not in _OMIT_EMPTY or (row[name] is not None and row[name] != "")}
    task["limit"] = ""
    return task


def wire_with_template(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one task with the template's and the user's names, as the wire's lists have it."""
    task = wire(row)
    task["tpl_playbook"] = row["template__playbook"]
    task["tpl_alias"] = row["template__name"]
    for member, column in (("tpl_type", "template__type"), ("tpl_app", "template__app"), ("user_name", "user__name")):
        if row[column]:
            task[member] = row[column]
    if row["build_task__id"] is not None:
        task["build_task"] = {
            "id": row["build_task__id"],
            "template_id": row["build_task__template_id"],
            "project_id": row["project_id"],
            "status": row["build_task__status"],
            "created": row["build_task__created"],
            "message": row["build_task__message"],
            "version": row["build_task__version"],
            "commit_hash": row["build_task__commit_hash"],
            "commit_message": row["build_task__commit_message"],
            "playbook": "",
            "limit": "",
        }
    return task


async def list_tasks(
    actor: Actor, project_id: int, *, template_id: int | None = None, status: Sequence[str] = (),
    before: int | None = None, limit: int = MOST,
) -> list[dict[str, Any]]:  # fmt: skip
    """Newest tasks of a project, or of one template, first. `before` is the id of the last task already seen."""
    return await find_tasks(actor, project_id, Wanted(template_id, tuple(status)), before=before, limit=limit)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks to find."""

    template_id: int | None = None
    status: tuple[str, ...] = ()
    text: str = ""
    """Looked for in messages, commit messages, versions and names of templates."""


async def find_tasks(
    actor: Actor, project_id: int, wanted: Wanted, *, before: int | None = None, limit: int = MOST
) -> list[dict[str, Any]]:
    """Newest tasks of a project that fit, first. `before` is the id of the last task already seen."""
    await require(actor, project_id)
    query = Task.filter(project_id=project_id)
    if wanted.template_id is not None:
        query = query.filter(template_id=wanted.template_id)
    if wanted.status:
        query = query.filter(status__in=list(wanted.status))
    if wanted.text:
        query = query.filter(_says(wanted.text))
    if before is not None:
        query = query.filter(id__lt=before)
    rows = await query.order_by("-id").limit(max(1, min(limit, MOST))).values(*_OWN, *_JOINED)
    return [wire_with_template(row) for row in rows]


def _says(text: str) -> Q:
    places = ("message", "commit_message", "version", "template__name")
    return Q(*(Q(**{f"{place}__icontains": text}) for place in places), join_type="OR")


async def last_tasks(template_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Newest task of each of these templates. Callers have checked permission."""
    if not template_ids:
        return {}
    newest = Task.filter(template_id__in=list(template_ids)).annotate(newest=Max("id")).group_by("template_id")
    ids = [one["newest"] for one in await newest.values("template_id", "newest")]
    rows = await Task.filter(id__in=ids).values(*_OWN, *_JOINED)
    return {row["template_id"]: wire_with_template(row) for row in rows}


async def get_task(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return one task; `NotFound` when it does not exist in the project."""
    await require(actor, project_id)
    return await one_task(project_id, task_id)


async def one_task(project_id: int, task_id: int) -> dict[str, Any]:
    """Return one task of a project whose permission the caller has checked."""
    rows = await Task.filter(id=task_id, project_id=project_id).values(*_OWN)
    if not rows:
        raise NotFound("There is no such task in this project.")
    return wire(rows[0])


async def task_with_template(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return one task with the names that lists have."""
    await require(actor, project_id)
    rows = await Task.filter(id=task_id, project_id=project_id).values(*_OWN, *_JOINED)
    if not rows:
        raise NotFound("There is no such task in this project.")
    return wire_with_template(rows[0])


async def moves_of(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """Every change of status: who, when, from, to."""
    await get_task(actor, project_id, task_id)
    rows = await TaskMove.filter(task_id=task_id).order_by("id").values("at", "source", "target", "actor", "note")
    return [dict(row) for row in rows]


async def results_of(actor: Actor, project_id: int, task_id: int, kind: str | None = None) -> list[dict[str, Any]]:
    """Structured results of a task, oldest first."""
    await get_task(actor, project_id, task_id)
    query = TaskResult.filter(task_id=task_id)
    if kind is not None:
        query = query.filter(kind=kind)
    return [dict(row) for row in await query.order_by("id").values("id", "kind", "created", "data")]


async def live_tasks() -> list[dict[str, Any]]:
    """Every unfinished task of the hub, queued ones first; callers have checked that an administrator asks."""
    rows = await Task.filter(status__in=list(UNFINISHED)).order_by("id").limit(MOST).values(
        "id", "project_id", "status", "lease_owner", "user__username", "project__name", "reason"
    )  # fmt: skip
    live = []
    for row in rows:
        entry = {
            "task_id": row["id"],
            "project_id": row["project_id"],
            "status": row["status"],
            "location": "running" if row["lease_owner"] else "queue",
            "project_name": row["project__name"],
        }
        if row["user__username"]:
            entry["username"] = row["user__username"]
        if row["reason"]:
            entry["reason"] = row["reason"]
        live.append(entry)
    return sorted(live, key=lambda one: one["location"])
