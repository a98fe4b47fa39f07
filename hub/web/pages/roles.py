"""Custom roles: of the whole hub for administrators, and of a project for those who manage its team."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import role_uses
from hub.services import roles as service
from hub.services.access import ROLES
from hub.services.roles import RoleDraft
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import rights_words, visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.team import role_title
from hub.web.pages.versions import Held

_MEMBERS = {"name": "name", "slug": "slug", "permissions": "permissions"}


@page("/roles", Who.ADMIN)
async def roles() -> Response:
    """Roles of the whole hub."""
    found = await service.list_global(visit.visit().actor)
    return await _list(None, found)


@page("/project/<int:project_id>/roles", Who.MEMBER)
async def team_roles(project_id: int) -> Response:
    """Every role that one can have in a project, and those that are its own."""
    found = await service.list_roles(visit.visit().actor, project_id, built_in=True)
    return await _list(project_id, found)


@page("/roles/new", Who.ADMIN, methods=FORM)
async def role_new() -> Response:
    """Make a role of the whole hub."""
    return await _new(None)


@page("/project/<int:project_id>/roles/new", Who.MEMBER, methods=FORM)
async def team_role_new(project_id: int) -> Response:
    """Make a role of a project."""
    return await _new(project_id)


@page("/roles/<slug>", Who.ADMIN, methods=FORM)
async def role_edit(slug: str) -> Response:
    """Change a role of the whole hub; who has it."""
    return await _edit(None, slug)


@page("/project/<int:project_id>/roles/<slug>", Who.MEMBER, methods=FORM)
async def team_role_edit(project_id: int, slug: str) -> Response:
    """Change a role of a project; who has it."""
    return await _edit(project_id, slug)


@page("/roles/<slug>/delete", Who.ADMIN, methods=SEND)
async def role_delete(slug: str) -> Response:
    """Delete a role of the whole hub."""
    return await _delete(None, slug)


@page("/project/<int:project_id>/roles/<slug>/delete", Who.MEMBER, methods=SEND)
async def team_role_delete(project_id: int, slug: str) -> Response:
    """Delete a role of a project."""
    return await _delete(project_id, slug)


def _address(project_id: int | None, what: str = "", **values: str) -> str:
    """Address of a page of this kind: the list, `new`, `edit` or `delete`."""
    if project_id is None:
        return visit.address(f"role_{what}" if what else "roles", **values)
    return visit.address(f"team_role_{what}" if what else "team_roles", project_id=project_id, **values)


def _may_edit(project_id: int | None) -> bool:
    here = visit.visit()
    return here.actor.admin if project_id is None else here.may_manage_users


async def _list(project_id: int | None, found: Sequence[dict[str, Any]]) -> Response:
    here = visit.visit()
    counts = await role_uses.member_counts(here.actor, project_id)
    return await visit.show(
        "roles.html", section="roles" if project_id is None else "team", may_edit=_may_edit(project_id),
        new_address=_address(project_id, "new"),
        roles=[
            {
                "name": role_title(one["slug"], {one["slug"]: one["name"]}),
                "slug": one["slug"],
                "words": rights_words.words(one["permissions"]),
                "members": counts.get(one["slug"], 0),
                "kind": _kind(project_id, one),
                "address": _role_address(project_id, one),
            }
            for one in found
        ],
    )  # fmt: skip


def _kind(project_id: int | None, role: dict[str, Any]) -> str:
    if role["slug"] in ROLES:
        return _("built in")
    return _("of the whole hub") if role["project_id"] is None and project_id is not None else ""


def _role_address(project_id: int | None, role: dict[str, Any]) -> str:
    """Where a role can be looked at; empty for those that this reader cannot open."""
    if role["slug"] in ROLES:
        return ""
    if role["project_id"] is not None or project_id is None:
        return _address(project_id, "edit", slug=role["slug"])
    return _address(None, "edit", slug=role["slug"]) if visit.visit().actor.admin else ""


async def _new(project_id: int | None) -> Response:
    here = visit.visit()
    if request.method == "GET":
        return await _form(project_id, {}, NOTHING)
    sent = await request.form
    name = sent.get("name", "").strip()
    slug = sent.get("slug", "").strip() or re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    try:
        draft = RoleDraft.read({"name": name, "slug": slug, "permissions": rights_words.ticked(sent)})
        await service.create_role(here.hub, here.actor, project_id, draft)
    except FORM_ERRORS as fault:
        return await _form(project_id, {}, sent, fault)
    return visit.go_to(_address(project_id), say=_("The role is there. Give it to people on the page of a team."))


async def _edit(project_id: int | None, slug: str) -> Response:
    here = visit.visit()
    row = await service.get_role(here.actor, project_id, slug)
    if request.method == "GET":
        return await _form(project_id, row, NOTHING)
    sent = await request.form
    held = Held(_written(row), sent)

    async def save() -> None:
        draft = RoleDraft.read({"name": sent.get("name", ""), "permissions": rights_words.ticked(sent)})
        await service.update_role(here.hub, here.actor, project_id, slug, draft)

    async def read() -> dict[str, Any]:
        return _written(await service.get_role(here.actor, project_id, slug))

    try:
        await held.saving(read, save)
    except FORM_ERRORS as fault:
        return await _form(project_id, row, sent, fault, held)
    return visit.go_to(_address(project_id), say=_("Saved. It counts at once for everybody who has the role."))


def _written(row: dict[str, Any]) -> dict[str, Any]:
    """What the form writes of a role, as it shows it."""
    return {"slug": row["slug"], "name": row["name"], "permissions": rights_words.names(row["permissions"])}


async def _delete(project_id: int | None, slug: str) -> Response:
    here = visit.visit()
    try:
        await service.delete_role(here.hub, here.actor, project_id, slug)
    except FORM_ERRORS as fault:
        return visit.go_to(_address(project_id, "edit", slug=slug), say=sentence(fault), kind="danger")
    return visit.go_to(_address(project_id), say=_("Deleted."))


async def _form(
    project_id: int | None, row: dict[str, Any], sent: MultiDict[str, str], fault: Exception | None = None,
    held: Held | None = None,
) -> Response:  # fmt: skip
    error, errors = _faults(fault)
    slug = str(row.get("slug", ""))
    fields, held = _fields(row, Filled(row, sent, errors)), held or Held(_written(row) if row else {})
    if held.now:
        held.now = {**held.now, "id": await service.role_id(visit.visit().actor, project_id, slug)}
    may_edit = _may_edit(project_id)
    return await visit.show(
        "role_form.html", status=400 if fault else 200, error=error, read_only=not may_edit,
        section="roles" if project_id is None else "team", heading=row.get("name") or _("New role"),
        trail=_trail(project_id), cancel=_address(project_id), fields=fields,
        held=await held.described("role", fields, {}),
        uses=await role_uses.role_uses(visit.visit().actor, project_id, slug) if row else None,
        everywhere=project_id is None, template_words=rights_words.template_words,
        delete=_deletion(project_id, row) if row and may_edit else None,
    )  # fmt: skip


def _faults(fault: Exception | None) -> tuple[str, dict[str, str]]:
    return faults(fault, _MEMBERS) if fault else ("", {})


def _fields(row: dict[str, Any], form: Filled) -> list[Field]:
    bits = rights_words.ticked(form.sent) if form.sent else int(row.get("permissions", 0))
    name = Field("name", _("Title"), "line", form.value("name"), required=True, error=form.error("name"),
                 placeholder=_("Release team"), limits={"maxlength": 100})  # fmt: skip
    slug = Field("slug", _("Short name"), "line", form.value("slug"), error=form.error("slug"), unmarked=True,
                 help=_("For the API and for settings: small letters, digits, - and _. Left empty, it is made from the "
                        "title. It cannot be changed later."), limits={"maxlength": 50})  # fmt: skip
    return [name, *([] if row else [slug]), rights_words.field(bits, error=form.error("permissions"))]


def _trail(project_id: int | None) -> list[tuple[str, str]]:
    own = (_("Roles"), _address(project_id))
    return [own] if project_id is None else [(_("Team"), visit.address("team", project_id=project_id)), own]


def _deletion(project_id: int | None, row: dict[str, Any]) -> dict[str, str]:
    return {
        "title": _("Delete this role"),
        "note": _("A role that members or invitations have stays. Rights on single templates go with it."),
        "address": _address(project_id, "delete", slug=row["slug"]),
        "ask": _("Delete the role “%(name)s”?", name=row["name"]),
    }
