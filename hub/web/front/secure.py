"""Keeps people on https: plain requests to a hub that speaks TLS are sent there, and browsers are told to remember."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from hub.settings import Settings
from hub.web.front.asgi import REQUESTS, App, Message, Receive, Scope, Send, answer, header

HSTS: Final = b"max-age=31536000"
"""A year. Other names below the host are not the hub's to decide about, so they are not included."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NAME: Final = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)


def over_tls(app: App, settings: Settings) -> App:
    """Redirect what comes in plain to a hub with a certificate, and add the header when people come by https."""
    speaks_tls = settings.tls_certificate is not None

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in REQUESTS:
            await app(scope, receive, send)
        elif speaks_tls and scope["scheme"] in {"http", "ws"}:
            await _redirect(scope, send, settings)
        else:
            await app(scope, receive, _remembering(send) if settings.secure else send)

    return secured


def _remembering(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"strict-transport-security", HSTS)]}
        await send(message)

    return sent


async def _redirect(scope: Scope, send: Send, settings: Settings) -> None:
    """Send readers to https. What changes something was already sent in the clear once; it is refused, not repeated."""
    if scope.get("method") not in _READING:
        await answer(scope, send, 403, "This hub is spoken to over https only; send the request there.")
        return
    place = _place(scope, settings)
    if not place:
        await answer(scope, send, 400, "The request names no host.")
        return
    path = scope.get("raw_path") or b"/"
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target = b"https://" + place.encode("ascii") + (path if path.startswith(b"/") else b"/") + query
    await answer(scope, send, 307, "This hub is spoken to over https.", (b"location", target))


def _place(scope: Scope, settings: Settings) -> str:
    """Return host and port of the public address, else those that were asked for."""
    if settings.public_url:
        return urlsplit(settings.public_url).netloc
    asked = _NAME.fullmatch(header(scope, b"host"))
    if asked is None:
        return ""
    return asked[1] if settings.port == 443 else f"{asked[1]}:{settings.port}"
