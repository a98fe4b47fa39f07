"""Routes of views."""

from __future__ import annotations

from hub import shapes
from hub.services import templates, views
from hub.services.views import ViewDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/views"
_ONE = _ALL + "/{view_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.View], lists=views.LISTING)
async def list_views(call: Call) -> Answer:
    """Views of a project."""
    return await views.list_views(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=ViewDraft, gives=shapes.View, status=201)
async def create_view(call: Call) -> Answer:
    """Add a view."""
    draft = ViewDraft.read(call.body)
    return Made(await views.create_view(call.hub, call.actor, call.ids["project_id"], draft))


@route("POST", _ALL + "/positions", Access.MEMBER, takes=dict[str, int])
async def place_views(call: Call) -> Answer:
    """Set the order of views: an object of ids and positions."""
    await views.place_views(call.hub, call.actor, call.ids["project_id"], call.body)
    return None


@route("GET", _ONE, Access.MEMBER, gives=shapes.View)
async def get_view(call: Call) -> Answer:
    """One view."""
    return await views.get_view(call.actor, call.ids["project_id"], call.ids["view_id"])


@route("GET", _ONE + "/templates", Access.MEMBER, gives=list[shapes.Template], lists=templates.LISTING)
async def templates_of_view(call: Call) -> Answer:
    """Templates that a view shows."""
    return await views.templates_of_view(call.actor, call.ids["project_id"], call.ids["view_id"], asked(call))


@route("PUT", _ONE, Access.MEMBER, takes=ViewDraft)
async def update_view(call: Call) -> Answer:
    """Replace a view."""
    draft = ViewDraft.read(call.body)
    await views.update_view(call.hub, call.actor, call.ids["project_id"], call.ids["view_id"], draft)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_view(call: Call) -> Answer:
    """Delete a view; its templates stay."""
    await views.delete_view(call.hub, call.actor, call.ids["project_id"], call.ids["view_id"])
    return None
