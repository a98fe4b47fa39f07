"""Reading tasks, in the wire's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from hub.db import rows
from hub.errors import NotFound
from hub.models import Task, TaskMove, TaskResult
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.cursors import Place
from hub.services.listing import REACH, WHOLE, Asked, Listing, Page
from hub.services.reading import VEILS, hidden, shown
from hub.services.tasks.origin import TRACE
from hub.services.tasks.queued import POSITION, explain
from hub.services.tasks.states import UNFINISHED

MOST = 1000
"""Longest list that the wire gives."""

LAST = 200
"""How many the wire's `/last` lists give."""

LISTING = Listing(
    Task,
    columns={
        "id": "id",
        "status": "status",
        "created": "created",
        "start": "start",
        "end": "end",
        "template_id": "template_id",
        "tpl_alias": "template__name",
        "tpl_app": "template__app",
        "tpl_type": "template__type",
        "user_id": "user_id",
        "user_name": "user__name",
        "schedule_id": "schedule_id",
        "integration_id": "integration_id",
        "inventory_id": "inventory_id",
        "build_task_id": "build_task_id",
        "playbook": "playbook",
        "git_branch": "git_branch",
        "message": "message",
        "version": "version",
        "commit_hash": "commit_hash",
        "commit_message": "commit_message",
        "exit_code": "exit_code",
        "reason": "reason",
    },
    default="-id",
    searched=(
        "id", "message", "tpl_alias", "user_name", "version", "commit_message", "commit_hash", "git_branch", "playbook"
    ),
    words=("status", "tpl_app", "tpl_type"),
    most=MOST,
    wire_before=True,
    reach=REACH,
    indexed=("status", "user_id"),
    dated="created",
)  # fmt: skip

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

_own_of = itemgetter(*_OWN)
_TIMES = ("created", "start", "end", "build_task__created")


def _select(*, joined: bool) -> str:
    """Return the SELECT of tasks: raw, because these are the lists that are asked for most."""
    own = [f'"task"."{name}"' for name in _OWN]
    if not joined:
        return f'SELECT {", ".join(own)} FROM "task"'  # noqa: S608 - of constants
    others = [f'"{table}"."{name}" AS "{table}__{name}"' for table, name in (one.split("__") for one in _JOINED)]
    return (
        f'SELECT {", ".join(own + others)} FROM "task" '  # noqa: S608 - of constants
        'JOIN "template" ON "template"."id" = "task"."template_id" '
        'LEFT JOIN "user" ON "user"."id" = "task"."user_id" '
        'LEFT JOIN "task" AS "build_task" ON "build_task"."id" = "task"."build_task_id"'
    )


_PLAIN = _select(joined=False)
_FULL = _select(joined=True)


async def _full(where: str, params: Sequence[Any], *, positions: bool = False) -> list[dict[str, Any]]:
    found = await rows(f"{_FULL} WHERE {where}", params, times=_TIMES, documents=("params",))
    await explain(found, positions=positions)
    return found


_OMIT_EMPTY = (
    "environment", "user_id", "integration_id", "schedule_id", "start", "end", "message", "commit_message",
    "build_task_id", "inventory_id", "params", "arguments", "git_branch", "commit_hash", "version",
    "reason", "question", "exit_code",
)  # fmt: skip
"""Members that the wire leaves out when they are null, or empty text."""


def wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one task in the wire's shape."""
    task: dict[str, Any] = dict(zip(_OWN, _own_of(row), strict=True))
    for name in _OMIT_EMPTY:
        if task[name] is None or task[name] == "":
            del task[name]
    task["limit"] = ""
    if POSITION in row:
        task[POSITION] = row[POSITION]
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
    actor: Actor, project_id: int, asked: Asked = WHOLE, *, template_id: int | None = None
) -> Page[dict[str, Any]]:
    """Tasks of a project, or of one template, newest first."""
    grant = await require(actor, project_id)
    plan = LISTING.plan(asked, hidden(grant, "task"))
    which = {"project_id": project_id} | ({} if template_id is None else {"template_id": template_id})
    if plan.plain:
        # The project is that of the template: of two columns of tasks databases think that few rows fit both.
        owner, others = ("task", "") if template_id is None else ("template", ' AND "task"."template_id" = ?')
        where = f'"{owner}"."project_id" = ?{others}'
        rest = f'ORDER BY "task"."id" DESC LIMIT {plan.limit + 1}'
        found = await _full(f"{where} {rest}", list(which.values()))
        page = plan.cut(found, lambda row: Place(row["id"], row["id"]))
    else:
        page = await _chosen(await LISTING.values(Task.filter(**which), asked, "id", hidden=hidden(grant, "task")))
    return page.shaped(lambda row: shown(grant, "task", wire_with_template(row)))


