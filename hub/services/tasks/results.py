"""Structured results of a task: stages, hosts and errors of Ansible in the wire's shapes, and plans.

They are rows of `TaskResult`: of kind `stages` with a list `stages`, of kind `ansible_hosts` with a list `hosts`, of
kind `ansible_errors` with a list `errors`. Where the wire's free edition answers null, these are lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.services.actor import Actor
from hub.services.listing import Asked
from hub.services.tasks.read import results_of

HOSTS = "ansible_hosts"
ERRORS = "ansible_errors"
TASKS = "ansible_tasks"
STAGES = "stages"
PASSPORT = "passport"
"""What ran: the hub's own note of each pass of a task."""
PLAN = "plan"
"""What a task would change: shown for people to judge, in the shape that `review_of` gives."""

_ACTIONS = ("add", "change", "destroy", "replace", "import", "move", "forget", "read")

_COUNTS = ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored")
_TYPES = {"plan": "terraform_plan", "play": "running", "apply": "running", "recap": "print_result",
          "outputs": "print_result"}  # fmt: skip
"""The wire's names of stages that are named otherwise here."""
_BY_HOST = frozenset({"play", "recap"})


async def stages(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """Stages of a task in their order; `result` is what was told of a stage, or null."""
    found: list[dict[str, Any]] = []
    told: dict[str, Any] | None = None
    for row in await _of_kind(actor, project_id, task_id, STAGES):
        for stage in row["data"].get("stages") or ():
            name = str(stage.get("name", ""))
            if name in _BY_HOST and told is None:
                told = await _told_by_host(actor, project_id, task_id)
            found.append({
                "id": len(found) + 1,
                "task_id": task_id,
                "type": _TYPES.get(name, name),
                "start": stage.get("start"),
                "end": stage.get("end"),
                "start_output_id": None,
                "end_output_id": None,
                "result": stage.get("result") or (told or {}).get(name),
            })  # fmt: skip
    return found


async def _told_by_host(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """What a run of Ansible tells about two of its stages: how many tasks, what failed first where, and the recap."""
    recap = await _each(actor, project_id, task_id, HOSTS)
    if not recap:
        return {}
    rows = await _of_kind(actor, project_id, task_id, TASKS)
    failed: dict[str, str] = {}
    for _, one in await _each(actor, project_id, task_id, ERRORS):
        failed.setdefault(str(one.get("host", "")), str(one.get("task", "")))
    return {
        "play": {"tasks": sum(len(_listed(row["data"].get("tasks"))) for row in rows), "failed": failed},
        "recap": {str(one.get("host", "")): {name: _count(one.get(name)) for name in _COUNTS} for _, one in recap},
    }


async def hosts(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """What happened to each host."""
    return [
        _head(number, project_id, task_id, created)
        | {"host": str(one.get("host", ""))}
        | {name: _count(one.get(name)) for name in _COUNTS}
        for number, (created, one) in enumerate(await _each(actor, project_id, task_id, HOSTS), 1)
    ]


async def errors(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """What failed on which host."""
    return [
        _head(number, project_id, task_id, created)
        | {name: str(one.get(name, "")) for name in ("host", "task", "error")}
        for number, (created, one) in enumerate(await _each(actor, project_id, task_id, ERRORS), 1)
    ]


async def _each(actor: Actor, project_id: int, task_id: int, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
    member = kind.removeprefix("ansible_")
    return [
        (row["created"], dict(one))
        for row in await _of_kind(actor, project_id, task_id, kind)
        for one in row["data"].get(member) or ()
    ]


async def _of_kind(actor: Actor, project_id: int, task_id: int, kind: str) -> list[dict[str, Any]]:
    return await results_of(actor, project_id, task_id, Asked(filters={"kind": kind}))


def review_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan in the shape that pages draw; what a plugin left out, or wrote otherwise, is empty."""
    counts = data.get("counts")
    counts = counts if isinstance(counts, Mapping) else {}
    return {
        "title": str(data.get("title") or ""),
        "workspace": str(data.get("workspace") or ""),
        "destroy": data.get("destroy") is True,
        "complete": data.get("complete") is not False,
        "cut": data.get("cut") is True,
        "left_out": _count(data.get("left_out")),
        "counts": {kind: _count(counts.get(kind)) for kind in _ACTIONS},
        "resources": [one for one in map(_change, _listed(data.get("resources"))) if one["action"] in _ACTIONS],
        "outputs": [_change(one) for one in _listed(data.get("outputs"))],
        "drift": [_change(one) for one in _listed(data.get("drift"))],
    }


def _change(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(one.get("name", "")),
        "action": str(one.get("action", "")),
        "before_name": str(one.get("before_name") or ""),
        "attributes": [_attribute(row) for row in _listed(one.get("attributes"))],
    }


def _attribute(row: Mapping[str, Any]) -> dict[str, Any]:
    sensitive = row.get("sensitive") is True
    values = {side: None if sensitive or row.get(side) is None else str(row[side]) for side in ("before", "after")}
    flags = {flag: row.get(flag) is True for flag in ("sensitive", "unknown", "forces")}
    return {"name": str(row.get("name", "")), **values, **flags}


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _head(number: int, project_id: int, task_id: int, created: datetime) -> dict[str, Any]:
    return {"id": number, "task_id": task_id, "project_id": project_id, "created": created}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
