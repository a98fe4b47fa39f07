"""Views: the tabs over a project's templates."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from quart import Response, request

from hub.errors import Changed, Forbidden, Invalid
from hub.services import views as service
from hub.services.views import ViewDraft
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.versions import Held, Row


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


async def _show(project_id: int, refused: Filled | None = None, held: Held | None = None) -> Response:
    found = [
        {**one, "held": held if held and held.row["id"] == one["id"] else held_view(one)}
        for one in await service.list_views(visit.visit().actor, project_id)
    ]
    return await visit.show("views.html", status=400 if refused else 200, views=found, refused=refused)


def held_view(view: Row, sent: Row = NOTHING) -> Held:
    """Return the state that a form of a tab is drawn from; its place among the others is no matter of the form."""
    place = visit.address("views", project_id=view["project_id"])
    return Held({"id": view["id"], "title": view["title"], "hidden": bool(view.get("hidden"))}, sent, place=place)


async def _title() -> str:
    """Return the title that was sent. Raises `Invalid` for an empty one."""
    title = str((await request.form).get("title", "")).strip()
    if not title:
        raise Invalid(_("Fill this in."), field="title")
    return title


@page("/project/<int:project_id>/views/<int:view_id>", Who.MEMBER, methods=SEND)
async def view_save(project_id: int, view_id: int) -> Response:
    """Rename a tab, hide or show it."""
    here, sent = visit.visit(), await request.form
    known = await service.get_view(here.actor, project_id, view_id)
    held = held_view(known, sent)

    async def save() -> None:
        body = {**known, "title": await _title(), "hidden": "hidden" in sent}
        await service.update_view(here.hub, here.actor, project_id, view_id, ViewDraft.read(body))

    async def now() -> Row:
        return held_view(await service.get_view(here.actor, project_id, view_id)).row

    try:
        await held.saving(now, save)
    except Changed:
        fields = [Field("title", _("Title"), "line"), Field("hidden", _("Hidden"), "tick")]
        return await _show(project_id, Filled({"id": view_id}, sent, {}), await held.described("view", fields, {}))
    except FORM_ERRORS as fault:
        return await _refused(project_id, fault, view_id)
    return _back(project_id, sent, view_id)


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
    try:
        made = await work
    except FORM_ERRORS as fault:
        return await _refused(project_id, fault, view_id)
    return _back(project_id, await request.form, made.get("id", view_id) if isinstance(made, dict) else view_id)


async def _refused(project_id: int, fault: BaseException, view_id: int | None) -> Response:
    sent = await request.form
    errors = faults(fault, {"title": "title"})[1]
    if errors and visit.visit().may_manage:
        return await _show(project_id, Filled({"id": view_id}, sent, errors))
    where = "templates" if "open" in sent else "views"
    return visit.go(where, project_id=project_id, say=sentence(fault), kind="danger")


def _back(project_id: int, sent: Row, shown: int | None) -> Response:
    inside = "open" in sent
    if inside and shown is not None:
        return visit.go("view_templates", project_id=project_id, view_id=shown)
    return visit.go("templates" if inside else "views", project_id=project_id)
