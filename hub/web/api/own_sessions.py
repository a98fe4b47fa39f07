"""Where the caller is signed in."""

from __future__ import annotations

from hub import shapes
from hub.services import own_sessions
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, route


@route("GET", "/user/sessions", Access.USER, wire=False, gives=list[shapes.Session], lists=own_sessions.LISTING)
async def list_sessions(call: Call) -> Answer:
    """The caller's sessions, the one used last first."""
    return await own_sessions.list_sessions(call.hub, call.actor, asked(call))


@route("DELETE", "/user/sessions", Access.USER, wire=False)
async def end_others(call: Call) -> Answer:
    """Sign out everywhere else."""
    await own_sessions.end_other_sessions(call.hub, call.actor)
    return None


@route("DELETE", "/user/sessions/{session_id}", Access.USER, wire=False)
async def end_session(call: Call) -> Answer:
    """Sign out in one place."""
    await own_sessions.end_session(call.hub, call.actor, call.ids["session_id"])
    return None
