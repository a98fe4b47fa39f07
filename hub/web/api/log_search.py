"""Routes that look into a log, and give the whole of it as a file."""

from __future__ import annotations

from quart import Response, request

from hub import shapes
from hub.errors import Invalid
from hub.services import log, log_search, log_sieve
from hub.services.log_search import MOST, USUAL, Wanted
from hub.services.log_sieve import Part
from hub.services.tasks import read
from hub.web.api.about import (
    COLOURS,
    LOG_CASE,
    LOG_ERRORS,
    LOG_FROM,
    LOG_HOST,
    LOG_LEVEL,
    LOG_LINES,
    LOG_MOST,
    LOG_REGEX,
    LOG_STAGE,
    LOG_TEXT,
    LOG_WAY,
)
from hub.web.api.queries import integer
from hub.web.api.routing import Access, Answer, Call, route

_ONE = "/project/{project_id}/tasks/{task_id}"
_PART = (LOG_HOST, LOG_LEVEL, LOG_STAGE)
_FLAGS = {"": False, "false": False, "0": False, "true": True, "1": True}


@route(
    "GET", _ONE + "/log/search", Access.MEMBER, wire=False, gives=shapes.LogHits,
    asks=(LOG_TEXT, LOG_REGEX, LOG_CASE, LOG_ERRORS, LOG_FROM, LOG_WAY, LOG_MOST, *_PART),
)  # fmt: skip
async def search(call: Call) -> Answer:
    """Lines of the log that hold a text, match a pattern, or tell of an error, from a line on up or down."""
    await read.get_task(call.actor, call.ids["project_id"], call.ids["task_id"])
    limit = _limit(call, MOST)
    wanted = Wanted(
        call.query.get("q", ""), _flag(call, "regex"), _flag(call, "case"), _flag(call, "errors"),
        integer(call, "from"), _up(call), USUAL if limit is None else limit, _part(call),
    )  # fmt: skip
    found = await log_search.search(call.ids["task_id"], wanted)
    return {"hits": [{"n": n, "s": s} for n, s in found.hits], "resume": found.resume, "total": found.total}


@route(
    "GET", _ONE + "/log/part", Access.MEMBER, wire=False, gives=shapes.LogPart,
    asks=(*_PART, LOG_FROM, LOG_WAY, LOG_LINES),
)  # fmt: skip
async def part(call: Call) -> Answer:
    """Lines of one host, one stage or one level, from a line on up or down, always in the order of the log."""
    await read.get_task(call.actor, call.ids["project_id"], call.ids["task_id"])
    limit = _limit(call, log_sieve.MOST)
    found = await log_sieve.lines_of(
        call.ids["task_id"], _part(call), start=integer(call, "from"), up=_up(call),
        limit=log_sieve.USUAL if limit is None else limit,
    )  # fmt: skip
    lines = [{"n": number, "t": time, "s": text} for number, time, text in found.lines]
    return {"lines": lines, "resume": found.resume, "total": found.total}


@route("GET", _ONE + "/log/download", Access.MEMBER, wire=False, status=200, media="text/plain", asks=(COLOURS,))
async def download(call: Call) -> Answer:
    """The log as a file, with or without colours."""
    await read.get_task(call.actor, call.ids["project_id"], call.ids["task_id"])
    colours = _flag(call, "colours")
    headers = {"Content-Disposition": f'attachment; filename="task-{call.ids["task_id"]}.log"'}
    pieces = b"" if request.method == "HEAD" else log.raw(call.ids["task_id"], colours=colours)
    response = Response(pieces, 200, headers, content_type="text/plain; charset=utf-8")
    response.timeout = None  # a slow reader of a long log is no fault
    return response


def _flag(call: Call, name: str) -> bool:
    text = call.query.get(name, "").lower()
    if text not in _FLAGS:
        raise Invalid(f"The parameter {name} must be true or false.", field=name)
    return _FLAGS[text]


def _part(call: Call) -> Part:
    return Part(call.query.get("host", ""), call.query.get("level", ""), integer(call, "stage") or 0)


def _up(call: Call) -> bool:
    direction = call.query.get("direction") or "down"
    if direction not in {"down", "up"}:
        raise Invalid("The parameter direction must be down or up.", field="direction")
    return direction == "up"


def _limit(call: Call, most: int) -> int | None:
    limit = integer(call, "limit")
    if limit is not None and not 1 <= limit <= most:
        raise Invalid(f"The parameter limit must be from 1 to {most}.", field="limit")
    return limit
