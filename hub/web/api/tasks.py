"""Routes of tasks: starting, watching, ending."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import wraps

import orjson
from quart import Response, request

from hub import shapes
from hub.errors import Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import Template
from hub.services import log, log_style
from hub.services.access import MANAGE_RESOURCES, RUN_TASKS, require
from hub.services.belongings import find
from hub.services.draft import Draft
from hub.services.tasks import again, launch, read, stop
from hub.services.tasks.again import AgainDraft
from hub.services.tasks.launch import TaskDraft
from hub.services.tasks.stop import DecisionDraft
from hub.web.api.about import FIRST, LINES
from hub.web.api.bodies import optional_body
from hub.web.api.queries import asked, integer
from hub.web.api.routing import Access, Answer, Call, Made, route
from hub.web.encoding import wire_time
from hub.web.errors import JSON

_ALL = "/project/{project_id}/tasks"
_ONE = _ALL + "/{task_id}"
_OF_TEMPLATE = "/project/{project_id}/templates/{template_id}/tasks"

LATEST = replace(read.LISTING, most=read.LAST)

_MOST_LINES = 5000
_TEXT = "text/plain; charset=utf-8"

_View = Callable[[Call], Awaitable[Answer]]


class StopDraft(Draft):
    """Body of a stop."""

    force: bool = False


def wire_unknown(view: _View) -> _View:
    """Answer 400 for an unknown task, as the wire does (S3); an unknown project stays 404."""

    @wraps(view)
    async def answer(call: Call) -> Answer:
        try:
            return await view(call)
        except NotFound as error:
            await require(call.actor, call.ids["project_id"])
            raise Invalid(error.sentence) from None

    return answer


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.ListedTask], lists=read.LISTING)
async def list_tasks(call: Call) -> Answer:
    """Newest tasks of a project."""
    return await read.list_tasks(call.actor, call.ids["project_id"], asked(call))


@route("GET", _ALL + "/last", Access.MEMBER, gives=list[shapes.ListedTask], lists=LATEST)
async def last_tasks(call: Call) -> Answer:
    """A page of a project's tasks, newest first; `before` is the id of the last task of the page before."""
    return await read.list_tasks(call.actor, call.ids["project_id"], asked(call, most=read.LAST))


@route("GET", _OF_TEMPLATE, Access.MEMBER, gives=list[shapes.ListedTask], lists=read.LISTING)
async def list_tasks_of_template(call: Call) -> Answer:
    """Newest tasks of a template."""
    template_id = await _template(call)
    return await read.list_tasks(call.actor, call.ids["project_id"], asked(call), template_id=template_id)


@route("GET", _OF_TEMPLATE + "/last", Access.MEMBER, gives=list[shapes.ListedTask], lists=LATEST)
async def last_tasks_of_template(call: Call) -> Answer:
    """A page of a template's tasks, newest first."""
    template_id = await _template(call)
    page = asked(call, most=read.LAST)
    return await read.list_tasks(call.actor, call.ids["project_id"], page, template_id=template_id)


