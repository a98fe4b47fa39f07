"""`/metrics` of a worker, which serves nothing else."""

from __future__ import annotations

import asyncio

from hypercorn.asyncio import serve

from hub.context import Hub
from hub.web.front.asgi import Receive, Scope, Send, answer
from hub.web.front.metrics import measured
from hub.web.serve import hypercorn_config


async def serve_metrics(hub: Hub) -> None:
    """Answer until cancelled, on the port that the settings name."""
    settings = hub.settings.model_copy(update={"tls_certificate": None, "tls_key": None})
    config = hypercorn_config(settings)
    config.bind = [f"{settings.host}:{settings.metrics_port}"]
    await serve(measured(_nothing_else, hub), config, shutdown_trigger=asyncio.Event().wait)


async def _nothing_else(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await answer(scope, send, 404, "A worker answers /metrics alone.")
