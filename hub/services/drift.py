"""Drift: whether what a template describes is still so, as tasks that looked for it have found.

A look is a task like any other: started by hand, by a schedule, by whatever starts tasks, with the task param `drift`
of an executor that can (`Capabilities.drift`). What it finds comes as its result of kind `drift`, and is noted here
when the task ends well, in the unit that ends it. A drift opens with the first look that finds one, and closes with
the first that finds none, or with a run that has put everything right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.context import Hub
from hub.db import column, exclusive, rows
from hub.models import DriftCheck, Template
from hub.services import events
from hub.services.access import require
from hub.services.actor import SYSTEM, Actor
from hub.services.belongings import find
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.notices.others import tell_drift

KIND: Final = "drift"
"""Kind of the result that tells what a task has found: `drifted`, `resources` of `name` and `action`, `look`."""
KEPT: Final = 400
"""Looks that are kept of each template and inventory: more than a year of one a day."""
MOST: Final = 500
"""Resources that are kept of a look."""

CHECKS = Listing(
    DriftCheck,
    columns={name: name for name in ("id", "created", "task_id", "drifted", "inventory_id")},
    default="-id",
    searched=(),
    most=KEPT,
)  # fmt: skip
STANDING = Listing(
    DriftCheck,
    columns={**CHECKS.columns, "template_id": "template_id", "template_name": "template__name"},
    default="template_name",
    searched=("template_name",),
    most=1000,
)
_SHOWN: Final = ("id", "template_id", "inventory_id", "task_id", "created", "drifted", "changes", "resources")


@dataclass(frozen=True, slots=True)
class Looked:
    """A task that has looked, and of what."""

    task_id: int
    project_id: int
    template_id: int
    template_name: str


async def list_checks(actor: Actor, project_id: int, template_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Looks at a template, newest first."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    return await CHECKS.values(DriftCheck.filter(template_id=template_id), asked, *_SHOWN)


async def standing(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """The last look at each template and inventory of a project, by the name of the template."""
    await require(actor, project_id)
    last = [one["id"] for one in await rows(_LAST, [project_id])]
    found = await STANDING.values(DriftCheck.filter(id__in=last), asked, *_SHOWN, "template__name")
    return found.shaped(_named)


async def note(hub: Hub, looked: Looked, data: Mapping[str, Any]) -> None:
    """Note what a task has found, in the unit that ends it; and whether a drift has opened or closed with that."""
    await exclusive(f"drift of template {looked.template_id}")
    inventory_id, as_described = await _run_of(looked.task_id)
    former = await _last(looked.template_id, inventory_id)
    drifted = bool(data.get("drifted"))
    if not data.get("look") and (drifted or not former or not as_described):
        return  # a run that changes things can only close a drift, and only by doing what the template says
    resources = [_resource(one) for one in data.get("resources") or () if isinstance(one, Mapping)]
    await DriftCheck.create(
        template_id=looked.template_id, inventory_id=inventory_id, task_id=looked.task_id, created=hub.clock(),
        drifted=drifted, changes=len(resources), resources=resources[:MOST],
    )  # fmt: skip
    await _forget(looked.template_id, inventory_id)
    if drifted != former:
        await _tell(hub, looked, len(resources), opened=drifted)


async def _run_of(task_id: int) -> tuple[int | None, bool]:
    """Return the inventory of a task, and whether it ran what the template says."""
    [run] = await rows(_RUN, [task_id])
    plain = not any(run[name] for name in ("git_branch", "playbook", "arguments"))
    return run["inventory_id"], plain


async def _last(template_id: int, inventory_id: int | None) -> bool:
    """Tell whether the last look found a drift."""
    found = await column(_of(template_id, inventory_id).order_by("-id").limit(1), "drifted")
    return bool(found and found[0])


def _of(template_id: int, inventory_id: int | None) -> Any:
    query = DriftCheck.filter(template_id=template_id)
    return query.filter(inventory_id__isnull=True) if inventory_id is None else query.filter(inventory_id=inventory_id)


async def _forget(template_id: int, inventory_id: int | None) -> None:
    beyond = await column(_of(template_id, inventory_id).order_by("-id").offset(KEPT).limit(1), "id")
    if beyond:
        await _of(template_id, inventory_id).filter(id__lte=beyond[0]).delete()


async def _tell(hub: Hub, looked: Looked, changes: int, *, opened: bool) -> None:
    text = f"Drift of {looked.template_name} " + (f"opened: {changes} to change" if opened else "closed")
    await events.record(hub, SYSTEM, "template", looked.template_id, f"{text} (task ID {looked.task_id})",
                        project_id=looked.project_id)  # fmt: skip
    await events.announce(
        hub, SYSTEM, "drift.opened" if opened else "drift.closed", looked.template_id, looked.project_id,
        template_name=looked.template_name, task_id=looked.task_id, changes=changes,
    )  # fmt: skip
    await tell_drift(hub, looked, changes, opened=opened)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {"template_name" if name == "template__name" else name: value for name, value in row.items()}


def _resource(one: Mapping[str, Any]) -> dict[str, str]:
    return {"name": str(one.get("name", ""))[:500], "action": str(one.get("action", ""))[:20]}


_RUN = """
    SELECT COALESCE("task"."inventory_id", "template"."inventory_id") AS "inventory_id", "task"."git_branch",
           "task"."playbook", "task"."arguments"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id" WHERE "task"."id" = ?
"""

_LAST = """
    SELECT MAX("drift_check"."id") AS "id"
    FROM "drift_check" JOIN "template" ON "template"."id" = "template_id"
    WHERE "project_id" = ? GROUP BY "template_id", "drift_check"."inventory_id"
"""
