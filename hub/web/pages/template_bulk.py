"""What is done with several templates of the list: asked before, where it cannot be taken back, and told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from quart import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from hub.services import template_bulk as service
from hub.services import template_list, views
from hub.services.template_bulk import Fate, Order
from hub.web.i18n import N_, ngettext, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.templates import wanted_of

_ASKED: Final = ("run", "stop", "delete")
"""What is shown first, and done when it is sent again."""

_TITLES: Final = {
    "run": N_("Run several templates"), "stop": N_("Stop several templates"), "move": N_("Move to a view"),
    "delete": N_("Delete several templates"), "pause": N_("Turn schedules off"), "resume": N_("Turn schedules on"),
    "star": N_("Star"),
}  # fmt: skip
_SHOWN: Final = 200
"""Templates that are named; the rest is counted."""


@page("/project/<int:project_id>/templates/bulk", Who.MEMBER, methods=SEND)
async def template_bulk(project_id: int) -> Response:
    """Ask, or do it and tell what became of each."""
    here, sent = visit.visit(), await request.form
    back = visit.safe_return(sent.get("back", "")) if sent.get("back") else ""
    back = back or visit.address("templates", project_id=project_id)
    try:
        order = await _order(project_id, sent)
        if order.action in _ASKED and "sure" not in sent:
            return await _ask(await service.plan(here.actor, project_id, order), order, back)
        if order.action == "delete" and sent.get("typed", "").strip() != str(len(order.ids)):
            said = _("Type the number of templates to delete them.")
            return await _ask(await service.plan(here.actor, project_id, order), order, back, said)
        fates = await service.carry_out(here.hub, here.actor, project_id, order)
    except FORM_ERRORS as fault:
        if visit.quiet():
            raise
        return visit.go_to(back, say=sentence(fault), kind="danger")
    told = await _told(project_id, order, fates)
    left = [one for one in fates if one.outcome != "done"]
    if visit.quiet():
        return jsonify({"told": told, "left": [{"name": one.name, "sentence": phrase(one.sentence)} for one in left]})
    if order.action not in _ASKED and not left:
        return visit.go_to(back, say=told)
    return await _show(fates, order, back, told=told)


@page("/project/<int:project_id>/views/positions", Who.MEMBER, methods=SEND)
async def views_placed(project_id: int) -> Response:
    """Keep the order in which somebody has dragged the tabs."""
    here = visit.visit()
    order = (await request.form).getlist("order")
    places = {one: position for position, one in enumerate(order) if one.isascii() and one.isdigit()}
    await views.place_views(here.hub, here.actor, project_id, places)
    return visit.go("templates", project_id=project_id)


async def _order(project_id: int, sent: MultiDict[str, str]) -> Order:
    view = sent.get("view", "")
    ids = [int(one) for one in sent.getlist("ids") if one.isascii() and one.isdigit() and len(one) < 10]
    if sent.get("all") == "true":
        view_id = int(view) if view.isascii() and view.isdigit() and len(view) < 10 else None
        wanted = wanted_of(urlsplit(sent.get("back", "")).query, view_id)
        ids = await template_list.ids_of(visit.visit().actor, project_id, wanted, service.MOST + 1)
    to_view = sent.get("to_view", "")
    return Order(
        sent.get("do", ""), tuple(ids), int(to_view) if to_view.isascii() and to_view.isdigit() else None,
        sent.get("message", "").strip()[:250],
    )  # fmt: skip


async def _ask(fates: Sequence[Fate], order: Order, back: str, error: str = "") -> Response:
    ready = [one for one in fates if one.outcome == "ready"]
    left = Order(order.action, tuple(one.id for one in ready), message=order.message)
    asked = {
        "run": ngettext("%(n)s template will be started.", "%(n)s templates will be started.", len(ready)),
        "stop": ngettext("Every task of %(n)s template will be stopped.", "Every task of %(n)s templates will be "
                         "stopped.", len(ready)),
        "delete": ngettext("%(n)s template will be deleted, with all its tasks and logs.", "%(n)s templates will be "
                           "deleted, with all their tasks and logs.", len(ready)),
    }[order.action]  # fmt: skip
    return await _show(fates, left, back, told=asked, asking=bool(ready), error=error)


async def _show(fates: Sequence[Fate], order: Order, back: str, *, told: str, **more: Any) -> Response:
    project_id = visit.visit().project_id
    shown = sorted(fates, key=lambda one: ("failed", "skipped", "done", "ready").index(one.outcome))
    rest = len(shown) - _SHOWN
    return await visit.show(
        "template_bulk.html", status=400 if more.get("error") else 200, title=_(_TITLES[order.action]), told=told,
        fates=[(one, phrase(one.sentence)) for one in shown[:_SHOWN]], rest=max(0, rest), order=order, back=back,
        trail=[(_("Task templates"), visit.address("templates", project_id=project_id))],
        counts={name: sum(one.outcome == name for one in fates) for name in ("done", "skipped", "failed")}, **more,
    )  # fmt: skip


async def _told(project_id: int, order: Order, fates: Sequence[Fate]) -> str:
    done = [one for one in fates if one.outcome == "done"]
    n, count = len(done), sum(one.count for one in done)
    if order.action == "stop":
        return ngettext("%(n)s task is being stopped.", "%(n)s tasks are being stopped.", count)
    if order.action in {"pause", "resume"}:
        return ngettext("%(n)s schedule was switched.", "%(n)s schedules were switched.", count)
    if order.action == "move":
        found = await views.list_views(visit.visit().actor, project_id)
        title = next((str(one["title"]) for one in found if one["id"] == order.view_id), "")
        if title:
            return ngettext("%(n)s template is in “%(view)s” now.", "%(n)s templates are in “%(view)s” now.", n,
                            view=title)  # fmt: skip
        return ngettext("%(n)s template is in no view now.", "%(n)s templates are in no view now.", n)
    return {
        "run": ngettext("%(n)s template was started.", "%(n)s templates were started.", n),
        "delete": ngettext("%(n)s template was deleted.", "%(n)s templates were deleted.", n),
        "star": ngettext("%(n)s template is starred now.", "%(n)s templates are starred now.", n),
    }[order.action]
