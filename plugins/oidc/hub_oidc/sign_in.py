"""Begins and finishes a sign-in: authorization code, PKCE, state and nonce."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from hub.plugin import AuthRejected, Identity, Redirect
from hub_oidc.claims import as_text, find, read_groups, read_text
from hub_oidc.discovery import About, Discovery
from hub_oidc.outgoing import read_json, trade
from hub_oidc.params import OidcParams
from hub_oidc.tokens import checked_claims

_OWN: Final = frozenset(
    {"client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"}
)
_STRANGE: Final = "This answer belongs to another sign-in. Begin again."


class SignIn:
    """Sign-ins at all providers; what they tell of themselves is remembered for a while."""

    def __init__(self) -> None:
        self._discovery = Discovery()

    async def begin(self, params: OidcParams, callback_url: str) -> Redirect:
        """Return the provider's sign-in page for one browser."""
        about = await self._discovery.about(params)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {name: value for name, value in params.parameters.items() if name not in _OWN} | {
            "response_type": "code",
            "client_id": params.client_id,
            "redirect_uri": params.redirect_url or callback_url,
            "scope": " ".join(params.scopes),
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        if params.id_token:
            query["nonce"] = nonce
        divider = "&" if "?" in about.auth else "?"
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "issuer": about.issuer}
        return Redirect(f"{about.auth}{divider}{urlencode(query)}", kept)

    async def finish(
        self, params: OidcParams, callback_url: str, query: Mapping[str, str], state: Mapping[str, str]
    ) -> Identity:
        """Return who the provider says it is."""
        about = await self._discovery.about(params)
        _check_answer(about, query, state)
        grant = {
            "code": query["code"],
            "redirect_uri": params.redirect_url or callback_url,
            "code_verifier": state["verifier"],
        }
        tokens = await trade(about.token, params, about.client_auth, grant)
        claims = await self._claims(params, about, tokens, state["nonce"])
        return _identity(params, claims)

    async def _claims(
        self, params: OidcParams, about: About, tokens: Mapping[str, Any], nonce: str
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token, with those of userinfo where it does not say all that is needed."""
        access = as_text(tokens.get("access_token"))
        if not params.id_token:
            return await read_json(about.userinfo, params, token=access)
        text = tokens.get("id_token")
        if not isinstance(text, str):
            raise AuthRejected("The sign-in provider sent no ID token; openid must be among the scopes.")
        claims = await checked_claims(text, params, about, self._discovery, nonce)
        if _says_all(params, claims) or not about.userinfo or not access:
            return claims
        more = await read_json(about.userinfo, params, token=access)
        if more.get("sub") != claims["sub"]:
            raise AuthRejected("The sign-in provider's answers are about two different people. Begin again.")
        if "email" in claims and more.get("email") != claims["email"]:
            more = {name: value for name, value in more.items() if name != "email_verified"}
        return {**more, **claims}


def _check_answer(about: About, query: Mapping[str, str], state: Mapping[str, str]) -> None:
    """Refuse answers to other sign-ins, and of other providers. Raises `AuthRejected`."""
    if not hmac.compare_digest(query.get("state", "").encode(), state.get("state", "-").encode()):
        raise AuthRejected(_STRANGE)
    if state.get("issuer") != about.issuer:
        raise AuthRejected(_STRANGE)
    told = query.get("iss")
    if (told is None and about.tells_issuer) or (told is not None and told != about.issuer):
        raise AuthRejected("This answer comes from another sign-in provider. Begin again.")
    if "error" in query:
        code = "".join(letter for letter in query["error"] if letter.isalnum() or letter in "_-. ")[:80]
        if code == "access_denied":
            raise AuthRejected("The sign-in was cancelled, or the provider does not let you in here.")
        raise AuthRejected(f"The sign-in provider could not sign you in ({code}).")
    if not query.get("code"):
        raise AuthRejected("The sign-in provider sent an answer without a code. Begin again.")


def _says_all(params: OidcParams, claims: Mapping[str, Any]) -> bool:
    texts = all(read_text(one, claims) for one in (params.username_claim, params.name_claim, params.email_claim))
    return texts and (not params.groups_claim or find(params.groups_claim, claims) is not None)


def _identity(params: OidcParams, claims: Mapping[str, Any]) -> Identity:
    subject = as_text(find(params.subject_claim, claims))
    email = read_text(params.email_claim, claims)
    username = read_text(params.username_claim, claims)
    if not subject or not username:
        missing = params.username_claim if subject else params.subject_claim
        raise AuthRejected(f"The sign-in provider does not tell who you are: the claim {missing} is missing.")
    overflow = claims.get("_claim_names")
    if params.groups_claim and isinstance(overflow, dict) and params.groups_claim in overflow:
        raise AuthRejected("You are in more groups than the sign-in provider tells. Let it send the groups of this "
                           "application only.")  # fmt: skip
    return Identity(
        provider="oidc", subject=subject, username=username, name=read_text(params.name_claim, claims) or username,
        email=email, email_verified=bool(email) and (params.trust_email or _verified(params, claims)),
        groups=read_groups(params.groups_claim, claims), claims=claims,
    )  # fmt: skip


def _verified(params: OidcParams, claims: Mapping[str, Any]) -> bool:
    """The provider's word counts for its claim `email` alone, not for an address put together from others."""
    same = read_text(params.email_claim, claims) == as_text(claims.get("email"))
    verified = claims.get("email_verified")
    return same and (verified is True or verified == "true")
