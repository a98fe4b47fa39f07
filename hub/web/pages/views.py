"""Views: the tabs over a project's templates."""

from __future__ import annotations

from collections.abc import Awaitable

from quart import Response, request

from hub.errors import Forbidden
from hub.services import views as service
from hub.services.views import ViewDraft
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import FORM, SEND, Who, page


@page("/project/<int:project_id>/views", Who.MEMBER, methods=FORM)
async def views(project_id: int) -> Response:
    """All tabs; adding one."""
    here = visit.visit()
    found = await service.list_views(here.actor, project_id)
    if request.method == "POST":
        title = (await request.form).get("title", "").strip()
        last = max((one["position"] for one in found), default=-1)
        work = service.create_view(
            here.hub, here.actor, project_id, ViewDraft.read({"title": title, "position": last + 1})
        )
        return await _after(project_id, work)
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    return await visit.show("views.html", views=found)


@page("/project/<int:project_id>/views/<int:view_id>", Who.MEMBER, methods=SEND)
async def view_save(project_id: int, view_id: int) -> Response:
    """Rename a tab, hide or show it."""
    here = visit.visit()
    sent = await request.form
    known = await service.get_view(here.actor, project_id, view_id)
    body = {**known, "title": sent.get("title", "").strip(), "hidden": "hidden" in sent}
    return await _after(
        project_id, service.update_view(here.hub, here.actor, project_id, view_id, ViewDraft.read(body))
    )


@page("/project/<int:project_id>/views/<int:view_id>/move", Who.MEMBER, methods=SEND)
async def view_move(project_id: int, view_id: int) -> Response:
    """Move a tab by one place."""
    here = visit.visit()
    order = [one["id"] for one in await service.list_views(here.actor, project_id)]
    if view_id in order:
        at = order.index(view_id)
        to = at + (1 if (await request.form).get("step") == "down" else -1)
        if 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
    places = {str(one): position for position, one in enumerate(order)}
    return await _after(project_id, service.place_views(here.hub, here.actor, project_id, places))


@page("/project/<int:project_id>/views/<int:view_id>/delete", Who.MEMBER, methods=SEND)
async def view_delete(project_id: int, view_id: int) -> Response:
    """Delete a tab; its templates stay."""
    here = visit.visit()
    return await _after(project_id, service.delete_view(here.hub, here.actor, project_id, view_id))


async def _after(project_id: int, work: Awaitable[object]) -> Response:
    try:
        await work
    except FORM_ERRORS as fault:
        return visit.go("views", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("views", project_id=project_id)
