"""Gives each request a name that answers and log lines carry, and writes the access log where it is wanted."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Final

from hub.server_log import request_id
from hub.services.actor import asked_from
from hub.settings import Settings
from hub.web.front.asgi import REQUESTS, App, Message, Receive, Scope, Send, header

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

access = logging.getLogger("hub.access")


def traced(app: App, settings: Settings) -> App:
    """Take over `X-Request-ID` when it is sane, else make one; give it back, and keep it for the log."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in REQUESTS:
            await app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        name = given if _SANE.fullmatch(given) else secrets.token_hex(8)
        seen = _Seen(send, name.encode("ascii"))
        kept, began = request_id.set(name), time.monotonic()
        came = asked_from.set(address_of(scope))
        try:
            await app(scope, receive, seen.send)
        finally:
            if settings.access_log:
                _note(scope, seen, time.monotonic() - began)
            request_id.reset(kept)
            asked_from.reset(came)

    return named


class _Seen:
    """Passes an answer on, and sees how it went."""

    def __init__(self, send: Send, name: bytes) -> None:
        self._send, self._name = send, name
        self.status, self.size = 0, 0

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in {"http.response.start", "websocket.http.response.start", "websocket.accept"}:
            self.status = message.get("status", 101)
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", self._name)]}
        elif kind == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


def address_of(scope: Scope) -> str:
    """Return who asks, as proxies that are trusted say; empty for somebody on a local socket."""
    client = (scope.get("client") or ("",))[0] or ""
    return "" if client == "<local>" else client[:64]


def _note(scope: Scope, seen: _Seen, seconds: float) -> None:
    """One line for a request. Queries are left out: they may hold what somebody searched for, or a link's secret."""
    client = scope.get("client") or ("-",)
    access.info(
        '%s "%s %s" %s %d bytes %d ms', client[0] or "-", scope.get("method", "WEBSOCKET"), scope["path"],
        seen.status or "-", seen.size, round(seconds * 1000),
    )  # fmt: skip
