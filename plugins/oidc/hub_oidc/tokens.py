"""Checks an ID token: signed by the provider, made by it, for this hub, for this sign-in, and now."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.plugin import AuthRejected
from hub_oidc.discovery import About, Discovery
from hub_oidc.params import OidcParams

_REFUSED = "The answer of the sign-in provider does not hold ({}). Begin again; if it stays so, ask an administrator."


async def checked_claims(
    text: str, params: OidcParams, about: About, discovery: Discovery, nonce: str
) -> Mapping[str, Any]:
    """Return the claims of an ID token. Raises `AuthRejected`."""
    token = await _signed(text, params, about, discovery)
    registry = jwt.JWTClaimsRegistry(
        leeway=params.leeway,
        iss={"essential": True, "value": about.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": params.client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(token.claims)
    except JoseError as error:
        raise AuthRejected(_REFUSED.format(f"{error.error}: {getattr(error, 'claim', '')}".rstrip(": "))) from None
    claims: Mapping[str, Any] = token.claims
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise AuthRejected(_REFUSED.format("it belongs to another sign-in"))
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if party != params.client_id and (len(audiences) > 1 or party is not None):
        raise AuthRejected(_REFUSED.format("it was made for another program"))
    return claims


async def _signed(text: str, params: OidcParams, about: About, discovery: Discovery) -> jwt.Token:
    """Decode what one of the provider's keys has signed; a key that is not known yet is looked for once."""
    keys = await discovery.keys(params, about)
    try:
        return _decoded(text, keys, about)
    except JoseError as error:
        fresh = await discovery.keys(params, about, anew=True)
        if fresh is keys:
            raise AuthRejected(_REFUSED.format(error.error)) from None
    try:
        return _decoded(text, fresh, about)
    except JoseError as error:
        raise AuthRejected(_REFUSED.format(error.error)) from None


def _decoded(text: str, keys: KeySet, about: About) -> jwt.Token:
    try:
        return jwt.decode(text, keys, algorithms=list(about.algorithms))
    except (ValueError, TypeError):
        raise AuthRejected(_REFUSED.format("it is no token")) from None
