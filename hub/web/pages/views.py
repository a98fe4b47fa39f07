"""Views: the tabs over a project's templates."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from quart import Response, request

from hub.errors import Forbidden, Invalid
from hub.services import views as service
from hub.services.views import ViewDraft
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import Filled
from hub.web.pages.routing import FORM, SEND, Who, page


@page("/project/<int:project_id>/views", Who.MEMBER, methods=FORM)
async def views(project_id: int) -> Response:
    """All tabs; adding one."""
    here = visit.visit()
    if request.method == "POST":
        found = await service.list_views(here.actor, project_id)
        last = max((one["position"] for one in found), default=-1)

        async def add() -> dict[str, Any]:
            draft = ViewDraft.read({"title": await _title(), "position": last + 1})
            return await service.create_view(here.hub, here.actor, project_id, draft)

        return await _after(project_id, add())
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    return await _show(project_id)


async def _show(project_id: int, refused: Filled | None = None) -> Response:
    found = await service.list_views(visit.visit().actor, project_id)
    return await visit.show("views.html", status=400 if refused else 200, views=found, refused=refused)


async def _title() -> str:
    """Return the title that was sent. Raises `Invalid` for an empty one."""
    title = str((await request.form).get("title", "")).strip()
    if not title:
        raise Invalid(_("Fill this in."), field="title")
    return title


@page("/project/<int:project_id>/views/<int:view_id>", Who.MEMBER, methods=SEND)
async def view_save(project_id: int, view_id: int) -> Response:
    """Rename a tab, hide or show it."""
    here = visit.visit()
    known = await service.get_view(here.actor, project_id, view_id)

    async def save() -> None:
        body = {**known, "title": await _title(), "hidden": "hidden" in await request.form}
        await service.update_view(here.hub, here.actor, project_id, view_id, ViewDraft.read(body))

    return await _after(project_id, save(), view_id)


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
    return await _after(project_id, service.place_views(here.hub, here.actor, project_id, places), view_id)


@page("/project/<int:project_id>/views/<int:view_id>/delete", Who.MEMBER, methods=SEND)
async def view_delete(project_id: int, view_id: int) -> Response:
    """Delete a tab; its templates stay."""
    here = visit.visit()
    return await _after(project_id, service.delete_view(here.hub, here.actor, project_id, view_id))


async def _after(project_id: int, work: Awaitable[object], view_id: int | None = None) -> Response:
    """Wait for the change, and go back to where it was asked for: the list of tabs, or an open tab itself."""
    sent = await request.form
    inside = "open" in sent
    try:
        made = await work
    except FORM_ERRORS as fault:
        errors = faults(fault, {"title": "title"})[1]
        if errors and visit.visit().may_manage:
            return await _show(project_id, Filled({"id": view_id}, sent, errors))
        where = "templates" if inside else "views"
        return visit.go(where, project_id=project_id, say=sentence(fault), kind="danger")
    shown = made.get("id", view_id) if isinstance(made, dict) else view_id
    if inside and shown is not None:
        return visit.go("view_templates", project_id=project_id, view_id=shown)
    return visit.go("templates" if inside else "views", project_id=project_id)
