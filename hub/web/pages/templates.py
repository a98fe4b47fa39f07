"""Templates of a project: the list with its tabs, filters and last runs."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from quart import Response, request

from hub.errors import HubError
from hub.services import apps, stars, template_list, views
from hub.services.listing import LONGEST_SEARCH
from hub.services.template_list import Wanted
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.drawing import status_look
from hub.web.pages.failures import sentence
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.views import held_view

_NAMED: Final = {template_list.ACTIVE: N_("At work"), template_list.NEVER: N_("Not run yet")}
_SORTS: Final = {"": N_("By name"), "-name": N_("By name, backwards"), "recent": N_("Last run first")}


@page("/project/<int:project_id>/templates", Who.MEMBER)
async def templates(project_id: int) -> Response:
    """Every template of the project."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    return await _list(project_id, None)


@page("/project/<int:project_id>/views/<int:view_id>/templates", Who.MEMBER)
async def view_templates(project_id: int, view_id: int) -> Response:
    """The templates of one tab."""
    return await _list(project_id, view_id)


@page("/project/<int:project_id>/views/<int:view_id>/templates/<int:template_id>", Who.MEMBER)
async def view_template(project_id: int, view_id: int, template_id: int) -> Response:
    """Lead an old link to the template."""
    return visit.go("template", project_id=project_id, template_id=template_id)


@page("/project/<int:project_id>/templates/<int:template_id>/star", Who.MEMBER, methods=SEND)
async def template_star(project_id: int, template_id: int) -> Response:
    """Keep the template at the top, or no longer."""
    sent = await request.form
    back = visit.safe_return(sent.get("back", "")) if sent.get("back") else visit.address(
        "template", project_id=project_id, template_id=template_id
    )  # fmt: skip
    wish = sent.get("starred", request.args.get("starred", ""))
    try:
        await stars.set_star(visit.visit().actor, project_id, template_id, starred=wish == "true")
    except HubError as fault:
        return visit.go_to(back, say=sentence(fault), kind="danger")
    return visit.go_to(back)


def wanted_of(query: str, view_id: int | None) -> Wanted:
    """Read the filter of a list from the query of its address."""
    args = {name: values[0] for name, values in parse_qs(query).items()}
    number = visit.query_number("page", args)
    return Wanted(
        text=args.get("q", "").strip()[:LONGEST_SEARCH],
        app=args.get("app", "")[:50],
        status=args.get("status", "") if args.get("status", "") in template_list.STATUSES else "",
        starred=args.get("starred", "") == "true",
        view_id=view_id,
        sort=args.get("sort", "") if args.get("sort", "") in template_list.SORTS else "",
        page=number - 1 if number else 0,
    )


def list_address(project_id: int, wanted: Wanted, **changes: Any) -> str:
    """Return the address of a list."""
    given = {
        "q": wanted.text, "app": wanted.app, "status": wanted.status, "starred": "true" if wanted.starred else "",
        "sort": wanted.sort, "page": str(wanted.page + 1) if wanted.page else "",
    } | changes  # fmt: skip
    kept = {name: value for name, value in given.items() if value}
    if wanted.view_id is None:
        return visit.address("templates", project_id=project_id, **kept)
    return visit.address("view_templates", project_id=project_id, view_id=wanted.view_id, **kept)


async def _list(project_id: int, view_id: int | None) -> Response:
    here = visit.visit()
    wanted = wanted_of(request.query_string.decode("ascii", "ignore"), view_id)
    seen = await template_list.look(here.actor, project_id, wanted)
    shared: dict[str, Any] = {
        "seen": seen, "templates": seen.templates, "wanted": wanted, "view_id": view_id,
        "page_address": lambda number: list_address(project_id, wanted, page=str(number) if number > 1 else ""),
        "bare_address": list_address(project_id, Wanted(view_id=view_id)),
        "apps": [app for app in await apps.list_apps(here.hub) if app["active"]],
    }  # fmt: skip
    tabs = shared["views"] = await views.list_views(here.actor, project_id)
    if visit.wants_fragment():
        return await visit.show("parts/template_rows.html", **shared)
    title = next((str(tab["title"]) for tab in tabs if tab["id"] == view_id), "")
    return await visit.show(
        "templates.html", view_title=title, held_view=held_view, status_choices=_statuses(), sorts=_SORTS,
        used_apps=await template_list.used_apps(here.actor, project_id), **shared,
    )  # fmt: skip


def _statuses() -> dict[str, str]:
    return {one: _(_NAMED[one]) if one in _NAMED else status_look(one).label for one in template_list.STATUSES}
