"""Routes of channels: where people are told, what was told, and tests; of a project, and of the whole hub."""

from __future__ import annotations

from hub import shapes
from hub.services import channel_log, channels
from hub.services.access import MANAGE_RESOURCES
from hub.services.channels import ChannelDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_MINE = "/project/{project_id}/channels"
_MY_ONE = _MINE + "/{channel_id}"
_HUBS = "/channels"
_HUBS_ONE = _HUBS + "/{channel_id}"
_NOTICE = "/notices/{notice_id}/retry"


def _at(call: Call) -> tuple[int | None, int]:
    return call.ids.get("project_id"), call.ids["channel_id"]


@route("GET", "/notifiers", Access.USER, wire=False, gives=list[shapes.Notifier])
async def list_notifiers(call: Call) -> Answer:
    """Ways to tell people, and what each needs to know."""
    return channels.list_notifiers(call.hub)


@route(
    "GET", _MINE, Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=list[shapes.Channel], lists=channels.LISTING
)
@route("GET", _HUBS, Access.ADMIN, wire=False, gives=list[shapes.Channel], lists=channels.LISTING)
async def list_channels(call: Call) -> Answer:
    """Channels by name."""
    return await channels.list_channels(call.hub, call.actor, call.ids.get("project_id"), asked(call))


@route("POST", _MINE, Access.MEMBER, wire=False, takes=ChannelDraft, gives=shapes.Channel, status=201)
@route("POST", _HUBS, Access.ADMIN, wire=False, takes=ChannelDraft, gives=shapes.Channel, status=201)
async def create_channel(call: Call) -> Answer:
    """Add a channel."""
    draft = ChannelDraft.read(call.body)
    return Made(await channels.create_channel(call.hub, call.actor, call.ids.get("project_id"), draft))


@route("GET", _MY_ONE, Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=shapes.Channel)
@route("GET", _HUBS_ONE, Access.ADMIN, wire=False, gives=shapes.Channel)
async def get_channel(call: Call) -> Answer:
    """One channel."""
    return await channels.get_channel(call.hub, call.actor, *_at(call))


@route("PUT", _MY_ONE, Access.MEMBER, wire=False, takes=ChannelDraft)
@route("PUT", _HUBS_ONE, Access.ADMIN, wire=False, takes=ChannelDraft)
async def update_channel(call: Call) -> Answer:
    """Replace a channel; secrets that are not sent stay."""
    await channels.update_channel(call.hub, call.actor, *_at(call), ChannelDraft.read(call.body))
    return None


@route("DELETE", _MY_ONE, Access.MEMBER, wire=False)
@route("DELETE", _HUBS_ONE, Access.ADMIN, wire=False)
async def delete_channel(call: Call) -> Answer:
    """Delete a channel with what waits to be sent over it."""
    await channels.delete_channel(call.hub, call.actor, *_at(call))
    return None


@route("POST", _MY_ONE + "/test", Access.MEMBER, wire=False, body=False)
@route("POST", _HUBS_ONE + "/test", Access.ADMIN, wire=False, body=False)
async def try_channel(call: Call) -> Answer:
    """Send a test over a channel, at once; what goes wrong is told in the answer."""
    await channel_log.try_channel(call.hub, call.actor, *_at(call))
    return None


@route(
    "GET", _MY_ONE + "/notices", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=list[shapes.ChannelNotice],
    lists=channel_log.LISTING,
)  # fmt: skip
@route(
    "GET", _HUBS_ONE + "/notices", Access.ADMIN, wire=False, gives=list[shapes.ChannelNotice], lists=channel_log.LISTING
)
async def list_notices(call: Call) -> Answer:
    """What was told over a channel, the newest first."""
    return await channel_log.list_notices(call.actor, *_at(call), asked(call))


@route("POST", _MY_ONE + _NOTICE, Access.MEMBER, wire=False, body=False)
@route("POST", _HUBS_ONE + _NOTICE, Access.ADMIN, wire=False, body=False)
async def retry_notice(call: Call) -> Answer:
    """Try a notice again now that failed, or that waits for its next attempt."""
    await channel_log.retry(call.hub, call.actor, *_at(call), call.ids["notice_id"])
    return None
