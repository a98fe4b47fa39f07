"""Routes of freezes, and of what will start."""

from __future__ import annotations

from hub import shapes
from hub.services import forecast, freezes
from hub.services.freezes import FreezeDraft
from hub.web.api.about import DAY_ZONE, DAYS
from hub.web.api.queries import asked, integer
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/freezes"
_ONE = _ALL + "/{freeze_id}"


@route("GET", _ALL, Access.MEMBER, wire=False, gives=list[shapes.Freeze], lists=freezes.LISTING)
async def list_freezes(call: Call) -> Answer:
    """Freezes of a project."""
    return await freezes.list_freezes(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, wire=False, takes=FreezeDraft, gives=shapes.Freeze, status=201)
async def create_freeze(call: Call) -> Answer:
    """Add a freeze."""
    draft = FreezeDraft.read(call.body)
    return Made(await freezes.create_freeze(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, wire=False, gives=shapes.Freeze)
async def get_freeze(call: Call) -> Answer:
    """One freeze."""
    return await freezes.get_freeze(call.actor, *_ids(call))


@route("PUT", _ONE, Access.MEMBER, wire=False, takes=FreezeDraft)
async def update_freeze(call: Call) -> Answer:
    """Replace a freeze."""
    await freezes.update_freeze(call.hub, call.actor, *_ids(call), FreezeDraft.read(call.body))
    return None


@route("DELETE", _ONE, Access.MEMBER, wire=False)
async def delete_freeze(call: Call) -> Answer:
    """Delete a freeze; what it held back starts at its next moment, and what runs once starts now."""
    await freezes.delete_freeze(call.hub, call.actor, *_ids(call))
    return None


@route(
    "GET", "/project/{project_id}/schedules/forecast", Access.MEMBER, wire=False, gives=list[shapes.Coming],
    asks=(DAYS, DAY_ZONE),
)  # fmt: skip
async def list_forecast(call: Call) -> Answer:
    """What the schedules will start in the next days, today the first of them."""
    days, zone = integer(call, "days") or forecast.DAYS, call.query.get("time_zone") or "UTC"
    return list(await forecast.forecast(call.hub, call.actor, call.ids["project_id"], days=days, time_zone=zone))


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["freeze_id"]
