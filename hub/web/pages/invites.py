"""Invitations: those of a project, and the page that an invitation's link leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import invites as service
from hub.services.access import MANAGE_USERS, require
from hub.services.invites import InviteDraft, InviteTokenDraft, StatusDraft
from hub.web.encoding import wire_time
from hub.web.forms import Field, Option, lenient_number
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import drawing, visit
from hub.web.pages.drawing import Look
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.team import role_choices, role_title, role_titles, suggests_people

_LOOKS: Final = {
    service.PENDING: Look(N_("waits for an answer"), "calm", "mail"),
    service.ACCEPTED: Look(N_("accepted"), "ok", "circle-check"),
    service.DECLINED: Look(N_("withdrawn"), "calm", "ban"),
    service.EXPIRED: Look(N_("expired"), "warn", "clock"),
}
_LIFETIMES: Final = {"7": N_("in a week"), "1": N_("tomorrow"), "30": N_("in 30 days")}
_MEMBERS: Final = {"email": "whom", "username": "whom", "user_id": "whom", "role": "role", "expires_at": "days"}


@page("/project/<int:project_id>/invites", Who.MEMBER)
async def invites(project_id: int) -> Response:
    """Every invitation to a project."""
    return await _list(project_id)


async def _list(project_id: int, made: dict[str, Any] | None = None) -> Response:
    here = visit.visit()
    found = await service.list_invites(here.hub, here.actor, project_id)
    titles = await role_titles(project_id)
    return await visit.show(
        "invites.html", section="team", made=made,
        invites=[
            {**one, "role": role_title(one["role"], titles), "look": _look(one["status"]), "whom": _whom(one)}
            for one in reversed(found)
        ],
    )  # fmt: skip


def _look(status: str) -> Look:
    look = _LOOKS[status]
    return Look(_(look.label), look.color, look.icon)


def _whom(invite: dict[str, Any]) -> str:
    person = invite.get("user")
    return str(person["name"] if person else invite.get("email", ""))


@page("/project/<int:project_id>/invites/new", Who.MEMBER, methods=FORM)
async def invite_new(project_id: int) -> Response:
    """Invite somebody, and show the link once."""
    here = visit.visit()
    await require(here.actor, project_id, MANAGE_USERS)
    if request.method == "GET":
        return await _form(project_id, NOTHING)
    sent = await request.form
    whom, days = sent.get("whom", "").strip(), lenient_number(sent.get("days", ""))
    body = {
        "email" if "@" in whom or not whom else "username": whom,
        "role": sent.get("role", ""),
        "expires_at": wire_time(here.hub.clock() + timedelta(days=days)) if 0 < days <= 365 else None,
    }
    try:
        made = await service.create_invite(here.hub, here.actor, project_id, InviteDraft.read(body))
    except FORM_ERRORS as fault:
        return await _form(project_id, sent, fault)
    return await _list(project_id, made)


async def _form(project_id: int, sent: MultiDict[str, str], fault: Exception | None = None) -> Response:
    error, errors = faults(fault, _MEMBERS) if fault else ("", {})
    form = Filled({}, sent, errors)
    listing = visit.address("invites", project_id=project_id)
    roles = await role_choices(visit.visit())
    return await visit.show(
        "form.html", status=400 if fault else 200, section="team", heading=_("Invite somebody"), error=error,
        trail=[(_("Team"), visit.address("team", project_id=project_id)), (_("Invitations"), listing)],
        save=_("Make the link"), cancel=listing,
        fields=[
            Field("whom", _("E-mail address or username"), "line", form.value("whom"), required=True,
                  error=form.error("whom"), limits=suggests_people(project_id),
                  help=_("Only who signs in with this address, or under this name, can accept.")),
            Field("role", _("Role"), "choice", form.value("role") or "task_runner", required=True,
                  options=[Option(slug, title) for slug, title in roles.items()], error=form.error("role")),
            Field("days", _("The link ends"), "choice", form.value("days") or "7", required=True,
                  options=[Option(value, _(title)) for value, title in _LIFETIMES.items()], error=form.error("days")),
        ],
    )  # fmt: skip


@page("/project/<int:project_id>/invites/<int:invite_id>/renew", Who.MEMBER, methods=SEND)
async def invite_renew(project_id: int, invite_id: int) -> Response:
    """Make a new link, and show it once."""
    here = visit.visit()
    try:
        made = await service.renew_invite(here.hub, here.actor, project_id, invite_id)
    except FORM_ERRORS as fault:
        return visit.go("invites", project_id=project_id, say=sentence(fault), kind="danger")
    return await _list(project_id, made)


@page("/project/<int:project_id>/invites/<int:invite_id>/withdraw", Who.MEMBER, methods=SEND)
async def invite_withdraw(project_id: int, invite_id: int) -> Response:
    """Make the link good for nothing, and keep the invitation in the list."""
    here = visit.visit()
    try:
        draft = StatusDraft(status=service.DECLINED)
        await service.set_status(here.hub, here.actor, project_id, invite_id, draft)
    except FORM_ERRORS as fault:
        return visit.go("invites", project_id=project_id, say=sentence(fault), kind="danger")
    return visit.go("invites", project_id=project_id, say=_("The invitation was withdrawn; its link leads nowhere."))


@page("/project/<int:project_id>/invites/<int:invite_id>/delete", Who.MEMBER, methods=SEND)
async def invite_delete(project_id: int, invite_id: int) -> Response:
    """Take an invitation out of the list."""
    here = visit.visit()
    try:
        await service.delete_invite(here.hub, here.actor, project_id, invite_id)
    except FORM_ERRORS as fault:
        return visit.go("invites", project_id=project_id, say=sentence(fault), kind="danger")
    return visit.go("invites", project_id=project_id, say=_("Deleted."))


@page("/accept-invite/<token>", Who.USER, methods=FORM)
async def accept_invite(token: str) -> Response:
    """Show what is offered; accept it."""
    here = visit.visit()
    try:
        if request.method == "POST":
            made = await service.accept(here.hub, here.actor, InviteTokenDraft.read({"token": token}))
            return visit.go("history", project_id=made["project_id"], say=_("Welcome to the project."))
        offer = await service.look(here.hub, here.actor, token)
    except FORM_ERRORS as fault:
        status = getattr(fault, "status", 400)
        return await visit.show(
            "accept_invite.html", status=status, error=sentence(fault), back=drawing.here(), wrong_person=status == 403
        )
    role = role_title(offer["role"], {offer["role"]: offer["role_name"]})
    return await visit.show("accept_invite.html", error="", offer=offer, role=role)
