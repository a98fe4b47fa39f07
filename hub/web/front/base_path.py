"""Puts the hub below a path of its host, such as `/hub`.

Proxies that pass the path on as it came and proxies that take the base path off both work: a request below the base
path is taken as it is, every other one as if the base path had been taken off. Where that is ambiguous, because a page
of the hub begins like the base path, `X-Forwarded-Prefix` of a trusted proxy says that it was taken off.
"""

from __future__ import annotations

from urllib.parse import quote

from hub.settings import Settings
from hub.web.front.asgi import REQUESTS, App, Receive, Scope, Send
from hub.web.front.proxies import STRIPPED


def under_base_path(app: App, settings: Settings) -> App:
    """Name the base path of each request in its `root_path`, and make its path whole."""

    async def based(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in REQUESTS:
            scope = _whole(scope, settings.base_path)
        await app(scope, receive, send)

    return based


def _whole(scope: Scope, base: str) -> Scope:
    stripped = scope.get(STRIPPED, "")
    base = base or stripped
    path: str = scope["path"] if scope["path"].startswith("/") else "/"
    if not base or scope["path"] == "*":
        return scope
    if path == base:
        path += "/"
    elif stripped == base or not path.startswith(f"{base}/"):
        path = base + path
    return {**scope, "path": path, "raw_path": quote(path).encode("ascii"), "root_path": base}
