"""What hangs on a project or a person: for people to look at before they delete either."""

from __future__ import annotations

from typing import Any

from tortoise.models import Model

from hub.db import rows
from hub.errors import Forbidden, NotFound
from hub.models import Environment, Inventory, Key, Membership, Repository, Schedule, Task, Template, User, View
from hub.services import refs
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.tasks.states import UNFINISHED

_IN_PROJECT: dict[str, type[Model]] = {
    "templates": Template,
    "inventories": Inventory,
    "repositories": Repository,
    "environments": Environment,
    "schedules": Schedule,
    "views": View,
}


async def project_refs(actor: Actor, project_id: int) -> dict[str, Any]:
    """Everything that would go with a project, and how many of its tasks are not finished."""
    await require(actor, project_id)
    found: dict[str, Any] = refs.none() | {
        kind: await _named(model, "title" if model is View else "name", project_id=project_id)
        for kind, model in _IN_PROJECT.items()
    }
    found["access_keys"] = await _named(Key, "name", project_id=project_id, owner="")
    found["unfinished_tasks"] = await Task.filter(project_id=project_id, status__in=list(UNFINISHED)).count()
    return found


async def user_refs(actor: Actor, user_id: int) -> dict[str, Any]:
    """Projects that a person is a member of, with the role; for administrators, and for oneself."""
    if not actor.admin and actor.user_id != user_id:
        raise Forbidden("Only an administrator sees the projects of other people.")
    if not await User.filter(id=user_id).exists():
        raise NotFound("There is no such user.")
    query = Membership.filter(user_id=user_id).order_by("project__name", "project_id")
    found = await query.values("project_id", "project__name", "role")
    projects = [{"id": one["project_id"], "name": one["project__name"], "role": one["role"]} for one in found]
    return {"projects": projects}


async def view_refs(actor: Actor, project_id: int, view_id: int) -> refs.Refs:
    """Templates that stand in a view; they stay when it goes."""
    await require(actor, project_id)
    await find(View, project_id, view_id, "view")
    return await refs.of_view(project_id, view_id)


async def schedule_refs(actor: Actor, project_id: int, schedule_id: int) -> refs.Refs:
    """Nothing refers to a schedule."""
    await require(actor, project_id)
    await find(Schedule, project_id, schedule_id, "schedule")
    return refs.none()


async def _named(model: type[Model], name: str, **which: Any) -> list[dict[str, Any]]:
    """Return id and name of all rows; raw, as there may be thousands."""
    where = " AND ".join(f'"{column}" = ?' for column in which)
    return await rows(
        f'SELECT "id", "{name}" AS "name" FROM "{model._meta.db_table}" WHERE {where} ORDER BY "{name}", "id"',  # noqa: S608, SLF001 - of constants; Tortoise has no public way to a table's name
        list(which.values()),
    )