@route("POST", _ALL, Access.MEMBER, takes=TaskDraft, gives=shapes.NewTask, status=201)
async def launch_task(call: Call) -> Answer:
    """Start a task."""
    draft = TaskDraft.read(call.body)
    return Made(await launch.launch(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Task)
@wire_unknown
async def get_task(call: Call) -> Answer:
    """One task."""
    return await read.get_task(call.actor, *_ids(call))


@route("DELETE", _ONE, Access.MEMBER)
@wire_unknown
async def delete_task(call: Call) -> Answer:
    """Delete a finished task with its log."""
    try:
        await stop.delete(call.hub, call.actor, *_ids(call))
    except Forbidden as error:
        await require(call.actor, call.ids["project_id"], MANAGE_RESOURCES)
        raise Unauthenticated(error.sentence) from None  # the wire says 401 to those who are no administrators (S3)
    return None


@route("POST", _ONE + "/stop", Access.MEMBER, takes=StopDraft)
@wire_unknown
async def stop_task(call: Call) -> Answer:
    """Stop a task; with `force` without the time to end by itself."""
    draft = StopDraft.read(call.body)
    await stop.stop(call.hub, call.actor, *_ids(call), force=draft.force)
    return None


@route("POST", _ONE + "/confirm", Access.MEMBER, body=False, takes=DecisionDraft)
@wire_unknown
async def confirm_task(call: Call) -> Answer:
    """Let a task that asked go on. The body may be left out."""
    await stop.confirm(call.hub, call.actor, *_ids(call), DecisionDraft.read(await optional_body()))
    return None


@route("POST", _ONE + "/reject", Access.MEMBER, body=False, takes=DecisionDraft)
@wire_unknown
async def reject_task(call: Call) -> Answer:
    """End a task that asked. The body may be left out."""
    await stop.reject(call.hub, call.actor, *_ids(call), DecisionDraft.read(await optional_body()))
    return None


@route(
    "POST", _ONE + "/rerun_failed", Access.MEMBER, wire=False, needs=RUN_TASKS,
    takes=AgainDraft, gives=shapes.NewTask, status=201,
)  # fmt: skip
async def rerun_failed(call: Call) -> Answer:
    """Start the task again, only on the hosts on which it failed or that it could not reach."""
    draft = AgainDraft.read(call.body)
    return Made(await again.on_failed_hosts(call.hub, call.actor, *_ids(call), draft))


@route(
    "POST", _ONE + "/rerun", Access.MEMBER, wire=False, needs=RUN_TASKS,
    takes=AgainDraft, gives=shapes.NewTask, status=201,
)  # fmt: skip
async def rerun(call: Call) -> Answer:
    """Start the task again with all that it was asked for; secret answers are not kept, so they come with the call."""
    return Made(await again.the_same(call.hub, call.actor, *_ids(call), AgainDraft.read(call.body)))


@route("GET", _ONE + "/output", Access.MEMBER, gives=list[shapes.LogEntry])
@wire_unknown
async def output(call: Call) -> Answer:
    """Every line of the log with its time, in one JSON list."""
    await read.get_task(call.actor, *_ids(call))
    return _streamed(_records(call.ids["task_id"]), JSON)


@route("GET", _ONE + "/raw_output", Access.MEMBER, status=200, media="text/plain")
@wire_unknown
async def raw_output(call: Call) -> Answer:
    """The log as text, without colours."""
    await read.get_task(call.actor, *_ids(call))
    return _streamed(log.raw(call.ids["task_id"]), _TEXT)


@route("GET", _ONE + "/lines", Access.MEMBER, wire=False, gives=shapes.LogLines, asks=(FIRST, LINES))
async def lines(call: Call) -> Answer:
    """Some lines of the log by number; a negative `first` counts from the end."""
    await read.get_task(call.actor, *_ids(call))
    count = integer(call, "count")
    if count is not None and not 1 <= count <= _MOST_LINES:
        raise Invalid(f"The parameter count must be from 1 to {_MOST_LINES}.", field="count")
    start, total, found = await log.lines(
        call.ids["task_id"], integer(call, "first") or 0, _MOST_LINES if count is None else count
    )
    return {
        "first": start,
        "total": total,
        "lines": [{"n": number, "t": time, "s": text} for number, time, text in found],
        "style": await log_style.before(call.ids["task_id"], start),
        "place": await log.place_of(call.ids["task_id"]) or "database",
    }


@route("GET", _ONE + "/moves", Access.MEMBER, wire=False, gives=list[shapes.Move], lists=read.MOVES)
async def moves(call: Call) -> Answer:
    """Every change of its status: who, when, from, to."""
    return await read.moves_of(call.actor, *_ids(call), asked(call))


@route("GET", _ONE + "/results", Access.MEMBER, wire=False, gives=list[shapes.Result], lists=read.RESULTS)
async def results(call: Call) -> Answer:
    """Structured results, such as the stages with their times; `kind` leaves those of one kind."""
    return await read.results_of(call.actor, *_ids(call), asked(call))


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["task_id"]


async def _template(call: Call) -> int:
    await require(call.actor, call.ids["project_id"])
    return (await find(Template, call.ids["project_id"], call.ids["template_id"], "template")).id


def _streamed(pieces: AsyncIterator[bytes], content_type: str) -> Response:
    """Send a log of any length piece by piece; a HEAD reads none of it."""
    if request.method == "HEAD":
        return Response(b"", 200, content_type=content_type)
    response = Response(pieces, 200, content_type=content_type)
    response.timeout = None  # a slow reader of a long log is no fault
    return response


async def _records(task_id: int) -> AsyncIterator[bytes]:
    """Yield the wire's records, one stored chunk of lines at a time."""
    before = b"["
    async for chunk in log.whole(task_id):
        records = [
            {"id": 0, "task_id": task_id, "time": wire_time(time), "output": text, "stage_id": None}
            for _, time, text in chunk.numbered()
        ]
        yield before + orjson.dumps(records)[1:-1]
        before = b","
    yield b"[]\n" if before == b"[" else b"]\n"
