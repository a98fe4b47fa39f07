"""Who may do what: the wire's four permission bits, and the roles that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tortoise.models import Model

from hub.db import column
from hub.errors import Forbidden, NotFound
from hub.models import Integration, Membership, Project, Schedule
from hub.plugin import ProjectView
from hub.services.actor import Actor

RUN_TASKS = 1
UPDATE_PROJECT = 2
MANAGE_RESOURCES = 4
MANAGE_USERS = 8
EVERYTHING = RUN_TASKS | UPDATE_PROJECT | MANAGE_RESOURCES | MANAGE_USERS

ROLES = {
    "owner": EVERYTHING,
    "manager": RUN_TASKS | MANAGE_RESOURCES,
    "task_runner": RUN_TASKS,
    "guest": 0,
}

_WORDS = {
    RUN_TASKS: "run tasks in this project",
    UPDATE_PROJECT: "change this project",
    MANAGE_RESOURCES: "change things in this project",
    MANAGE_USERS: "change the team of this project",
}


_SOURCES: Mapping[str, type[Model]] = {"integration": Integration, "schedule": Schedule}
"""What starts tasks by itself, by the kind of actor."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one actor may do in one project."""

    project_id: int
    project_name: str
    role: str
    """Role of the membership; empty for an administrator who is not a member."""
    permissions: int
    """Bits of the membership alone, as the wire reports them."""
    admin: bool = False
    configured: bool = False
    """What the actor asks for was written down before, by somebody who may manage resources."""

    def allows(self, bits: int) -> bool:
        """True when all of `bits` are granted."""
        return self.admin or (self.permissions & bits) == bits

    @property
    def overrides(self) -> bool:
        """True when a task may differ from its template in everything: who asks could change the template as well."""
        return self.configured or self.allows(MANAGE_RESOURCES)

    @property
    def effective(self) -> int:
        """The bits that count."""
        return EVERYTHING if self.admin else self.permissions

    def view(self) -> ProjectView:
        """What plugins may see of it."""
        return ProjectView(id=self.project_id, name=self.project_name, permissions=self.effective)


async def grant_for(actor: Actor, project_id: int) -> Grant:
    """Return what `actor` may do in the project; `NotFound` when it does not exist or is not visible."""
    project = await Project.filter(id=project_id).values("id", "name")
    if project and actor.kind in _SOURCES:
        return await _source_grant(actor, project_id, str(project[0]["name"]))
    role = ""
    if project and actor.user_id is not None:
        found = await column(Membership.filter(project_id=project_id, user_id=actor.user_id), "role")
        role = str(found[0]) if found else ""
    if not project or not (role or actor.admin):
        raise NotFound("There is no such project, or you are not a member of it.")
    return Grant(project_id, str(project[0]["name"]), role, ROLES.get(role, 0), admin=actor.admin)


async def _source_grant(actor: Actor, project_id: int, project_name: str) -> Grant:
    """An integration or a schedule starts tasks of its own project, and may do nothing else."""
    if not await _SOURCES[actor.kind].filter(id=actor.source_id, project_id=project_id).exists():
        raise NotFound(f"There is no such {actor.kind} in this project.")
    return Grant(project_id, project_name, "", RUN_TASKS, configured=True)


async def require(actor: Actor, project_id: int, bits: int = 0) -> Grant:
    """Return the grant, or raise `NotFound` for strangers and `Forbidden` for members without all of `bits`."""
    grant = await grant_for(actor, project_id)
    if not grant.allows(bits):
        missing = next(word for bit, word in _WORDS.items() if bits & bit and not grant.permissions & bit)
        raise Forbidden(f"Your role does not let you {missing}.")
    return grant


def require_admin(actor: Actor) -> None:
    """Raise `Forbidden` unless the actor is an administrator."""
    if not actor.admin:
        raise Forbidden("Only an administrator may do this.")


async def visible_project_ids(actor: Actor) -> list[int] | None:
    """Return the projects that the actor is a member of; None stands for all of them."""
    if actor.admin:
        return None
    return await column(Membership.filter(user_id=actor.user_id), "project_id")
