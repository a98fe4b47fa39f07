"""Who may do what with one template, and what custom roles may do with it beyond what they may everywhere."""

from __future__ import annotations

from typing import Any

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import NotFound
from hub.services import role_uses, roles, team
from hub.services import template_roles as service
from hub.services.access import MANAGE_RESOURCES, ROLES, on_template
from hub.services.listing import Asked
from hub.services.template_roles import TemplateRoleDraft
from hub.services.templates import get_template
from hub.web.i18n import gettext as _
from hub.web.pages import rights_words, visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.team import role_title

_PEOPLE = 200
"""Members that are shown by name."""

_ROOT = "/project/<int:project_id>/templates/<int:template_id>/perms"


@page(_ROOT, Who.MEMBER)
async def template_rights(project_id: int, template_id: int) -> Response:
    """Every role of the project with what it may do here."""
    here = visit.visit()
    found = await get_template(here.actor, project_id, template_id)
    given = await _given(project_id, template_id)
    counts = await role_uses.member_counts(here.actor, project_id)
    every = await roles.list_roles(here.actor, project_id, built_in=True)
    return await visit.show(
        "template.html", tab="rights", template=found, panels=[], may_change=await _may_change(template_id),
        custom_roles=any(one["slug"] not in ROLES for one in every),
        roles=[_shown(one, given.get(one["slug"]), counts.get(one["slug"], 0)) for one in every],
        people=await _people(project_id, every, given),
    )  # fmt: skip


async def _people(
    project_id: int, every: list[dict[str, Any]], given: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:  # fmt: skip
    """Every member with what all of that comes to, for this template."""
    bits = {one["slug"]: one["permissions"] | given.get(one["slug"], {}).get("permissions", 0) for one in every}
    names = {one["slug"]: one["name"] for one in every}
    return [
        {
            "name": one["name"] or one["username"], "username": one["username"], "role": role_title(one["role"], names),
            "words": list(rights_words.template_words(bits.get(one["role"], 0)).values()),
        }
        for one in await team.list_members(visit.visit().actor, project_id, Asked(limit=_PEOPLE))
    ]  # fmt: skip


@page(f"{_ROOT}/<slug>", Who.MEMBER, methods=FORM)
async def template_rights_edit(project_id: int, template_id: int, slug: str) -> Response:
    """Give a custom role rights on the template, or other ones."""
    here = visit.visit()
    template = await get_template(here.actor, project_id, template_id)
    role, row = await _role(project_id, slug), (await _given(project_id, template_id)).get(slug)
    if request.method == "GET":
        return await _form(template, role, row, NOTHING)
    sent = await request.form
    kept = row["permissions"] & ~rights_words.TEMPLATE_BITS if row else 0
    body = {"role_slug": slug, "permissions": rights_words.ticked(sent) & rights_words.TEMPLATE_BITS | kept}
    where = (here.hub, here.actor, project_id, template_id)
    try:
        if row is None:
            await service.create_template_role(*where, TemplateRoleDraft.read(body))
        else:
            await service.update_template_role(*where, row["id"], TemplateRoleDraft.read(body))
    except FORM_ERRORS as fault:
        return await _form(template, role, row, sent, fault)
    return visit.go("template_rights", project_id=project_id, template_id=template_id, say=_("Saved."))


@page(f"{_ROOT}/<slug>/remove", Who.MEMBER, methods=SEND)
async def template_rights_remove(project_id: int, template_id: int, slug: str) -> Response:
    """Take back what a role may do on the template alone."""
    here = visit.visit()
    row = (await _given(project_id, template_id)).get(slug)
    back = visit.address("template_rights", project_id=project_id, template_id=template_id)
    try:
        if row is not None:
            await service.delete_template_role(here.hub, here.actor, project_id, template_id, row["id"])
    except FORM_ERRORS as fault:
        return visit.go_to(back, say=sentence(fault), kind="danger")
    return visit.go_to(back, say=_("The rights were taken back."))


async def _given(project_id: int, template_id: int) -> dict[str, dict[str, Any]]:
    """What roles may do on this template alone, by slug."""
    found = await service.list_template_roles(visit.visit().actor, project_id, template_id)
    return {str(one["role_slug"]): one for one in found}


async def _role(project_id: int, slug: str) -> dict[str, Any]:
    found = await roles.list_roles(visit.visit().actor, project_id, everywhere=True)
    for one in found:
        if one["slug"] == slug:
            return one
    raise NotFound("There is no such role here.")


async def _may_change(template_id: int) -> bool:
    grant = visit.visit().grant
    return grant is not None and (await on_template(grant, template_id)).allows(MANAGE_RESOURCES)


def _shown(role: dict[str, Any], row: dict[str, Any] | None, members: int) -> dict[str, Any]:
    everywhere, here = role["permissions"], row["permissions"] if row else 0
    custom = role["slug"] not in ROLES
    return {
        "slug": role["slug"],
        "title": role_title(role["slug"], {role["slug"]: role["name"]}),
        "kind": "" if custom else _("built in"),
        "custom": custom,
        "given": row is not None,
        "members": members,
        "words": [(word, not everywhere & bit) for bit, word in rights_words.template_words(everywhere | here).items()],
    }


async def _form(
    template: dict[str, Any], role: dict[str, Any], row: dict[str, Any] | None, sent: MultiDict[str, str],
    fault: Exception | None = None,
) -> Response:  # fmt: skip
    project_id, back = visit.visit().project_id, {"project_id": template["project_id"], "template_id": template["id"]}
    error, errors = faults(fault, {"permissions": "permissions"}) if fault else ("", {})
    here_only = row["permissions"] if row else 0
    bits = rights_words.ticked(sent) if fault else here_only
    everywhere = rights_words.words(role["permissions"])
    intro = _(
        "In the whole project, this role may: %(rights)s. What is ticked here comes on top, on this template alone.",
        rights=", ".join(everywhere) or _("look only"),
    )
    return await visit.show(
        "form.html", status=400 if fault else 200, section="templates", heading=role["name"], error=error, intro=intro,
        trail=[
            (_("Task templates"), visit.address("templates", project_id=project_id)),
            (template["name"], visit.address("template", **back)),
            (_("Who may do what"), visit.address("template_rights", **back)),
        ],
        fields=[rights_words.template_field(bits, error=errors.get("permissions", ""))],
        cancel=visit.address("template_rights", **back), read_only=not await _may_change(template["id"]),
    )  # fmt: skip
