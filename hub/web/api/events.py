"""Routes of events: what happened."""

from __future__ import annotations

from dataclasses import replace

from hub import shapes
from hub.services import events
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, route

LATEST = replace(events.LISTING, most=events.LAST)


@route("GET", "/events", Access.USER, gives=list[shapes.Event], lists=events.LISTING)
async def list_events(call: Call) -> Answer:
    """Events of every project that the caller sees, newest first."""
    return await events.list_for_actor(call.actor, asked(call))


@route("GET", "/events/last", Access.USER, gives=list[shapes.Event], lists=LATEST)
async def last_events(call: Call) -> Answer:
    """The newest events of every project that the caller sees."""
    return await events.list_for_actor(call.actor, asked(call, most=events.LAST))


@route("GET", "/project/{project_id}/events", Access.MEMBER, gives=list[shapes.Event], lists=events.LISTING)
async def list_project_events(call: Call) -> Answer:
    """Events of a project, newest first."""
    return await events.list_for_project(call.actor, call.ids["project_id"], asked(call))


@route("GET", "/project/{project_id}/events/last", Access.MEMBER, gives=list[shapes.Event], lists=LATEST)
async def last_project_events(call: Call) -> Answer:
    """The newest events of a project."""
    return await events.list_for_project(call.actor, call.ids["project_id"], asked(call, most=events.LAST))
