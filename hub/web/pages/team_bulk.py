"""What is done with several members of a team at once: asked before anybody is removed, and told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import team_bulk as service
from hub.services.team_bulk import Fate, TeamDraft
from hub.web.forms import lenient_number
from hub.web.i18n import gettext as _
from hub.web.i18n import ngettext, phrase
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.routing import SEND, Who, page

_SEEN: Final = "seen-"


@page("/project/<int:project_id>/team/bulk", Who.MEMBER, methods=SEND)
async def team_bulk(project_id: int) -> Response:
    """Give several members one role, or take them out of the team."""
    here, sent = visit.visit(), await request.form
    try:
        draft = _draft(sent)
        if draft.action == "remove" and "sure" not in sent:
            return await _ask(await service.plan(here.actor, project_id, draft), draft)
        fates = await service.carry_out(here.hub, here.actor, project_id, draft)
    except FORM_ERRORS as fault:
        return visit.go("team", project_id=project_id, say=sentence(fault), kind="danger")
    return await _told(project_id, draft, fates)


def _draft(sent: MultiDict[str, str]) -> TeamDraft:
    seen = {name.removeprefix(_SEEN): role for name, role in sent.items() if name.startswith(_SEEN) and role}
    ids = [number for one in sent.getlist("ids") if (number := lenient_number(one))]
    action = sent.get("do", "")
    return TeamDraft.read({
        "action": action, "user_ids": ids, "role": sent.get("role", "") if action == "role" else "", "seen": seen,
    })  # fmt: skip


async def _ask(fates: Sequence[Fate], draft: TeamDraft) -> Response:
    ready = [one for one in fates if one.outcome == "ready"]
    told = ngettext("%(n)s member will be removed from this project.", "%(n)s members will be removed from this "
                    "project.", len(ready))  # fmt: skip
    return await _show(fates, told, draft, ready)


async def _told(project_id: int, draft: TeamDraft, fates: Sequence[Fate]) -> Response:
    done = sum(one.outcome == "done" for one in fates)
    if draft.action == "remove":
        told = ngettext("%(n)s member was removed.", "%(n)s members were removed.", done)
    else:
        told = ngettext("%(n)s member has another role now.", "%(n)s members have another role now.", done)
    if any(one.outcome != "done" and one.sentence != service.HAS_IT for one in fates):
        return await _show(fates, told, draft)
    return visit.go("team", project_id=project_id, say=told)


async def _show(fates: Sequence[Fate], told: str, draft: TeamDraft, ready: Sequence[Fate] | None = None) -> Response:
    order = ("failed", "skipped", "done", "ready")
    return await visit.show(
        "team_bulk.html", told=told, asking=ready is not None, ready=ready or (), seen=draft.seen,
        title=_("Remove several members") if draft.action == "remove" else _("Change several roles"),
        fates=[(one, phrase(one.sentence)) for one in sorted(fates, key=lambda one: order.index(one.outcome))],
    )  # fmt: skip
