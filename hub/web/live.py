"""Live views of tasks: Server-Sent Events for one task, and the wire's WebSocket for all of them.

Both subscribe first, then read the store, then wait for the bell. A reader that is slow reads larger pieces later; it
never makes anybody wait, and nothing is kept for it. The final status is told after the last line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, request, websocket

from hub.bell import Ears
from hub.context import Hub
from hub.errors import HubError, NotFound
from hub.services import log, watching
from hub.services.tasks.moves import topic
from hub.services.tasks.states import FINISHED
from hub.web.actor import actor_of
from hub.web.encoding import dumps, wire_time
from hub.web.errors import json_error

POLL = 5.0  # seconds of silence after which the store is looked at, and a sign of life is sent to proxies
CLOSED = 1000


def mount(app: Quart, hub: Hub) -> None:
    """Add the two live routes."""

    async def stream(project_id: str, task_id: str) -> Response:
        try:
            actor = await actor_of(hub, request)
            first = _resume_at()
            watch = await watching.open_watch(hub, actor, _number(project_id), _number(task_id))
        except HubError as error:
            return json_error(error)
        response = Response(
            _events(hub, watch, first),
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
        await websocket.accept()
        await _serve_socket(hub, watching.Watcher(actor))
        return None

    app.add_url_rule("/api/project/<project_id>/tasks/<task_id>/stream", "api stream", stream, methods=["GET"])
    app.add_websocket("/api/ws", "api ws", socket)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise NotFound("There is no such task in this project.")
    return int(text[:10])


def _resume_at() -> int:
    """Line to begin with: what the browser saw last wins over what the page asked for."""
    text = request.headers.get("Last-Event-ID") or request.args.get("from") or "0"
    return int(text[:10]) if text.isascii() and text.isdecimal() else 0


async def _events(hub: Hub, watch: watching.Watch, first: int) -> AsyncIterator[bytes]:
    async with hub.bell.listen(topic(watch.project_id, watch.task_id)) as ears:
        told: bytes = b""
        while True:
            task = await watch.current()
            if task is None:
                return
            while chunks := await log.chunks_from(watch.task_id, first):
                for chunk in chunks:
                    yield _lines_event(chunk, first)
                    first = chunk.first_line + chunk.lines
            state = dumps(task).rstrip()
            if state != told:
                told = state
                yield b"event: state\ndata: " + state + b"\n\n"
            if task["status"] in FINISHED:
                yield b"event: end\ndata: {}\n\n"
                return
            if not await ears.wait(POLL):
                yield b": still here\n\n"


def _lines_event(chunk: log.Chunk, first: int) -> bytes:
    """One stored chunk, or the part of it from line `first` on; the id is the line to go on with."""
    skipped = max(0, first - chunk.first_line)
    text = chunk.text
    times = chunk.times
    if skipped:
        text = text.split("\n", skipped)[skipped]
        times = [[max(0, line - skipped), at] for line, at in times]
    body = {"first": chunk.first_line + skipped, "time": wire_time(chunk.time), "times": times, "text": text}
    end = chunk.first_line + chunk.lines
    return b"id: %d\nevent: lines\ndata: %s\n\n" % (end, dumps(body).rstrip())


async def _serve_socket(hub: Hub, watcher: watching.Watcher) -> None:
    """Tell of every task of every project that the watcher may see, until either side goes."""
    async with hub.bell.listen("task/") as ears:
        await watcher.begin()
        ignoring = asyncio.create_task(_ignore_words())
        telling = asyncio.create_task(_tell(hub, watcher, ears))
        try:
            await asyncio.wait({ignoring, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (ignoring, telling):
                one.cancel()
            await asyncio.gather(ignoring, telling, return_exceptions=True)
    with contextlib.suppress(Exception):
        await websocket.close(CLOSED)


async def _ignore_words() -> None:
    """The wire's socket only speaks; what a client says is read and dropped."""
    while True:
        await websocket.receive()


async def _tell(hub: Hub, watcher: watching.Watcher, ears: Ears) -> None:
    while True:
        topics = await ears.wait(POLL)
        if not await watcher.still_allowed(hub):
            return
        async for message in watcher.news(topics):
            await websocket.send(dumps(message).decode().rstrip())
