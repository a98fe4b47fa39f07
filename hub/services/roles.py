"""Custom roles: of the whole hub, looked after by administrators, and of one project, by those who manage its team.

A role of another project does not exist here. Nobody makes a role, or changes one, that holds more than they have
themselves; and a role that is named like a built-in one cannot be made, nor would it count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import column, unit
from hub.errors import InUse, Invalid, NotFound, User
from hub.models import Invite, Membership, Role, TemplateRole
from hub.services import events
from hub.services.access import (
    EVERYTHING,
    MANAGE_USERS,
    ROLES,
    bits_of,
    require,
    require_admin,
    require_within,
    rights_changed,
)
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.listing import WHOLE, Asked, Listing, Page

RESERVED = frozenset({*ROLES, "none", "admin", "administrator", "all", "new", "system", "runner", "user", "member"})
"""Slugs that no role may have: built-in ones, words that read like them, and words of addresses."""

TITLES = {"owner": "Owner", "manager": "Manager", "task_runner": "Task Runner", "guest": "Guest"}

_SLUG = re.compile(r"[a-z0-9_-]+", re.ASCII)
_SHOWN = 5  # members in a refusal


class RoleDraft(Draft):
    """The wire's body of a role."""

    slug: str = Field(default="", max_length=50)
    name: str = Field(default="", max_length=100)
    permissions: int = Field(default=0, ge=0, le=EVERYTHING)


LISTING = Listing(
    Role,
    columns={"name": "name", "slug": "slug", "permissions": "permissions", "project_id": "project_id"},
    searched=("name", "slug"),
    words=("slug",),
    own=("mode",),
)


