"""What a provider says about itself, and its keys: asked once in a while, and remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.plugin import NotReady
from hub_oidc.outgoing import read_json
from hub_oidc.params import SAFE_ALGORITHMS, OidcParams, secure_address

FRESH: Final = 3600.0
"""Seconds for which what was learned is not asked for again."""
PATIENCE: Final = 30.0
"""Seconds between two looks for a key that was not there."""
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class About:
    """A provider's addresses and ways."""

    issuer: str
    auth: str
    token: str
    userinfo: str
    jwks: str
    algorithms: tuple[str, ...]
    client_auth: str
    tells_issuer: bool
    """It says with every answer that the answer is its own (RFC 9207)."""


@dataclass(slots=True)
class Memory:
    """Of one provider."""

    about: About | None = None
    learned: float = 0.0
    keys: KeySet | None = None
    keys_read: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Discovery:
    """Remembers providers for as long as the hub runs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._memories: dict[str, Memory] = {}

    async def about(self, params: OidcParams) -> About:
        """Return what is known of a provider; of one that is away, what was known before."""
        if not params.provider_url:
            return _told(params)
        memory = self._memory(params)
        async with memory.lock:
            if memory.about is None or self._clock() - memory.learned > FRESH:
                try:
                    memory.about = await _discovered(params)
                    memory.learned = self._clock()
                except NotReady:
                    if memory.about is None:
                        raise
            return memory.about

    async def keys(self, params: OidcParams, about: About, *, anew: bool = False) -> KeySet:
        """Return the provider's keys; `anew` looks again, though not all the time."""
        memory = self._memory(params)
        async with memory.lock:
            age = self._clock() - memory.keys_read
            if memory.keys is None or age > FRESH or (anew and age > PATIENCE):
                found = await read_json(about.jwks, params)
                try:
                    memory.keys = KeySet.import_key_set({"keys": [one for one in found["keys"] if _is_known(one)]})
                except (JoseError, ValueError, KeyError, TypeError):
                    raise NotReady("The keys of the sign-in provider cannot be read.") from None
                memory.keys_read = self._clock()
            return memory.keys

    def _memory(self, params: OidcParams) -> Memory:
        key = "\n".join((params.provider_url, params.endpoint.issuer, params.endpoint.jwks, str(params.ca_file)))
        return self._memories.setdefault(key, Memory())


def _is_known(key: Any) -> bool:
    """Leave out what is of no use for signatures: symmetric keys, those for encryption, and kinds of the future."""
    return isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"


def _told(params: OidcParams) -> About:
    place = params.endpoint
    return About(place.issuer, place.auth, place.token, place.userinfo, place.jwks, place.algorithms,
                 _client_auth(params, ()), tells_issuer=False)  # fmt: skip


async def _discovered(params: OidcParams) -> About:
    base = params.provider_url.removesuffix(_WELL_KNOWN).rstrip("/")
    found = await read_json(base + _WELL_KNOWN, params)
    issuer = found.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != base:
        raise NotReady("The sign-in provider calls itself by another address than provider_url.")
    offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    algorithms = tuple(one for one in SAFE_ALGORITHMS if isinstance(offered, list) and one in offered)
    return About(
        issuer, _address(found, "authorization_endpoint"), _address(found, "token_endpoint"),
        _address(found, "userinfo_endpoint", needed=not params.id_token),
        _address(found, "jwks_uri", needed=params.id_token), algorithms or ("RS256",),
        _client_auth(params, found.get("token_endpoint_auth_methods_supported")),
        tells_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )  # fmt: skip


def _address(found: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    try:
        return secure_address(str(found[name]))
    except (KeyError, ValueError):
        if not needed and name not in found:
            return ""
        raise NotReady(f"The sign-in provider's {name} is missing, or no address with https.") from None


def _client_auth(params: OidcParams, offered: Any) -> str:
    """Return the method in the protocol's words; basic unless the provider takes only the other one."""
    if not params.client_secret.get_secret_value() or params.client_auth == "none":
        return "none"
    post_only = isinstance(offered, list) and "client_secret_post" in offered and "client_secret_basic" not in offered
    chosen = ("post" if post_only else "basic") if params.client_auth == "auto" else params.client_auth
    return f"client_secret_{chosen}"
