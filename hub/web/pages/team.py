"""The team of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request

from hub.errors import Changed
from hub.services import roles
from hub.services import team as service
from hub.services.team import MemberDraft
from hub.web.forms import Field, Option
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import UNTOUCHED, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.versions import Held

Row = dict[str, Any]
_ROLES: Final = {
    "owner": N_("Owner"), "manager": N_("Manager"), "task_runner": N_("Task runner"), "guest": N_("Guest"),
}  # fmt: skip


def role_title(role: str, custom: Mapping[str, str] | None = None) -> str:
    """Return the title of a role in the reader's language; a custom role is shown as it was named."""
    return _(_ROLES[role]) if role in _ROLES else (custom or {}).get(role, role)


async def role_titles(project_id: int) -> dict[str, str]:
    """Return the titles of every role that one can have in a project, by slug."""
    return {one["slug"]: one["title"] for one in await _roles(project_id)}


async def role_choices(here: visit.Visit) -> dict[str, str]:
    """Return the titles of the roles that the reader may give in this project: none that may more than they do."""
    grant = here.grant
    return {
        one["slug"]: one["title"]
        for one in await _roles(here.project_id)
        if grant is not None and grant.allows(one["permissions"])
    }


async def _roles(project_id: int) -> list[dict[str, Any]]:
    found = await roles.list_roles(visit.visit().actor, project_id, built_in=True)
    return [{**one, "title": role_title(one["slug"], {one["slug"]: one["name"]})} for one in found]


@page("/project/<int:project_id>/team", Who.MEMBER, methods=FORM)
async def team(project_id: int) -> Response:
    """Members and their roles; adding one."""
    here = visit.visit()
    if request.method == "POST":
        sent = await request.form
        login = sent.get("username", "").strip()
        if not login and here.may_manage_users:
            return await _show(project_id, refused=Filled({}, sent, {"username": _("Fill this in.")}))
        try:
            body = {"user_id": await service.find_person(here.actor, project_id, login), "role": sent.get("role", "")}
            await service.add_member(here.hub, here.actor, project_id, MemberDraft.read(body))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, {"username": "username", "user_id": "username", "role": "role"})
            return await _show(project_id, error=error, refused=Filled({}, sent, errors))
        return visit.go("team", project_id=project_id, say=_("Added to the team."))
    if visit.wants_fragment():
        found = await service.list_outside(here.actor, project_id, request.args.get("q", "").replace("\x00", ""))
        return await visit.show("parts/people.html", people=found)
    return await _show(project_id)


def suggests_people(project_id: int) -> dict[str, str]:
    """Return the attributes of a field in which people are looked for who are not in the project."""
    off = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "maxlength": "255"}
    return {"data-picks": visit.address("team", project_id=project_id), **off}


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A wish for a member whose role somebody else has changed meanwhile."""

    member: Row
    role: str
    held: Held


async def _show(
    project_id: int, overtaken: Overtaken | None = None, *, error: str = "", refused: Filled | None = None
) -> Response:
    here = visit.visit()
    members = await service.list_members(here.actor, project_id)
    titles, given = await role_titles(project_id), await role_choices(here)
    return await visit.show(
        "team.html", status=400 if overtaken or refused else 200, roles=given, titles=titles, overtaken=overtaken,
        error=error,
        members=[{**one, "changeable": _changeable(here, one, given), "own": one["id"] == here.actor.user_id,
                  "held": Held(_held(one))} for one in members],
        may_leave=bool(here.grant and here.grant.role and (here.grant.role != "owner" or here.actor.admin)),
        adding=_adding(project_id, given, refused or UNTOUCHED) if here.may_manage_users or refused else [],
    )  # fmt: skip


def _adding(project_id: int, roles: Mapping[str, str], form: Filled) -> list[Field]:
    """Return the fields of adding somebody; what was written stays there."""
    role = form.value("role") or "task_runner"
    return [
        Field("username", _("Person"), "line", form.value("username"), required=True, error=form.error("username"),
              placeholder=_("Name or login"), limits=suggests_people(project_id)),
        Field("role", _("Role"), "choice", role, required=True, error=form.error("role"),
              options=[Option(slug, title) for slug, title in roles.items()]),
    ]  # fmt: skip


async def _role_of(project_id: int, user_id: int) -> Row:
    return _held(await service.get_member(visit.visit().actor, project_id, user_id))


def _held(member: Mapping[str, Any]) -> Row:
    return {"id": member["id"], "role": member["role"]}


def _changeable(here: visit.Visit, member: dict[str, Any], given: Mapping[str, str]) -> bool:
    """Whether the reader may change this member: not somebody mightier, and no owner changes their own role."""
    own = member["id"] == here.actor.user_id and member["role"] == "owner" and not here.actor.admin
    return here.may_manage_users and not own and (member["role"] in given or here.actor.admin)


@page("/project/<int:project_id>/team/leave", Who.MEMBER, methods=SEND)
async def team_leave(project_id: int) -> Response:
    """Leave the project."""
    here = visit.visit()
    try:
        await service.leave(here.hub, here.actor, project_id)
    except FORM_ERRORS as fault:
        return visit.go("team", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("projects", say=_("You are not in this project any more."))


@page("/project/<int:project_id>/team/<int:user_id>", Who.MEMBER, methods=SEND)
async def team_role(project_id: int, user_id: int) -> Response:
    """Give a member another role."""
    here, sent = visit.visit(), await request.form
    wanted = sent.get("role", "")
    try:
        draft = MemberDraft.read({"user_id": user_id, "role": wanted})
        held = Held(await _role_of(project_id, user_id), sent, place=visit.address("team", project_id=project_id))
        await held.saving(
            lambda: _role_of(project_id, user_id),
            lambda: service.change_role(here.hub, here.actor, project_id, user_id, draft),
        )
    except Changed:
        titles = await role_titles(project_id)
        shown = Field("role", _("Role"), "choice", options=[Option(slug, title) for slug, title in titles.items()])
        held = await held.described("user", [shown], {})
        person = await service.get_member(here.actor, project_id, user_id)
        return await _show(project_id, Overtaken(person, wanted, held))
    except FORM_ERRORS as fault:
        return visit.go("team", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("team", project_id=project_id, say=_("The role was changed."))


@page("/project/<int:project_id>/team/<int:user_id>/remove", Who.MEMBER, methods=SEND)
async def team_remove(project_id: int, user_id: int) -> Response:
    """Take somebody out of the team."""
    here = visit.visit()
    try:
        await service.remove_member(here.hub, here.actor, project_id, user_id)
    except FORM_ERRORS as fault:
        return visit.go("team", project_id=project_id, say=faults(fault)[0], kind="danger")
    if user_id == here.actor.user_id and not here.actor.admin:
        return visit.go("projects", say=_("You are not in this project any more."))
    return visit.go("team", project_id=project_id, say=_("Removed from the team."))
