"""Routes of what a project keeps for how long."""

from __future__ import annotations

from hub import shapes
from hub.services import retention
from hub.web.api.about import Parameter
from hub.web.api.queries import integer
from hub.web.api.routing import Access, Answer, Call, route

WISHES = tuple(
    Parameter(name, "Look what would go with this limit instead of the project's; 0 is the hub's.", kind="integer")
    for name in retention.MEMBERS
)


@route("GET", "/project/{project_id}/retention", Access.MEMBER, wire=False, gives=shapes.Retention, asks=WISHES)
async def look(call: Call) -> Answer:
    """The limits that count in the project, what it holds, and how much of it would go now."""
    wished = {name: integer(call, name) for name in retention.MEMBERS}
    return await retention.look(call.hub, call.actor, call.ids["project_id"], wished)
