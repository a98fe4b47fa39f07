"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from typing import Final

from quart import Request

# Not `is_private`, which has grown to hold much more than private networks.
_NEAR: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
)


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
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _NEAR)
