"""What the caller wishes: language, theme and the like."""

from __future__ import annotations

from hub import shapes
from hub.services import user_options
from hub.services.user_options import UserOptionDraft
from hub.web.api.routing import Access, Answer, Call, route


@route("GET", "/user/options", Access.USER, gives=dict[str, str])
async def list_user_options(call: Call) -> Answer:
    """Every wish of the caller, as an object."""
    return dict(await user_options.list_user_options(call.actor))


@route("POST", "/user/options", Access.USER, takes=UserOptionDraft, gives=shapes.Option)
async def set_user_option(call: Call) -> Answer:
    """Keep one wish; an empty value forgets it."""
    return dict(await user_options.set_user_option(call.actor, UserOptionDraft.read(call.body)))
