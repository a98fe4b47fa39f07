"""Where messages may go: out to the world, and into the hub's own network only where an administrator said so.

Whoever manages a project chooses addresses, and the hub stands in a network that they may not be able to reach. So a
channel of a project leads to public addresses, and to networks that an administrator has named; one of the whole hub,
which only administrators make, leads anywhere. Names are resolved once, and the address that was checked is the one
that is connected to, so that a name cannot mean something else a moment later.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Final

from hub.plugin import NotReady, PluginError

Place = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SETTING: Final = "HUB_NOTIFY_NETWORKS"
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_allowed: list[_Network] = []


def allow(text: str) -> None:
    """Set the networks that channels of projects may reach besides public ones: `10.1.0.0/16, fd00::/8`."""
    networks = []
    for word in text.replace(",", " ").split():
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            raise ValueError(f"{SETTING} names {word!r}, which is no network; write such as 10.1.0.0/16.") from None
    _allowed[:] = networks


async def places(service: str, host: str, port: int, *, inside: bool) -> list[str]:
    """Return the addresses of a host that may be connected to, the resolver's favourite first."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReady(f"The server of {service}, {host}, could not be found by its name.") from None
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    fit = [one for one in addresses if inside or permitted(ipaddress.ip_address(one))]
    if not fit:
        raise PluginError(
            f"The server of {service}, {host}, is in a network that channels of projects do not reach. "
            f"An administrator can allow it with {SETTING}, or make a channel of the whole hub."
        )
    return fit


def permitted(place: Place) -> bool:
    """Tell whether a channel of a project may lead there."""
    real = _real(place)
    if any(real.version == network.version and real in network for network in _allowed):
        return True
    return real.is_global and not real.is_multicast


def _real(place: Place) -> Place:
    """Return the IPv4 address that an IPv6 address stands for, so that no disguise helps."""
    if isinstance(place, ipaddress.IPv6Address):
        inner = place.ipv4_mapped or place.sixtofour or (place.teredo[1] if place.teredo else None)
        if inner is None and place in _NAT64:
            inner = ipaddress.IPv4Address(int(place) & 0xFFFFFFFF)
        if inner is not None:
            return inner
    return place
