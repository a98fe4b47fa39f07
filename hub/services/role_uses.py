"""Who and what uses a role: members, templates that give it more, invitations that nobody has answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tortoise.functions import Count

from hub.models import Invite, Membership, TemplateRole
from hub.services.access import MANAGE_USERS, require, require_admin
from hub.services.actor import Actor
from hub.services.roles import get_role

SHOWN: Final = 100
"""How many of each kind are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What uses one role."""

    members: list[dict[str, Any]]
    """`user_id`, `name`, `username`, `project_id`, `project_name`; the first of `member_count`."""
    member_count: int
    templates: list[dict[str, Any]]
    """`id`, `name`, `project_id`, `project_name`, `permissions`; the first of `template_count`."""
    template_count: int
    invites: int
    """Pending invitations; of those who may change the team."""


async def role_uses(actor: Actor, project_id: int | None, slug: str) -> Uses:
    """Tell who and what uses a role of the project, or of the hub where `project_id` is None."""
    await get_role(actor, project_id, slug)
    members = Membership.filter(role=slug)
    templates = TemplateRole.filter(role_slug=slug)
    invites = Invite.filter(role=slug, status="pending")
    sees_invites = project_id is None
    if project_id is not None:
        members, invites = members.filter(project_id=project_id), invites.filter(project_id=project_id)
        templates = templates.filter(template__project_id=project_id)
        sees_invites = (await require(actor, project_id)).allows(MANAGE_USERS)
    return Uses(
        members=list(await members.order_by("project__name", "user__name", "id").limit(SHOWN).values(
            "user_id", "project_id", name="user__name", username="user__username", project_name="project__name")),
        member_count=await members.count(),
        templates=list(await templates.order_by("template__name", "id").limit(SHOWN).values(
            "permissions", id="template_id", name="template__name", project_id="template__project_id",
            project_name="template__project__name")),
        template_count=await templates.count(),
        invites=await invites.count() if sees_invites else 0,
    )  # fmt: skip


async def member_counts(actor: Actor, project_id: int | None) -> dict[str, int]:
    """How many members have each role, in the project or, for administrators, in all of them."""
    if project_id is None:
        require_admin(actor)
        members = Membership.all()
    else:
        await require(actor, project_id)
        members = Membership.filter(project_id=project_id)
    found = await members.annotate(n=Count("id")).group_by("role").values("role", "n")
    return {str(row["role"]): int(row["n"]) for row in found}
