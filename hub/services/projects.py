"""Projects: made with everything that a first template needs, and deleted as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.db import rows, unit
from hub.errors import Conflict, Forbidden, NotFound
from hub.models import (
    Channel,
    Environment,
    HostConfig,
    Inventory,
    Key,
    Membership,
    Option,
    Project,
    Repository,
    StateAlias,
    Task,
    Template,
    View,
)
from hub.services import events, retention
from hub.services.access import UPDATE_PROJECT, require, visible_project_ids
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.cursors import Place
from hub.services.draft import same_project
from hub.services.host_key_lessons import OPTION
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.tasks.states import UNFINISHED

MOST = 200
"""Longest list that the wire gives."""

_MOST_TASKS = 2**31 - 1

_SHOWN = ("id", "name", "created", "alert", "alert_chat", "max_parallel_tasks", "type", *retention.MEMBERS)
_COLUMNS = "SELECT " + ", ".join(f'"{name}"' for name in _SHOWN) + ' FROM "project"'  # noqa: S608 - of constants


class ProjectDraft(retention.Wished):
    """The wire's body of a project, and how long it keeps its tasks and logs; a limit that is left out stays."""

    id: Id = 0
    name: str = Field(default="", max_length=255)
    alert: bool = False
    alert_chat: str | None = Field(default=None, max_length=30)
    max_parallel_tasks: int = Field(default=0, ge=0, le=_MOST_TASKS)
    type: str = Field(default="", max_length=20)
    demo: bool = False


LISTING = Listing(
    Project,
    columns={
        "id": "id",
        "name": "name",
        "created": "created",
        "type": "type",
        "alert": "alert",
        "max_parallel_tasks": "max_parallel_tasks",
    },
    words=("type",),
    usual=MOST,
    most=1000,
    ignores_sort=True,
)


async def list_projects(actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Projects that the actor sees, by name."""
    visible = await visible_project_ids(actor)
    plan = LISTING.plan(asked)
    if visible is not None and not visible:
        return Page()
    if not plan.plain:
        query = Project.all() if visible is None else Project.filter(id__in=visible)
        return (await LISTING.values(query, asked, *_SHOWN)).shaped(_wire)
    where = "" if visible is None else f'WHERE "id" IN ({", ".join("?" * len(visible))})'
    found = await rows(
        f'{_COLUMNS} {where} ORDER BY "name", "id" LIMIT {plan.limit + 1}', visible or (), times=["created"],
        flags=["alert"],
    )  # fmt: skip
    return plan.cut(found, lambda row: Place(row["name"], row["id"])).shaped(_wire)


async def get_project(actor: Actor, project_id: int) -> dict[str, Any]:
    """One project."""
    await require(actor, project_id)
    return wire(await _find(project_id))


async def role_in_project(actor: Actor, project_id: int) -> dict[str, Any]:
    """Role and bits of the actor's own membership; empty for an administrator who is none."""
    grant = await require(actor, project_id)
    return {"role": grant.role, "permissions": grant.permissions}


def may_create(hub: Hub, actor: Actor) -> bool:
    """True for administrators, and for everybody where the settings say so."""
    return actor.admin or (actor.user_id is not None and hub.settings.non_admin_can_create_project)


def require_creator(hub: Hub, actor: Actor) -> None:
    """Raise `Forbidden` unless the actor may create projects."""
    if not may_create(hub, actor):
        raise Forbidden("Only an administrator may create projects in this hub.")


async def create_project(hub: Hub, actor: Actor, draft: ProjectDraft) -> dict[str, Any]:
    """Make a project with its owner, the key `None`, the view `All` and an empty variable group.

    `demo` is left to `hub.services.demo`, which makes such projects.
    """
    require_creator(hub, actor)

    async def work() -> Project:
        project = await Project.create(
            name=draft.name, created=hub.clock(), alert=draft.alert, alert_chat=draft.alert_chat,
            max_parallel_tasks=draft.max_parallel_tasks, type=draft.type,
            **draft.model_dump(include=set(retention.MEMBERS), exclude_none=True),
        )  # fmt: skip
        if actor.user_id is not None:
            await Membership.create(project_id=project.id, user_id=actor.user_id, role="owner")
        await Key.create(project_id=project.id, name="None", type="none")
        await View.create(project_id=project.id, title="All", type="all", position=0)
        await Environment.create(project_id=project.id, name="Empty", json="{}", env="{}")
        await events.record(hub, actor, "project", project.id, "Project created", project_id=project.id)
        await events.announce(hub, actor, "project.created", project.id, project.id)
        return project

    return wire(await unit(work))


async def update_project(hub: Hub, actor: Actor, project_id: int, draft: ProjectDraft) -> None:
    """Replace name, alerts and limits."""
    await require(actor, project_id, UPDATE_PROJECT)
    same_project(draft.id, project_id)

    async def work() -> None:
        project = await _find(project_id)
        project.name, project.alert, project.alert_chat = draft.name, draft.alert, draft.alert_chat
        project.max_parallel_tasks = draft.max_parallel_tasks
        project.update_from_dict(draft.model_dump(include=set(retention.MEMBERS), exclude_none=True))
        await project.save()
        await events.record(hub, actor, "project", project_id, "Project updated", project_id=project_id)
        await events.announce(hub, actor, "project.updated", project_id, project_id)

    await unit(work)


async def delete_project(hub: Hub, actor: Actor, project_id: int) -> None:
    """Delete a project with everything in it; `Conflict` while a task is not finished (BUG-001)."""
    grant = await require(actor, project_id, UPDATE_PROJECT)

    async def work() -> None:
        unfinished = Task.filter(project_id=project_id, status__in=list(UNFINISHED))
        ids = await unfinished.order_by("id").limit(1).values_list("id", flat=True)
        if ids:
            raise Conflict(f"The task {ids[0]} of this project is not finished. Stop it, then delete the project.")
        await _empty(project_id)
        await Option.filter(key=f"{OPTION}.{project_id}").delete()
        await Project.filter(id=project_id).delete()
        text = f"Project {grant.project_name} deleted"
        await events.record(hub, actor, "project", project_id, text, project_id=None)
        await events.announce(hub, actor, "project.deleted", project_id, None, project_name=grant.project_name)

    await unit(work)


async def _empty(project_id: int) -> None:
    """Delete what refers to other things of the project first: the database would refuse any other order."""
    await Template.filter(project_id=project_id).update(build_template_id=None)
    for model in (Channel, HostConfig, StateAlias, Task, Template, Inventory, Repository, Key, Environment):
        await model.filter(project_id=project_id).delete()


async def _find(project_id: int) -> Project:
    project = await Project.get_or_none(id=project_id)
    if project is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    return project


def wire(project: Project) -> dict[str, Any]:
    """Return a project in the wire's shape."""
    return _wire({name: getattr(project, name) for name in _SHOWN})


def _wire(row: Mapping[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": row["id"], "name": row["name"], "created": row["created"]}
    if row["alert"]:
        shape["alert"] = True
    if row["alert_chat"] is not None:
        shape["alert_chat"] = row["alert_chat"]
    if row["max_parallel_tasks"]:
        shape["max_parallel_tasks"] = row["max_parallel_tasks"]
    shape.update((name, row[name]) for name in retention.MEMBERS if row[name])
    shape["type"] = row["type"]
    return shape
