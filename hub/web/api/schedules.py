"""Routes of schedules."""

from __future__ import annotations

from quart import Response

from hub import shapes
from hub.services import schedules
from hub.services.schedules import CronDraft, ScheduleActiveDraft, ScheduleDraft
from hub.shapes.kinds import Time
from hub.web.api.about import MOMENTS
from hub.web.api.queries import asked, limit_of
from hub.web.api.routing import Access, Answer, Call, Made, route
from hub.web.errors import JSON

_ALL = "/project/{project_id}/schedules"
_ONE = _ALL + "/{schedule_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.ListedSchedule], lists=schedules.LISTING)
async def list_schedules(call: Call) -> Answer:
    """Schedules of a project, but for those that watch a repository."""
    return await schedules.list_schedules(call.actor, call.ids["project_id"], asked(call))


@route(
    "GET",
    "/project/{project_id}/templates/{template_id}/schedules",
    Access.MEMBER,
    gives=list[shapes.Schedule],
    lists=schedules.LISTING,
)
async def list_checkers(call: Call) -> Answer:
    """Schedules of a template that watch a repository."""
    return await schedules.list_checkers(call.actor, call.ids["project_id"], call.ids["template_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=ScheduleDraft, gives=shapes.Schedule, status=201)
async def create_schedule(call: Call) -> Answer:
    """Add a schedule."""
    draft = ScheduleDraft.read(call.body)
    return Made(await schedules.create_schedule(call.hub, call.actor, call.ids["project_id"], draft))


@route("POST", _ALL + "/validate", Access.MEMBER, takes=CronDraft, status=200)
async def validate(call: Call) -> Answer:
    """Check a cron text; the wire answers 200 without a body."""
    await schedules.validate(call.actor, call.ids["project_id"], CronDraft.read(call.body))
    return Response(b"", 200, content_type=JSON)


@route("POST", _ALL + "/preview", Access.MEMBER, wire=False, takes=CronDraft, gives=list[shapes.Moment], status=200)
async def preview(call: Call) -> Answer:
    """The next five moments of a cron text."""
    return await schedules.preview(call.hub, call.actor, call.ids["project_id"], CronDraft.read(call.body))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Schedule)
async def get_schedule(call: Call) -> Answer:
    """One schedule."""
    return await schedules.get_schedule(call.actor, *_ids(call))


@route("GET", _ONE + "/next", Access.MEMBER, wire=False, gives=list[Time], asks=(MOMENTS,))
async def upcoming(call: Call) -> Answer:
    """The next moments of a schedule; `count` says how many."""
    count = limit_of(call, schedules.MOST_PREVIEWED) if call.query.get("count") else 10
    return list(await schedules.upcoming(call.hub, call.actor, *_ids(call), count))


@route("PUT", _ONE, Access.MEMBER, takes=ScheduleDraft)
async def update_schedule(call: Call) -> Answer:
    """Replace a schedule; omitted `task_params` stay, null detaches them."""
    await schedules.update_schedule(call.hub, call.actor, *_ids(call), ScheduleDraft.read(call.body))
    return None


@route("PUT", _ONE + "/active", Access.MEMBER, takes=ScheduleActiveDraft)
async def set_active(call: Call) -> Answer:
    """Switch a schedule on or off."""
    await schedules.set_active(call.hub, call.actor, *_ids(call), active=ScheduleActiveDraft.read(call.body).active)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_schedule(call: Call) -> Answer:
    """Delete a schedule; tasks that it started stay."""
    await schedules.delete_schedule(call.hub, call.actor, *_ids(call))
    return None


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["schedule_id"]
