"""Routes of upkeep: caches, memory, the subscription that this hub does not need, and the try-out of alerts."""

from __future__ import annotations

import gc

from hub.errors import Invalid, NotFound
from hub.services import caches, channel_log
from hub.web.api.routing import Access, Answer, Call, route


@route("DELETE", "/cache", Access.ADMIN)
async def clear_all(call: Call) -> Answer:
    """Forget every mirror and shared folder."""
    await caches.clear_all(call.hub, call.actor)
    return None


@route("HEAD", "/cache", Access.ADMIN)
async def look_at_cache(_: Call) -> Answer:
    """Do nothing: the wire clears the cache here, by mistake (S7)."""
    return None


@route("DELETE", "/project/{project_id}/cache", Access.MEMBER)
async def clear_project(call: Call) -> Answer:
    """Forget what was kept of a project's repositories; the wire lets every guest do this (S13)."""
    await caches.clear_project(call.hub, call.actor, call.ids["project_id"])
    return None


@route("POST", "/debug/gc", Access.ADMIN, body=False)
async def collect_garbage(_: Call) -> Answer:
    """Collect garbage now."""
    gc.collect()
    return None


@route("POST", "/debug/pprof/dump", Access.ADMIN, body=False, status=400)
async def dump_profile(_: Call) -> Answer:
    """Refuse, as the wire does where no folder for dumps is configured."""
    raise Invalid("This hub has no folder for memory profiles; profile its process with a tool such as py-spy.")


@route("GET", "/subscription", Access.USER, status=404)
@route("POST", "/subscription", Access.USER, body=False, status=404)
@route("DELETE", "/subscription", Access.USER, status=404)
@route("POST", "/subscription/refresh", Access.USER, body=False, status=404)
async def subscription(_: Call) -> Answer:
    """Say that there is none to have."""
    raise NotFound("This hub needs no subscription: every feature is there.")


@route("POST", "/project/{project_id}/notifications/test", Access.MEMBER, body=False)
async def try_notifications(call: Call) -> Answer:
    """Send a message over every channel that tells of a project."""
    await channel_log.try_project(call.hub, call.actor, call.ids["project_id"])
    return None
