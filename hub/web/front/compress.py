"""Compresses answers with gzip: JSON, pages and logs, as they are made.

Streams of text go out compressed piece by piece, nothing is held back. Server-Sent Events are left alone: their lines
are short, and must not wait.

Length can tell secrets (BREACH) where somebody else's page makes a browser ask again and again for an answer that holds
both a secret and words of the attacker. Our cookie is not sent with such requests (`SameSite=Lax`), and what a browser
says comes from another site (`Sec-Fetch-Site`) is never compressed.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from typing import Final

from hub.web.front.asgi import App, Message, Receive, Scope, Send, header, told, without

SMALLEST: Final = 1024
"""Bytes below which compressing costs more than it saves."""
LEVEL: Final = 4
IN_A_THREAD: Final = 256 * 1024
"""Bytes from which a piece is compressed beside the loop."""

_TYPES: Final = re.compile(
    rb"(?:text/(?!event-stream)[\w.+-]+|application/(?:[\w.-]+\+)?(?:json|xml|yaml|javascript)|image/svg\+xml)\b"
)
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
_BODILESS: Final = frozenset({204, 205, 206, 304})


def compressed(app: App) -> App:
    """Compress what is worth it, for clients that can read it."""

    async def compressing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        wanted = scope["method"] != "HEAD" and _accepts(header(scope, b"accept-encoding"))
        elsewhere = header(scope, b"sec-fetch-site").lower() in _ELSEWHERE
        await app(scope, receive, _Squeezed(send, wanted=wanted and not elsewhere).send)

    return compressing


def _accepts(text: str) -> bool:
    """Tell whether gzip is welcome: by name, or as one of all."""
    weights: dict[str, bool] = {}
    for part in text.lower().split(","):
        name, _, more = part.partition(";")
        weights[name.strip()] = not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", more)
    return weights.get("gzip", weights.get("*", False))


class _Squeezed:
    """One answer on its way out."""

    def __init__(self, send: Send, *, wanted: bool) -> None:
        self._send, self._wanted = send, wanted
        self._squeeze: zlib._Compress | None = None
        self._flushing = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self._begin(message)
        elif message["type"] == "http.response.body" and self._squeeze is not None:
            message = await self._piece(self._squeeze, message)
            if not message["body"] and message["more_body"]:
                return
        await self._send(message)

    def _begin(self, message: Message) -> Message:
        headers = message["headers"] = list(message.get("headers", ()))
        if not _TYPES.match(told(headers, b"content-type")) or told(headers, b"content-encoding"):
            return message
        vary = told(headers, b"vary")
        if b"accept-encoding" not in vary.lower():
            vary = vary + b", Accept-Encoding" if vary else b"Accept-Encoding"
            headers = [*without(headers, b"vary"), (b"vary", vary)]
        length = told(headers, b"content-length")
        if not self._wanted or message["status"] in _BODILESS or (length and int(length) < SMALLEST):
            return {**message, "headers": headers}
        self._squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._flushing = not length
        tag = told(headers, b"etag")
        headers = without(headers, b"content-length", b"etag", b"accept-ranges")
        if tag:  # the same thing in other bytes: equal in meaning, no longer byte by byte
            headers.append((b"etag", tag if tag.startswith(b"W/") else b"W/" + tag))
        return {**message, "headers": [*headers, (b"content-encoding", b"gzip")]}

    async def _piece(self, squeeze: zlib._Compress, message: Message) -> Message:
        data, more = message.get("body", b""), message.get("more_body", False)

        def work() -> bytes:
            packed = squeeze.compress(data)
            if not more:
                return packed + squeeze.flush()
            return packed + squeeze.flush(zlib.Z_SYNC_FLUSH) if self._flushing and data else packed

        packed = await asyncio.to_thread(work) if len(data) >= IN_A_THREAD else work()
        return {**message, "body": packed, "more_body": more}
