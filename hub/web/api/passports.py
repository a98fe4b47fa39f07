"""The route that tells what a run was."""

from __future__ import annotations

from hub import shapes
from hub.services.tasks import passport
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.api.tasks import wire_unknown


@route("GET", "/project/{project_id}/tasks/{task_id}/passport", Access.MEMBER, wire=False, gives=shapes.Passport)
@wire_unknown
async def passport_of(call: Call) -> Answer:
    """Everything that tells what ran: commands, versions, parameters, worker, isolation, and who decided what."""
    return await passport.passport_of(call.actor, call.ids["project_id"], call.ids["task_id"])
