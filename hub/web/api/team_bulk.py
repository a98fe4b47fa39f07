"""The route that deals with several members of a team at once, and tells what became of each."""

from __future__ import annotations

from hub import shapes
from hub.services import team_bulk
from hub.services.access import MANAGE_USERS
from hub.services.team_bulk import TeamDraft
from hub.web.api.routing import Access, Answer, Call, route


@route(
    "POST", "/project/{project_id}/users/bulk", Access.MEMBER, wire=False, needs=MANAGE_USERS, takes=TeamDraft,
    gives=list[shapes.MemberFate],
)  # fmt: skip
async def change_members(call: Call) -> Answer:
    """Give several members one role, or take them out of the team."""
    draft = TeamDraft.read(call.body)
    return [one.wire() for one in await team_bulk.carry_out(call.hub, call.actor, call.ids["project_id"], draft)]