async def list_global(actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Roles of the whole hub by name; for administrators."""
    require_admin(actor)
    return await global_roles(asked)


async def global_roles(asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Roles of the whole hub by name, for everybody who is signed in."""
    return (await LISTING.rows(Role.filter(project_id__isnull=True), asked)).shaped(_shape)


async def list_roles(
    actor: Actor, project_id: int, asked: Asked = WHOLE, *, everywhere: bool = False, built_in: bool = False
) -> Page[dict[str, Any]]:
    """Roles of a project; with `everywhere` those of the hub as well, with `built_in` every role one can have here.

    Built-in ones stand before the first page of the others, unless something is looked for.
    """
    await require(actor, project_id)
    which = (
        Q(project_id=project_id) | Q(project_id__isnull=True) if everywhere or built_in else Q(project_id=project_id)
    )
    plan = LISTING.plan(asked)
    page = (await LISTING.rows(Role.filter(which), asked)).shaped(_shape)
    if not built_in or not plan.wanted.anything or (plan.place is not None and (page.previous or not plan.backwards)):
        return page
    fixed = [
        {"slug": slug, "name": TITLES[slug], "permissions": bits, "project_id": None} for slug, bits in ROLES.items()
    ]
    return page.of([*fixed, *page])


async def get_role(actor: Actor, project_id: int | None, slug: str) -> dict[str, Any]:
    """One role of the project, or of the hub where `project_id` is None."""
    if project_id is None:
        require_admin(actor)
    else:
        await require(actor, project_id)
    return _shape(await _find(project_id, slug))


async def role_id(actor: Actor, project_id: int | None, slug: str) -> int:
    """Return what events call a role; the wire knows it by its slug."""
    await get_role(actor, project_id, slug)
    return (await _find(project_id, slug)).id


async def create_role(hub: Hub, actor: Actor, project_id: int | None, draft: RoleDraft) -> dict[str, Any]:
    """Make a role of the project, or of the hub."""
    await _require_editor(actor, project_id, draft.permissions)
    _check_name(draft.name)
    if not _SLUG.fullmatch(draft.slug):
        raise Invalid("The slug of a role has small letters, digits, - and _ only.", field="slug")
    if draft.slug in RESERVED:
        raise Invalid(f"The slug {draft.slug} is reserved; choose another.", field="slug")

    async def work() -> Role:
        if await Role.filter(slug=draft.slug).exists() or await Membership.filter(role=draft.slug).exists():
            raise Invalid(f"The slug {draft.slug} is taken; choose another.", field="slug")
        role = await Role.create(
            slug=draft.slug, name=draft.name.strip(), permissions=draft.permissions, project_id=project_id
        )
        await _tell(hub, actor, role, "created")
        return role

    try:
        return _shape(await unit(work))
    except IntegrityError:  # somebody else was faster
        raise Invalid(f"The slug {draft.slug} is taken; choose another.", field="slug") from None


async def update_role(hub: Hub, actor: Actor, project_id: int | None, slug: str, draft: RoleDraft) -> None:
    """Replace name and permissions; it counts at once for everybody who has the role."""
    await _require_editor(actor, project_id, draft.permissions)
    if draft.slug and draft.slug != slug:
        raise Invalid("The slug of a role cannot be changed; members and templates know the role by it.", field="slug")
    _check_name(draft.name)

    async def work() -> None:
        role = await _find(project_id, slug)
        await _require_editor(actor, project_id, role.permissions)
        role.name, role.permissions = draft.name.strip(), draft.permissions
        await role.save(update_fields=["name", "permissions"])
        await _tell(hub, actor, role, "updated")
        await rights_changed(hub, await column(_members(role), "user_id"))

    await unit(work)


async def delete_role(hub: Hub, actor: Actor, project_id: int | None, slug: str) -> None:
    """Delete a role that nobody has."""
    await _require_editor(actor, project_id, 0)

    async def work() -> None:
        role = await _find(project_id, slug)
        await _require_editor(actor, project_id, role.permissions)
        await _refuse_used(role)
        await TemplateRole.filter(role_slug=slug).delete()  # rows of templates alone give nobody anything
        await role.delete()
        await _tell(hub, actor, role, "deleted")

    await unit(work)


async def check_assignable(project_id: int, slug: str) -> int:
    """Return the bits of a role that members of the project can have. Raises `Invalid` for any other (S16)."""
    bits = await bits_of(project_id, slug)
    if bits is None:
        own = await column(Role.filter(Q(project_id=project_id) | Q(project_id__isnull=True)).order_by("slug"), "slug")
        known = ", ".join([*ROLES, *map(str, own)])
        raise Invalid(f"There is no role {slug or '(empty)'} here; choose one of: {known}.", field="role")
    return bits


async def _require_editor(actor: Actor, project_id: int | None, bits: int) -> None:
    if project_id is None:
        require_admin(actor)
    else:
        require_within(await require(actor, project_id, MANAGE_USERS), bits)


async def _find(project_id: int | None, slug: str) -> Role:
    role = await Role.get_or_none(slug=slug)
    if role is None or role.project_id != project_id:
        raise NotFound("There is no such role here.")
    return role


def _members(role: Role) -> QuerySet[Membership]:
    query = Membership.filter(role=role.slug)
    return query if role.project_id is None else query.filter(project_id=role.project_id)


async def _refuse_used(role: Role) -> None:
    found = await _members(role).order_by("user__username").values("user__username", "project_id", "project__name")
    names = list(dict.fromkeys(one["user__username"] for one in found))
    if names:
        where = {one["project_id"]: User("team", one["project_id"], one["project__name"]) for one in found}
        raise InUse(f"The role {role.slug} is in use by {_some(names)}. Give them another role first.", where.values())
    invites = Invite.filter(role=role.slug, status="pending")
    if role.project_id is not None:
        invites = invites.filter(project_id=role.project_id)
    projects = {one["project_id"]: one["project__name"] for one in await invites.values("project_id", "project__name")}
    if projects:
        users = [User("invites", one, name) for one, name in projects.items()]
        raise InUse(f"The role {role.slug} is in use by invitations that nobody has answered yet.", users)


def _some(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(str(one) for one in names[:_SHOWN]) + more


def _check_name(name: str) -> None:
    if not name.strip():
        raise Invalid("Role name cannot be empty", field="name")
    if not name.isprintable():
        raise Invalid("The name of a role holds characters that cannot be printed.", field="name")


def _shape(role: Role) -> dict[str, Any]:
    return {"slug": role.slug, "name": role.name, "permissions": role.permissions, "project_id": role.project_id}


async def _tell(hub: Hub, actor: Actor, role: Role, verb: str) -> None:
    await events.record(hub, actor, "role", role.id, f"Role {role.slug} {verb}", project_id=role.project_id)
    await events.announce(hub, actor, f"role.{verb}", role.id, role.project_id, slug=role.slug)
