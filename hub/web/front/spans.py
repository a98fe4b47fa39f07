"""A span of OpenTelemetry for each request, where traces are wanted."""

from __future__ import annotations

from typing import Any

from hub import traces
from hub.web.front.asgi import App, Receive, Scope, Send
from hub.web.front.metrics import SEEN


def spanned(app: App) -> App:
    """Trace requests by method and route; addresses, queries and bodies are left out."""
    if not traces.active():
        return app

    async def followed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        seen: dict[str, str] = scope.setdefault(SEEN, {})
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with traces.request(scope["method"], headers) as span:

            async def noted(message: dict[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        traces.fail(span)
                await send(message)

            await app(scope, receive, noted)
            if route := seen.get("route"):
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)

    return followed
