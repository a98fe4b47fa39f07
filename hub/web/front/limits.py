"""Bounds what a client may take: the size of what it sends, the time it takes for it, and how much it asks at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

from hub.settings import Settings
from hub.web.front.asgi import REQUESTS, App, Message, Pairs, Receive, Scope, Send, answer, header, local_path
from hub.web.front.proxies import is_trusted

MIB: Final = 1024 * 1024
MAX_BODY: Final = 10 * MIB
"""Largest body of a request that no other rule is for, in bytes."""
_KINDS: Final = (("/api/auth/", 64 * 1024), ("/auth/", 64 * 1024))
"""Paths that anybody may send to, with what they need at most."""
_STATES: Final = "/api/terraform/"

PATIENCE: Final = 30.0
"""Seconds that a body may take, besides a second for each `SLOWEST` bytes of it that came."""
SLOWEST: Final = 8 * 1024


def limited(app: App, settings: Settings) -> App:
    """Refuse bodies that are too large or too slow, and an address that asks for too much at once."""
    under_way: Counter[str] = Counter()

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in REQUESTS:
            await app(scope, receive, send)
            return
        peer = (scope.get("client") or ("",))[0]
        most = settings.requests_per_address
        if most and under_way[peer] >= most and not is_trusted(peer, settings.trusted_proxies):
            sentence = f"More than {most} requests of your address are under way; try again in a moment."
            await answer(scope, send, 429, sentence, (b"retry-after", b"1"))
            return
        under_way[peer] += 1
        try:
            await _watched(app, settings, scope, receive, send)
        finally:
            under_way[peer] -= 1
            if not under_way[peer]:
                del under_way[peer]

    return bounded


def largest(path: str, settings: Settings) -> int:
    """Return how many bytes a request to this path may send."""
    if path.startswith(_STATES):
        return settings.terraform_state_size * MIB
    return next((limit for prefix, limit in _KINDS if path.startswith(prefix)), MAX_BODY)


async def _watched(app: App, settings: Settings, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await app(scope, receive, send)
        return
    limit, said = largest(local_path(scope), settings), header(scope, b"content-length")
    if said.isdecimal() and int(said[:20]) > limit:
        await answer(scope, send, 413, _too_large(limit), *_last(scope))
        return
    body = _Body(scope, receive, send, limit)
    await app(scope, body.receive, body.send)


class _Body:
    """Hands a body on while it keeps to the limits; then answers, and the application sees a client that left."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        self._scope, self._receive, self._send, self._limit = scope, receive, send, limit
        self._began, self._size = time.monotonic(), 0
        self._whole = self._answered = self._refused = False

    async def receive(self) -> Message:
        if self._refused:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._left()):
                message = await self._receive()
        except TimeoutError:
            return await self._refuse(408, "The request took too long to arrive.")
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._size > self._limit:
                return await self._refuse(413, _too_large(self._limit))
        return message

    async def send(self, message: Message) -> None:
        if not self._refused:
            self._answered = True
            await self._send(message)

    def _left(self) -> float:
        return max(0.0, self._began + PATIENCE + self._size / SLOWEST - time.monotonic())

    async def _refuse(self, status: int, sentence: str) -> Message:
        self._refused = True
        if not self._answered:
            await answer(self._scope, self._send, status, sentence, *_last(self._scope))
        return {"type": "http.disconnect"}


def _last(scope: Scope) -> Pairs:
    """Return what ends the connection with the answer; in HTTP/2 only the stream ends, without a word."""
    return [(b"connection", b"close")] if scope["http_version"].startswith("1") else []


def _too_large(limit: int) -> str:
    size = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // 1024} KiB"
    return f"The request is larger than {size}."
