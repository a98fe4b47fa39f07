"""Where a request comes from, and how: as `hub.web.front.proxies` found out."""

from __future__ import annotations

from quart import Request, Websocket

from hub.context import Hub


def client_address(request: Request) -> str:
    """Return the address of the browser or program; empty for one on a local socket."""
    found = request.remote_addr or ""
    return "" if found == "<local>" else found


def by_https(hub: Hub, request: Request | Websocket) -> bool:
    """Tell whether cookies must be Secure: people come by https, as the settings say or this request shows."""
    return hub.settings.secure or request.scheme in {"https", "wss"}


def cookie_path(request: Request | Websocket) -> str:
    """Return the path below which the hub lives."""
    return request.root_path or "/"
