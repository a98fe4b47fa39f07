"""Live views of tasks: Server-Sent Events for one task, and the wire's WebSocket for all of them.

Both subscribe first, then read the store, then wait for the bell. A reader that is slow reads larger pieces later; it
never makes anybody wait, and nothing is kept for it. The final status is told after the last line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, request, websocket

from hub.bell import Ears
from hub.context import Hub
from hub.errors import HubError, NotFound
from hub.services import log, log_now, watching
from hub.services.access import rights_topic
from hub.services.draft import MAX_ID
from hub.services.tasks import stages
from hub.services.tasks.moves import topic
from hub.services.tasks.states import FINISHED
from hub.web.actor import actor_of
from hub.web.encoding import dumps, wire_time
from hub.web.errors import json_error
from hub.web.i18n import phrase_in

logger = logging.getLogger(__name__)

POLL = 5.0  # seconds of silence after which the store is looked at, and a sign of life is sent to proxies
GOING_AWAY = 1001  # the close code that makes clients come again


def mount(app: Quart, hub: Hub) -> None:
    """Add the two live routes."""
    waits = app.extensions[_WAITS] = _Waits()

    async def stream(project_id: str, task_id: str) -> Response:
        try:
            actor = await actor_of(hub, request)
            first = _resume_at()
            watch = await watching.open_watch(hub, actor, _number(project_id), _number(task_id))
        except HubError as error:
            return json_error(error)
        response = Response(
            _events(hub, watch, log.Tail(watch.task_id, first), waits, request.args.get("language", "")),
            content_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        response.timeout = None
        return response

    async def socket() -> Any:
        try:
            actor = await actor_of(hub, websocket)
        except HubError as error:
            return json_error(error)
        await _serve_socket(hub, watching.Watcher(hub, actor), waits)
        return None

    app.add_url_rule("/api/project/<project_id>/tasks/<task_id>/stream", "api stream", stream, methods=["GET"])
    app.add_websocket("/api/ws", "api ws", socket)


def end_views(app: Quart) -> None:
    """End every live view: the server stops, and their clients come again when it is back."""
    app.extensions[_WAITS].end()


_WAITS = "live waits"


class _Waits:
    """What all live views wait for: a ring, or the end of the server."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[set[str]]] = set()
        self._over = False

    async def news(self, ears: Ears) -> set[str] | None:
        """Return the topics that rang; none after a while of silence; None when the server stops."""
        if self._over:
            return None
        waiting = asyncio.create_task(ears.wait(POLL))
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting})
            return None if waiting.cancelled() else waiting.result()
        finally:
            self._waiting.discard(waiting)
            waiting.cancel()

    def end(self) -> None:
        """Wake everybody for the last time."""
        self._over = True
        for waiting in self._waiting:
            waiting.cancel()


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) > MAX_ID:
        raise NotFound("There is no such task in this project.")
    return int(text)


def _resume_at() -> int:
    """Line to begin with: what the browser saw last wins over what the page asked for."""
    text = request.headers.get("Last-Event-ID") or request.args.get("from") or "0"
    return min(int(text[:10]), MAX_ID) if text.isascii() and text.isdecimal() else 0


async def _events(
    hub: Hub, watch: watching.Watch, tail: log.Tail, waits: _Waits, language: str
) -> AsyncIterator[bytes]:
    staged, unfinished = stages.topic(watch.task_id), log_now.topic(watch.task_id)
    topics = (topic(watch.project_id, watch.task_id), rights_topic(watch.user_id), staged, unfinished)
    async with hub.bell.listen(*topics) as ears:
        told: bytes = b""
        shown: log_now.Unfinished | None = None
        rang: set[str] | None = set()
        while (task := await watch.current(staged=not rang or staged in rang)) is not None:
            first = tail.line
            async for chunk in tail.more():
                yield _lines_event(chunk, first)
            if not rang or unfinished in rang:
                before, shown = shown, await log_now.look(watch.task_id)
                if shown is not None and shown != before and shown.line >= tail.line:
                    yield b"event: unfinished\ndata: %s\n\n" % dumps({"n": shown.line, "s": shown.text}).rstrip()
            state = dumps(_in_words_of(language, task)).rstrip()
            if state != told:
                told = state
                yield b"event: state\ndata: " + state + b"\n\n"
            if task["status"] in FINISHED:
                yield b"event: end\ndata: {}\n\n"
                return
            rang = await waits.news(ears)
            if rang is None:
                return
            if not rang:
                yield b": still here\n\n"


def _in_words_of(language: str, task: dict[str, Any]) -> dict[str, Any]:
    """Translate what a page shows of a task as it stands; pages say which language they are in."""
    told = {name: phrase_in(language, task[name]) for name in ("reason", "question") if task.get(name)}
    return task | told


def _lines_event(chunk: log.Chunk, first: int) -> bytes:
    """One stored chunk, or the part of it from line `first` on; the id is the line to go on with."""
    skipped = max(0, first - chunk.first_line)
    text, times = chunk.text, chunk.times
    if skipped:
        text = text.split("\n", skipped)[skipped]
        before = [at for line, at in times if line <= skipped]
        times = [[0, before[-1]], *([line - skipped, at] for line, at in times if line > skipped)]
    body = {"first": chunk.first_line + skipped, "time": wire_time(chunk.time), "times": times, "text": text}
    end = chunk.first_line + chunk.lines
    return b"id: %d\nevent: lines\ndata: %s\n\n" % (end, dumps(body).rstrip())


async def _serve_socket(hub: Hub, watcher: watching.Watcher, waits: _Waits) -> None:
    """Tell of every task of every project that the watcher may see, until either side goes."""
    async with hub.bell.listen("task/", rights_topic(watcher.user_id)) as ears:
        await watcher.begin()
        await websocket.accept()  # only now, so that nothing is missed of what a client starts once it is connected
        ignoring = asyncio.create_task(_ignore_words())
        telling = asyncio.create_task(_tell(watcher, ears, waits))
        try:
            await asyncio.wait({ignoring, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (ignoring, telling):
                one.cancel()
            await asyncio.gather(ignoring, telling, return_exceptions=True)
    if telling.done() and not telling.cancelled() and (error := telling.exception()) is not None:
        logger.error("A live view of all tasks ended with an error.", exc_info=error)
    with contextlib.suppress(Exception):
        await websocket.close(GOING_AWAY)


async def _ignore_words() -> None:
    """The wire's socket only speaks; what a client says is read and dropped."""
    while True:
        await websocket.receive()


async def _tell(watcher: watching.Watcher, ears: Ears, waits: _Waits) -> None:
    while (topics := await waits.news(ears)) is not None:
        if not await watcher.still_allowed():
            return
        async for message in watcher.news(topics):
            await websocket.send(dumps(message).decode().rstrip())
