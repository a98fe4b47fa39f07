"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from quart import Request


def client_address(request: Request) -> str:
    """Return the address of the browser or program.

    What a proxy says about it is believed when the proxy itself is on this machine or in a private network; from the
    open internet, anybody can write these headers.
    """
    peer = request.remote_addr or ""
    if not _is_near(peer):
        return peer
    told = request.headers.get("X-Real-IP") or request.headers.get("X-Forwarded-For", "").rpartition(",")[2]
    try:
        return str(ipaddress.ip_address(told.strip()))
    except ValueError:
        return peer


def _is_near(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return True  # a unix socket, or the test client
    return address.is_loopback or address.is_private