async def _chosen(page: Page[dict[str, Any]]) -> Page[dict[str, Any]]:
    """Return whole rows for a page of ids; what was deleted meanwhile is left out."""
    found = await _by_ids([one["id"] for one in page])
    return page.of([found[one["id"]] for one in page if one["id"] in found])


async def _by_ids(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    return {row["id"]: row for row in await _full(f'"task"."id" IN ({", ".join("?" * len(ids))})', ids)}


async def chosen_tasks(where: str, params: Sequence[Any], *, positions: bool = False) -> list[dict[str, Any]]:
    """Tasks with the names that lists have, of which a condition of ours is true. Callers have checked permission."""
    return [wire_with_template(row) for row in await _full(where, params, positions=positions)]


async def last_tasks(template_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Newest task of each of these templates. Callers have checked permission."""
    if not template_ids:
        return {}
    places = ", ".join("?" * len(template_ids))
    newest = f'SELECT MAX("id") FROM "task" WHERE "template_id" IN ({places}) GROUP BY "template_id"'  # noqa: S608 - of constants
    found = await _full(f'"task"."id" IN ({newest})', template_ids)
    return {row["template_id"]: wire_with_template(row) for row in found}


async def get_task(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return one task; `NotFound` when it does not exist in the project."""
    grant = await require(actor, project_id)
    return shown(grant, "task", await one_task(project_id, task_id))


async def one_task(project_id: int, task_id: int, *, fresh: bool = False) -> dict[str, Any]:
    """Return one task of a project whose permission the caller has checked.

    One that is `fresh`, just stored, has nothing to tell yet of what it waits for.
    """
    where = '"id" = ? AND "project_id" = ?'
    found = await rows(f"{_PLAIN} WHERE {where}", [task_id, project_id], times=_TIMES[:3], documents=("params",))
    if not found:
        raise NotFound("There is no such task in this project.")
    if not fresh:
        await explain(found, positions=True)
    return wire(found[0])


async def task_with_template(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return one task with the names that lists have."""
    grant = await require(actor, project_id)
    found = await _full('"task"."id" = ? AND "task"."project_id" = ?', [task_id, project_id], positions=True)
    if not found:
        raise NotFound("There is no such task in this project.")
    return shown(grant, "task", wire_with_template(found[0]))


MOVES = Listing(
    TaskMove,
    columns={"id": "id", "at": "at", "source": "source", "target": "target", "actor": "actor", "note": "note"},
    default="id",
    searched=("actor", "note"),
    words=("source", "target"),
    most=MOST,
)

RESULTS = Listing(
    TaskResult,
    columns={"id": "id", "kind": "kind", "created": "created"},
    default="id",
    searched=("kind",),
    words=("kind",),
    most=MOST,
)


async def moves_of(actor: Actor, project_id: int, task_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Every change of status: who, when, from, to."""
    await get_task(actor, project_id, task_id)
    query = TaskMove.filter(task_id=task_id)
    found = await MOVES.values(query, asked, "id", "at", "source", "target", "actor", "note")
    return found.shaped(lambda row: {name: value for name, value in row.items() if name != "id"})


async def results_of(actor: Actor, project_id: int, task_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Structured results of a task, oldest first."""
    grant = await require(actor, project_id)
    task = await one_task(project_id, task_id)
    found = await RESULTS.values(
        TaskResult.filter(task_id=task_id).exclude(kind=TRACE), asked, "id", "kind", "created", "data"
    )
    if grant.user_id is not None and grant.user_id == task.get("user_id"):
        return found
    return found.shaped(
        lambda row: {**row, "data": shown(grant, row["kind"], row["data"])} if row["kind"] in VEILS else row
    )


async def live_tasks() -> list[dict[str, Any]]:
    """Every unfinished task of the hub, queued ones first; callers have checked that an administrator asks."""
    found: list[dict[str, Any]] = list(await Task.filter(status__in=list(UNFINISHED)).order_by("id").limit(MOST).values(
        "id", "project_id", "status", "lease_owner", "user__username", "project__name", "reason",
        "template_id", "template__name", "created",
    ))  # fmt: skip
    await explain(found, positions=True)
    live = []
    for row in found:
        entry = {
            "task_id": row["id"],
            "project_id": row["project_id"],
            "status": row["status"],
            "location": "running" if row["lease_owner"] else "queue",
            "project_name": row["project__name"],
            "template_id": row["template_id"],
            "tpl_alias": row["template__name"],
            "created": row["created"],
        }
        if row["user__username"]:
            entry["username"] = row["user__username"]
        if row["reason"]:
            entry["reason"] = row["reason"]
        if POSITION in row:
            entry[POSITION] = row[POSITION]
        if row["lease_owner"]:
            entry["worker"] = row["lease_owner"]
        live.append(entry)
    return sorted(live, key=lambda one: (one["location"], one.get(POSITION, 0)))
