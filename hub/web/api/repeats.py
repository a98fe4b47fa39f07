"""`Idempotency-Key`: a request that is sent again gets the answer of the first one, and is not done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from quart import Response, request

from hub.errors import Invalid
from hub.services import idempotency
from hub.services.idempotency import Asked, Kept
from hub.web.api.routing import Call

REPLAYED = "Idempotent-Replayed"
"""Header of an answer that was given before."""

_MOST = 255


async def once(call: Call, key: str, body: bytes | str, answer: Callable[[], Awaitable[Response]]) -> Response:
    """Answer a request, or give the answer that it got before. It is done to its end even if the client goes away."""
    if not 1 <= len(key) <= _MOST or not key.isascii() or not key.isprintable():
        raise Invalid(f"An Idempotency-Key is a text of 1 to {_MOST} plain characters.")
    data = body if isinstance(body, bytes) else body.encode()
    asked = Asked.of(call.actor, f"{request.method} {request.full_path}", key, data)
    before = await idempotency.claim(call.hub, asked)
    if before is not None:
        return Response(before.body, before.status, content_type=before.content_type, headers={REPLAYED: "true"})
    doing = asyncio.create_task(_do(call, asked, answer))
    _under_way.add(doing)
    doing.add_done_callback(_under_way.discard)
    return await asyncio.shield(doing)


async def _do(call: Call, asked: Asked, answer: Callable[[], Awaitable[Response]]) -> Response:
    try:
        response = await answer()
    except Exception:
        await idempotency.release(asked)
        raise
    body = await response.get_data(as_text=True)
    await idempotency.keep(call.hub, asked, Kept(response.status_code, response.content_type or "", body))
    return response


_under_way: set[asyncio.Task[Response]] = set()
"""Nobody else holds the work of a client that went away."""
