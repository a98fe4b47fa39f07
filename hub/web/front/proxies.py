"""Who really asks, and for what: headers of proxies are believed from trusted addresses only.

Everything behind sees one truth: `client`, `scheme` and `Host` of the request are those of the browser or program.
Headers that a stranger wrote are taken off the request, so that nobody behind believes them by mistake.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hub.setting_types import Networks
from hub.settings import Settings
from hub.web.front.asgi import REQUESTS, App, Receive, Scope, Send, header, without

STRIPPED: Final = "hub.stripped"
"""True in a scope whose proxy says that it took the base path off."""

_SPOKEN: Final = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix",
                  b"x-forwarded-port", b"x-real-ip")  # fmt: skip
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?", re.ASCII)
_PAIR: Final = re.compile(r'\s*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*')
_SECURE: Final = {"http": "https", "ws": "wss"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says about who came to it."""

    client: str = ""
    scheme: str = ""
    host: str = ""


def behind_proxies(app: App, settings: Settings) -> App:
    """Let the application see requests as they were before trusted proxies passed them on."""
    networks, forwarded = settings.trusted_proxies, settings.proxy_headers == "forwarded"

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in REQUESTS:
            scope = _believed(scope, networks, forwarded=forwarded)
        await app(scope, receive, send)

    return proxied


def is_trusted(peer: str, networks: Networks) -> bool:
    """Tell whether a peer is a proxy of ours. A peer without an address came by a local socket."""
    if not networks:
        return False
    found = address_of(peer)
    return found is None if not peer or found is None else any(found in network for network in networks)


def address_of(text: str) -> Address | None:
    """Read an address, with or without brackets and port; an IPv4 address in IPv6 clothes is one of IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _believed(scope: Scope, networks: Networks, *, forwarded: bool) -> Scope:
    client = scope.get("client") or ("", 0)
    scope = {**scope, "headers": list(scope["headers"])}
    if not is_trusted(client[0], networks):
        scope["headers"] = without(scope["headers"], *_SPOKEN)
        return scope
    hops = _forwarded(header(scope, b"forwarded")) if forwarded else _x_forwarded(scope)
    hop, peer = _nearest_stranger(hops, client[0], networks)
    if peer != client[0]:
        scope["client"] = (peer, 0)
    if hop.scheme == "https":
        scope["scheme"] = _SECURE.get(scope["scheme"], scope["scheme"])
    if _HOST.fullmatch(hop.host):
        scope["headers"] = [(b"host", hop.host.encode("ascii")), *without(scope["headers"], b"host")]
    prefix = header(scope, b"x-forwarded-prefix")
    if not forwarded and _PREFIX.fullmatch(prefix):
        scope[STRIPPED] = prefix.rstrip("/")
    return scope


def _nearest_stranger(hops: list[Hop], peer: str, networks: Networks) -> tuple[Hop, str]:
    """Walk back from the proxy that is connected, as long as each next address is a proxy of ours as well.

    What stands further left was written by somebody whom nobody vouches for.
    """
    found = Hop()
    for hop in reversed(hops):
        found = hop
        address = address_of(hop.client)
        if address is None:
            break
        peer = str(address)
        if not is_trusted(peer, networks):
            break
    return found, peer


def _x_forwarded(scope: Scope) -> list[Hop]:
    """Line the three lists up; a list that is shorter, as most proxies replace these two, counts for every hop."""
    clients = _listed(header(scope, b"x-forwarded-for")) or [""]
    schemes = _listed(header(scope, b"x-forwarded-proto").lower())
    hosts = _listed(header(scope, b"x-forwarded-host"))

    def at(values: list[str], index: int) -> str:
        if len(values) == len(clients):
            return values[index]
        return values[-1] if values else ""

    return [Hop(client, at(schemes, index), at(hosts, index)) for index, client in enumerate(clients)]


def _forwarded(text: str) -> list[Hop]:
    """Read `Forwarded` (RFC 7239); from a hop that is malformed on, nothing to the left is believed."""
    hops: list[Hop] = []
    for element in reversed(list(_elements(text))):
        pairs = [_PAIR.fullmatch(part) for part in _split(element, ";") if part.strip()]
        if not pairs or None in pairs:
            hops.append(Hop())
            break
        known = {pair[1].lower(): re.sub(r"\\(.)", r"\1", pair[2] or "") or (pair[3] or "") for pair in pairs if pair}
        hops.append(Hop(known.get("for", ""), known.get("proto", "").lower(), known.get("host", "")))
    return hops[::-1]


def _elements(text: str) -> Iterator[str]:
    yield from (part for part in _split(text, ",") if part.strip())


def _split(text: str, separator: str) -> list[str]:
    """Split outside of quotes."""
    parts, current, quoted, escaped = [], "", False, False
    for letter in text:
        if letter == separator and not quoted:
            parts.append(current)
            current = ""
            continue
        quoted ^= letter == '"' and not escaped
        escaped = letter == "\\" and quoted and not escaped
        current += letter
    return [*parts, current]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
