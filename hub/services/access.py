"""Who may do what: the wire's four permission bits, the roles that hold them, and what tokens let through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tortoise.expressions import Q
from tortoise.models import Model

from hub.context import Hub
from hub.db import column, on_commit, rows
from hub.errors import Forbidden, NotFound
from hub.models import Integration, Role, Schedule, TemplateRole
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
"""The built-in roles. No row of the role table ever replaces one of them (S16)."""

SCOPES = {
    "read": 0,
    "run": RUN_TASKS,
    "manage": UPDATE_PROJECT | MANAGE_RESOURCES | MANAGE_USERS,
    "admin": EVERYTHING,
}
"""Scopes of tokens, and the bits of its owner that each lets through. Every one of them reads."""

_WORDS = {
    RUN_TASKS: "run tasks in this project",
    UPDATE_PROJECT: "change this project",
    MANAGE_RESOURCES: "change things in this project",
    MANAGE_USERS: "change the team of this project",
}
_UNKNOWN = "There is no such project, or you are not a member of it."


_SOURCES: Mapping[str, type[Model]] = {"integration": Integration, "schedule": Schedule}
"""What starts tasks by itself, by the kind of actor."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one actor may do in one project, or on one template of it."""

    project_id: int
    project_name: str
    role: str
    """Role of the membership; empty for an administrator who is not a member."""
    permissions: int
    """Bits of the membership alone, as the wire reports them."""
    admin: bool = False
    ceiling: int = EVERYTHING
    """Bits that the scopes of a token let through."""
    user_id: int | None = None
    """Whose grant it is."""
    configured: bool = False
    """What the actor asks for was written down before, by somebody who may manage resources."""

    def allows(self, bits: int) -> bool:
        """True when all of `bits` are granted."""
        return (self.effective & bits) == bits

    @property
    def held(self) -> int:
        """The bits of the person, whatever they use to ask: what is readable goes by these."""
        return EVERYTHING if self.admin else self.permissions

    @property
    def overrides(self) -> bool:
        """True when a task may differ from its template in everything: who asks could change the template as well."""
        return self.configured or self.allows(MANAGE_RESOURCES)

    @property
    def effective(self) -> int:
        """The bits that count."""
        return self.held & self.ceiling

    def view(self) -> ProjectView:
        """What plugins may see of it."""
        return ProjectView(id=self.project_id, name=self.project_name, permissions=self.effective)


async def grant_for(actor: Actor, project_id: int) -> Grant:
    """Return what `actor` may do in the project; `NotFound` when it does not exist or is not visible."""
    project = await rows(_PROJECT_AND_ROLE, [actor.user_id, project_id])
    if project and actor.kind in _SOURCES:
        return await _source_grant(actor, project_id, str(project[0]["name"]))
    role, admin = str(project[0]["role"] or "") if project else "", actor.admin or actor.everywhere
    elsewhere = actor.project_id is not None and actor.project_id != project_id
    if not project or elsewhere or not (role or admin):
        raise NotFound(_UNKNOWN)
    bits = await bits_of(project_id, role) or 0
    return Grant(project_id, str(project[0]["name"]), role, bits, admin=admin, ceiling=ceiling_of(actor),
                 user_id=actor.user_id)  # fmt: skip


_PROJECT_AND_ROLE = """
    SELECT "project"."name", "membership"."role"
    FROM "project" LEFT JOIN "membership"
         ON "membership"."project_id" = "project"."id" AND "membership"."user_id" = ?
    WHERE "project"."id" = ?
"""


async def bits_of(project_id: int, role: str) -> int | None:
    """Return the bits of a role in a project; None where there is no such role: built-in, of the hub, or its own."""
    if role in ROLES:
        return ROLES[role]
    if not role:
        return None
    found = await column(Role.filter(Q(project_id=project_id) | Q(project_id__isnull=True), slug=role), "permissions")
    return int(found[0]) & EVERYTHING if found else None


def ceiling_of(actor: Actor) -> int:
    """Return the bits that an actor's scopes let through."""
    if actor.scopes is None:
        return EVERYTHING
    bits = 0
    for scope in actor.scopes:
        bits |= SCOPES.get(scope, 0)
    return bits


async def on_template(grant: Grant, template_id: int) -> Grant:
    """Return the grant together with what the role may do on one template of the project besides."""
    if not grant.role or grant.role in ROLES:
        return grant
    query = TemplateRole.filter(template_id=template_id, template__project_id=grant.project_id, role_slug=grant.role)
    found = await column(query, "permissions")
    more = int(found[0]) & EVERYTHING if found else 0
    return replace(grant, permissions=grant.permissions | more)


async def _source_grant(actor: Actor, project_id: int, project_name: str) -> Grant:
    """An integration or a schedule starts tasks of its own project, and may do nothing else."""
    if not await _SOURCES[actor.kind].filter(id=actor.source_id, project_id=project_id).exists():
        raise NotFound(f"There is no such {actor.kind} in this project.")
    return Grant(project_id, project_name, "", RUN_TASKS, configured=True)


async def require(actor: Actor, project_id: int, bits: int = 0, *, template_id: int | None = None) -> Grant:
    """Return the grant, or raise `NotFound` for strangers and `Forbidden` for members without all of `bits`.

    With `template_id`, what a role may do on that template alone counts, too.
    """
    grant = await grant_for(actor, project_id)
    if template_id is not None:
        grant = await on_template(grant, template_id)
    if not grant.allows(bits):
        missing = next(word for bit, word in _WORDS.items() if bits & bit and not grant.effective & bit)
        owner = "Your role" if (grant.held & bits) != bits else "This token"
        raise Forbidden(f"{owner} does not let you {missing}.")
    return grant


def require_within(grant: Grant, bits: int, *, field: str = "permissions") -> None:
    """Refuse to hand out what the giver does not have; `field` names the member that would."""
    if not grant.allows(bits):
        missing = next(word for bit, word in _WORDS.items() if bits & bit and not grant.effective & bit)
        text = f"You cannot give or take the right to {missing}, because you do not have it yourself."
        raise Forbidden(text, field=field)


def require_admin(actor: Actor) -> None:
    """Raise `Forbidden` unless the actor is an administrator."""
    if not actor.admin:
        raise Forbidden("Only an administrator may do this.")


async def visible_project_ids(actor: Actor) -> list[int] | None:
    """Return the projects that the actor sees; None stands for all of them."""
    if actor.admin or actor.everywhere:
        return None if actor.project_id is None else [actor.project_id]
    mine = await rows('SELECT "project_id" FROM "membership" WHERE "user_id" = ?', [actor.user_id])
    return [one["project_id"] for one in mine if actor.project_id in {None, one["project_id"]}]


def rights_topic(user_id: int | None) -> str:
    """What rings when the rights of somebody may have changed."""
    return f"rights/{user_id}"


async def rights_changed(hub: Hub, user_ids: Iterable[int]) -> None:
    """Make the open views of these people look at their rights again, once the unit under way is committed."""
    topics = [rights_topic(user_id) for user_id in sorted(set(user_ids))]

    async def ring() -> None:
        for topic in topics:
            await hub.bell.ring(topic)

    await on_commit(ring)
