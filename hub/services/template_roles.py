"""Rights on one template: what those who have a custom role may do with it beyond what they may do everywhere."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from tortoise.exceptions import IntegrityError

from hub.context import Hub
from hub.db import column, unit
from hub.errors import Invalid, NotFound
from hub.models import Membership, Template, TemplateRole
from hub.services import events
from hub.services.access import EVERYTHING, MANAGE_RESOURCES, ROLES, bits_of, require, require_within, rights_changed
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.draft import MAX_ID, Draft
from hub.services.listing import WHOLE, Asked, Listing, Page

_NO_ROLE = "There is no custom role {} here; rights on a template are given to custom roles."


class TemplateRoleDraft(Draft):
    """The wire's body of a template's rights for a role."""

    role_slug: str = Field(default="", max_length=50)
    permissions: int = Field(default=0, ge=0, le=EVERYTHING)


LISTING = Listing(
    TemplateRole,
    columns={"id": "id", "role_slug": "role_slug", "permissions": "permissions"},
    default="id",
    searched=("role_slug",),
)


async def list_template_roles(
    actor: Actor, project_id: int, template_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:
    """Every right on a template."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    found = await LISTING.rows(TemplateRole.filter(template_id=template_id), asked)
    return found.shaped(lambda row: _shape(project_id, row))


async def get_template_role(actor: Actor, project_id: int, template_id: int, row_id: int) -> dict[str, Any]:
    """One of them."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    row = await _row(template_id, row_id)
    if row is None:
        raise NotFound("This template has no such right.")
    return _shape(project_id, row)


async def create_template_role(
    hub: Hub, actor: Actor, project_id: int, template_id: int, draft: TemplateRoleDraft
) -> dict[str, Any]:
    """Give a custom role rights on a template; no more than the giver has."""
    await _require_editor(actor, project_id, template_id, draft.permissions)
    if draft.role_slug in ROLES or await bits_of(project_id, draft.role_slug) is None:
        raise Invalid(_NO_ROLE.format(draft.role_slug or "(empty)"), field="role_slug")

    async def work() -> TemplateRole:
        await find(Template, project_id, template_id, "template")
        if await TemplateRole.filter(template_id=template_id, role_slug=draft.role_slug).exists():
            raise Invalid("This role has rights on the template already; change those.", field="role_slug")
        row = await TemplateRole.create(
            template_id=template_id, role_slug=draft.role_slug, permissions=draft.permissions
        )
        await _tell(hub, actor, project_id, row, "given")
        return row

    try:
        return _shape(project_id, await unit(work))
    except IntegrityError:  # somebody else was faster
        raise Invalid("This role has rights on the template already; change those.", field="role_slug") from None


async def update_template_role(
    hub: Hub, actor: Actor, project_id: int, template_id: int, row_id: int, draft: TemplateRoleDraft
) -> None:
    """Change the bits; the role stays, and an unknown id changes nothing, as on the wire."""
    await _require_editor(actor, project_id, template_id, draft.permissions)

    async def work() -> None:
        row = await _editable(actor, project_id, template_id, row_id)
        if row is None:
            return
        row.permissions = draft.permissions
        await row.save(update_fields=["permissions"])
        await _tell(hub, actor, project_id, row, "changed")

    await unit(work)


async def delete_template_role(hub: Hub, actor: Actor, project_id: int, template_id: int, row_id: int) -> None:
    """Take the rights back; an unknown id changes nothing, as on the wire."""
    await _require_editor(actor, project_id, template_id, 0)

    async def work() -> None:
        row = await _editable(actor, project_id, template_id, row_id)
        if row is None:
            return
        await row.delete()
        await _tell(hub, actor, project_id, row, "taken back")

    await unit(work)


async def bits_by_template(project_id: int, role: str) -> dict[int, int]:
    """What a role may do on each template of a project besides."""
    if not role or role in ROLES:
        return {}
    query = TemplateRole.filter(template__project_id=project_id, role_slug=role)
    return {
        int(row["template_id"]): int(row["permissions"]) for row in await query.values("template_id", "permissions")
    }


async def _require_editor(actor: Actor, project_id: int, template_id: int, bits: int) -> None:
    require_within(await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id), bits)


async def _editable(actor: Actor, project_id: int, template_id: int, row_id: int) -> TemplateRole | None:
    """Return the row if the actor has all that it gives; None for an unknown id."""
    await find(Template, project_id, template_id, "template")
    row = await _row(template_id, row_id)
    if row is not None:
        await _require_editor(actor, project_id, template_id, row.permissions)
    return row


async def _row(template_id: int, row_id: int) -> TemplateRole | None:
    return await TemplateRole.get_or_none(id=row_id, template_id=template_id) if 0 < row_id <= MAX_ID else None


def _shape(project_id: int, row: TemplateRole) -> dict[str, Any]:
    return {
        "id": row.id,
        "role_slug": row.role_slug,
        "template_id": row.template_id,
        "project_id": project_id,
        "permissions": row.permissions,
    }


async def _tell(hub: Hub, actor: Actor, project_id: int, row: TemplateRole, verb: str) -> None:
    text = f"Rights of role {row.role_slug} on template ID {row.template_id} {verb}"
    await events.record(hub, actor, "template", row.template_id, text, project_id=project_id)
    await events.announce(hub, actor, "template.rights", row.template_id, project_id, role=row.role_slug)
    members = Membership.filter(project_id=project_id, role=row.role_slug)
    await rights_changed(hub, await column(members, "user_id"))
