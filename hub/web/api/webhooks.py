"""Where webhooks come in. POST starts tasks, GET where an administrator allows it, OPTIONS never (S18, ADR 7)."""

from __future__ import annotations

from typing import Final

from quart import Response, request

from hub.errors import NotFound, TooLarge, Unauthenticated, WrongMethod
from hub.plugin import Delivery
from hub.services import webhooks
from hub.services.webhooks import Started, Unmatched
from hub.web.address import client_address
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.errors import JSON, json_error

MAX_BODY: Final = 1024 * 1024
"""Largest body of a webhook, in bytes."""


@route("POST", "/integrations/{alias}", Access.PUBLIC, body=False, also=(200, 422))
async def receive_webhook(call: Call) -> Answer:
    """Start what the request asks for: 204, with headers that name the tasks.

    `webhook_legacy_answers` hides what went wrong, as the reference does: 204, and 200 at an unknown address.
    """
    return await _receive(call, by_link=False)


@route("GET", "/integrations/{alias}", Access.PUBLIC, status=204, also=(200, 401, 405, 409, 413, 422, 429))
async def follow_webhook(call: Call) -> Answer:
    """Start what a GET asks for.

    Only where `webhook_get` is set and the integration asks for proof of the sender; else 405.
    """
    if request.method == "HEAD" or not call.hub.settings.webhook_get:
        refused = json_error(WrongMethod("Only a POST starts tasks here; send the request again as one."))
        refused.headers["Allow"] = _allowed(call)
        return refused
    return await _receive(call, by_link=True)


@route("OPTIONS", "/integrations/{alias}", Access.PUBLIC, body=False)
async def webhook_options(call: Call) -> Answer:
    """Say which methods start tasks; the address is not looked up, and nothing starts."""
    return Response(b"", 204, headers={"Allow": _allowed(call)}, content_type=JSON)


def _allowed(call: Call) -> str:
    return "POST, GET, OPTIONS" if call.hub.settings.webhook_get else "POST, OPTIONS"


async def _receive(call: Call, *, by_link: bool) -> Answer:
    legacy = call.hub.settings.webhook_legacy_answers
    try:
        started = await webhooks.receive(call.hub, call.texts["alias"], await _delivery(), by_link=by_link)
    except NotFound:
        if legacy:
            return Response(b"", 200, content_type=JSON)
        raise
    except (Unauthenticated, Unmatched):
        if legacy:
            return None
        raise
    return _named(started)


async def _delivery() -> Delivery:
    body = await _whole_body()
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), value)
    return Delivery(headers=headers, query=request.args.to_dict(), body=body, remote=client_address(request))


async def _whole_body() -> bytes:
    """Read the body as it comes, and stop at the limit whatever its length was said to be."""
    pieces, size = [], request.content_length or 0
    if size <= MAX_BODY:
        size = 0
        async for piece in request.body:
            size += len(piece)
            if size > MAX_BODY:
                break
            pieces.append(piece)
    if size > MAX_BODY:
        raise TooLarge("The body of a webhook may have at most 1 MiB.")
    return b"".join(pieces)


def _named(started: list[Started]) -> Response:
    response = Response(b"", 204, content_type=JSON)
    for task in started:
        response.headers.add("X-Semaphore-Task-ID", str(task.task_id))
        response.headers.add("X-Semaphore-Template-ID", str(task.template_id))
        response.headers.add("X-Semaphore-Project-ID", str(task.project_id))
        response.headers.add("X-Semaphore-Integration-ID", str(task.integration_id))
        if task.inventory_id is not None:
            response.headers.add("X-Semaphore-Inventory-ID", str(task.inventory_id))
    return response
