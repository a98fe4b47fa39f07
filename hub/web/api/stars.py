"""Routes of stars: the templates that the caller keeps at the top."""

from __future__ import annotations

from typing import Any

from hub import shapes
from hub.services import stars
from hub.web.api.routing import Access, Answer, Call, route

_STAR = "/project/{project_id}/templates/{template_id}/star"


@route("GET", "/user/stars", Access.USER, wire=False, gives=list[shapes.StarredTemplate])
async def list_stars(call: Call) -> Answer:
    """Templates that the caller has starred, of all projects."""
    found: list[dict[str, Any]] = await stars.list_stars(call.actor)
    return found


@route("PUT", _STAR, Access.MEMBER, wire=False, body=False, needs=0)
async def give_star(call: Call) -> Answer:
    """Keep a template at the top of the caller's lists."""
    await stars.set_star(call.actor, call.ids["project_id"], call.ids["template_id"], starred=True)
    return None


@route("DELETE", _STAR, Access.MEMBER, wire=False, needs=0)
async def take_star(call: Call) -> Answer:
    """Take the star back."""
    await stars.set_star(call.actor, call.ids["project_id"], call.ids["template_id"], starred=False)
    return None
