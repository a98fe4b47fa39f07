"""What supervisors and load balancers ask: `/healthz`, does the process answer; `/readyz`, can it serve people.

Both are for everybody, and tell nothing but words. Readiness is looked at once for all who ask together.
"""

from __future__ import annotations

import time
from typing import Final

import orjson

from hub.context import Hub
from hub.services import readiness
from hub.web.front.asgi import SAFE_ROWS, App, Receive, Scope, Send, local_path

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
FRESH: Final = 2.0
"""Seconds for which an answer about readiness is kept, so that asking costs nothing."""


def with_health(app: App, hub: Hub) -> App:
    """Answer the two questions before anything else is looked at."""
    ready = _Ready(hub)

    async def healthy(scope: Scope, receive: Receive, send: Send) -> None:
        path = local_path(scope) if scope["type"] == "http" else ""
        if path not in {ALIVE, READY} or scope["method"] not in {"GET", "HEAD"}:
            await app(scope, receive, send)
            return
        told = {"status": "ok"} if path == ALIVE else await ready.told()
        status = 200 if told["status"] == "ok" else 503
        body = orjson.dumps(told) + b"\n"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)),
                   (b"cache-control", b"no-store"), *SAFE_ROWS]  # fmt: skip
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return healthy


class _Ready:
    """The last answer."""

    def __init__(self, hub: Hub) -> None:
        self._parts = readiness.Readiness(hub)
        self._told: dict[str, str] = {}
        self._until = 0.0

    async def told(self) -> dict[str, str]:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + readiness.PATIENCE * 2  # whoever comes meanwhile gets the last answer
            self._told = self._told or {"status": "starting"}
            try:
                parts = await self._parts.look()
                fine = all(word == "ok" for word in parts.values())
                self._told = {"status": "ok" if fine else "not ready", **parts}
            finally:
                self._until = time.monotonic() + FRESH
        return self._told
