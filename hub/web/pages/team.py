"""The team of a project."""

from __future__ import annotations

from typing import Any, Final

from quart import Response, request

from hub.services import team as service
from hub.services import users
from hub.services.team import MemberDraft
from hub.web.forms import lenient_number
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import FORM, SEND, Who, page

_ROLES: Final = {
    "owner": N_("Owner"), "manager": N_("Manager"), "task_runner": N_("Task runner"), "guest": N_("Guest"),
}  # fmt: skip


def role_title(role: str) -> str:
    """Return the title of a role in the reader's language; a custom role is shown as it is."""
    return _(_ROLES[role]) if role in _ROLES else role


@page("/project/<int:project_id>/team", Who.MEMBER, methods=FORM)
async def team(project_id: int) -> Response:
    """Members and their roles; adding one."""
    here = visit.visit()
    if request.method == "POST":
        sent = await request.form
        body = {"user_id": lenient_number(sent.get("user_id", "")), "role": sent.get("role", "")}
        try:
            await service.add_member(here.hub, here.actor, project_id, MemberDraft.read(body))
        except FORM_ERRORS as fault:
            return visit.go("team", project_id=project_id, say=faults(fault)[0], kind="danger")
        return visit.go("team", project_id=project_id, say=_("Added to the team."))
    members = await service.list_members(here.actor, project_id)
    return await visit.show(
        "team.html", members=members, roles={role: _(title) for role, title in _ROLES.items()},
        candidates=await _candidates(members) if here.may_manage_users else [],
    )  # fmt: skip


async def _candidates(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    inside = {one["id"] for one in members}
    return [one for one in await users.list_users(visit.visit().actor) if one["id"] not in inside]


@page("/project/<int:project_id>/team/<int:user_id>", Who.MEMBER, methods=SEND)
async def team_role(project_id: int, user_id: int) -> Response:
    """Give a member another role."""
    here = visit.visit()
    body = {"user_id": user_id, "role": (await request.form).get("role", "")}
    try:
        await service.change_role(here.hub, here.actor, project_id, user_id, MemberDraft.read(body))
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
