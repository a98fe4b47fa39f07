"""Routes that tell what hangs on a thing, beside those that stand with the things themselves."""

from __future__ import annotations

from hub import shapes
from hub.services import overview
from hub.web.api.routing import Access, Answer, Call, route


@route("GET", "/project/{project_id}/refs", Access.MEMBER, wire=False, gives=shapes.ProjectRefs)
async def project_refs(call: Call) -> Answer:
    """Everything that would go with a project."""
    return await overview.project_refs(call.actor, call.ids["project_id"])


@route("GET", "/users/{user_id}/refs", Access.USER, wire=False, gives=shapes.UserRefs)
async def user_refs(call: Call) -> Answer:
    """Projects of a person."""
    return await overview.user_refs(call.actor, call.ids["user_id"])


@route("GET", "/project/{project_id}/views/{view_id}/refs", Access.MEMBER, wire=False, gives=shapes.Refs)
async def view_refs(call: Call) -> Answer:
    """Templates of a view."""
    return dict(await overview.view_refs(call.actor, call.ids["project_id"], call.ids["view_id"]))


@route("GET", "/project/{project_id}/schedules/{schedule_id}/refs", Access.MEMBER, wire=False, gives=shapes.Refs)
async def schedule_refs(call: Call) -> Answer:
    """What uses a schedule."""
    return dict(await overview.schedule_refs(call.actor, call.ids["project_id"], call.ids["schedule_id"]))
