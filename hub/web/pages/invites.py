"""The page that an invitation's link leads to."""

from __future__ import annotations

from quart import Response, request

from hub.services import invites as service
from hub.services.invites import TokenDraft
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.routing import FORM, Who, page
from hub.web.pages.team import role_title


@page("/accept-invite/<token>", Who.USER, methods=FORM)
async def accept_invite(token: str) -> Response:
    """Show what is offered; accept it."""
    here = visit.visit()
    try:
        if request.method == "POST":
            made = await service.accept(here.hub, here.actor, TokenDraft.read({"token": token}))
            return visit.go("history", project_id=made["project_id"], say=_("Welcome to the project."))
        offer = await service.look(here.hub, here.actor, token)
    except FORM_ERRORS as fault:
        status = getattr(fault, "status", 400)
        return await visit.show("accept_invite.html", status=status, error=sentence(fault))
    return await visit.show("accept_invite.html", error="", offer=offer, role=role_title(offer["role"]))
