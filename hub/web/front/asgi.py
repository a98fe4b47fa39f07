"""The few words of ASGI that everything in front of the application uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson

from hub.web.headers import SAFE

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Pairs = list[tuple[bytes, bytes]]

SAFE_ROWS: Pairs = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]
"""What browsers are told to refuse, as every other answer tells them."""

REQUESTS = frozenset({"http", "websocket"})


def header(scope: Scope, name: bytes) -> str:
    """Return a header, its lines joined as if they were one; empty without it."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name).strip()


def told(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the first header of an answer with this name; empty without it."""
    return next((value for key, value in headers if key.lower() == name), b"")


def without(headers: Iterable[tuple[bytes, bytes]], *names: bytes) -> Pairs:
    """Return the headers but these."""
    return [(key, value) for key, value in headers if key.lower() not in names]


def local_path(scope: Scope) -> str:
    """Return the path below the base path."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"


async def answer(scope: Scope, send: Send, status: int, sentence: str, *more: tuple[bytes, bytes]) -> None:
    """Answer with a sentence: as JSON below `/api`, else as text. A WebSocket is refused in the same way."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    if scope["type"] == "websocket" and kind not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    if local_path(scope).startswith("/api"):
        body, content = orjson.dumps({"error": sentence}) + b"\n", b"application/json"
    else:
        body, content = f"{sentence}\n".encode(), b"text/plain; charset=utf-8"
    headers = [(b"content-type", content), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store"),
               *SAFE_ROWS, *more]  # fmt: skip
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
