"""Routes of figures, and of what executors told about their tasks."""

from __future__ import annotations

from datetime import date

from hub import shapes
from hub.errors import Invalid
from hub.services import stats
from hub.services.stats import Span
from hub.services.tasks import results
from hub.web.api.about import END, START, USER
from hub.web.api.queries import integer
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.api.tasks import wire_unknown

_TASK = "/project/{project_id}/tasks/{task_id}"


@route("GET", "/project/{project_id}/stats", Access.MEMBER, gives=list[shapes.DayFigures], asks=(START, END, USER))
async def project_stats(call: Call) -> Answer:
    """Figures of a project by day; `start`, `end` and `user_id` choose tasks."""
    return await stats.of_project(call.actor, call.ids["project_id"], _span(call))


@route(
    "GET",
    "/project/{project_id}/templates/{template_id}/stats",
    Access.MEMBER,
    gives=list[shapes.DayFigures],
    asks=(START, END, USER),
)
async def template_stats(call: Call) -> Answer:
    """Figures of a template by day."""
    return await stats.of_template(call.actor, call.ids["project_id"], call.ids["template_id"], _span(call))


@route("GET", _TASK + "/stages", Access.MEMBER, gives=list[shapes.Stage])
@wire_unknown
async def stages(call: Call) -> Answer:
    """Stages of a task, with their times."""
    return await results.stages(call.actor, *_ids(call))


@route("GET", _TASK + "/ansible/hosts", Access.MEMBER, gives=list[shapes.HostResult])
@wire_unknown
async def hosts(call: Call) -> Answer:
    """What happened to each host."""
    return await results.hosts(call.actor, *_ids(call))


@route("GET", _TASK + "/ansible/errors", Access.MEMBER, gives=list[shapes.HostError])
@wire_unknown
async def errors(call: Call) -> Answer:
    """What failed on which host."""
    return await results.errors(call.actor, *_ids(call))


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["task_id"]


def _span(call: Call) -> Span:
    try:
        user_id = integer(call, "user_id")
    except Invalid:
        raise Invalid("Invalid user_id", field="user_id") from None
    return Span(_day(call, "start"), _day(call, "end"), user_id)


def _day(call: Call, name: str) -> date | None:
    text = call.query.get(name, "")
    if not text:
        return None
    try:
        if len(text) == len("2026-01-31"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(f"Invalid {name} date", field=name)
