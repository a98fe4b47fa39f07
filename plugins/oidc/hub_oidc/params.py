"""What has to be known of a provider."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from hub.plugin import Params, Words
from hub_oidc.claims import check_expression

SAFE_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider alone: never `none`, and never one made with the client's own secret."""

Expression = Annotated[str, AfterValidator(check_expression)]


def secure_address(address: str) -> str:
    """Return an address that nobody on the way can read or change. Raises `ValueError`."""
    parts = urlsplit(address)
    if not parts.hostname or parts.username or parts.fragment or not address.isprintable():
        raise ValueError("write a whole address such as https://login.example.org")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise ValueError("an address of a provider must begin with https://")
    return address


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, AfterValidator(lambda text: secure_address(text) if text else "")]


class Endpoint(Params):
    """Addresses of a provider that has no discovery document."""

    issuer: str = ""
    auth: Address = ""
    token: Address = ""
    userinfo: Address = ""
    jwks: Address = ""
    algorithms: Words = ("RS256",)

    @field_validator("algorithms")
    @classmethod
    def _signed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not set(value) <= set(SAFE_ALGORITHMS):
            raise ValueError(f"write some of: {', '.join(SAFE_ALGORITHMS)}")
        return value


class OidcParams(Params):
    """One provider."""

    provider_url: Address = ""
    """Address below which `/.well-known/openid-configuration` is found: the provider's issuer."""
    endpoint: Endpoint = Endpoint()
    """The single addresses, instead of `provider_url`."""
    client_id: str = Field(min_length=1)
    """What the provider calls the hub."""
    client_secret: SecretStr = SecretStr("")
    """Its secret; empty for a public client. `client_secret_file` reads it from a file."""
    client_auth: Literal["auto", "basic", "post", "none"] = "auto"
    """How the secret is shown to the token endpoint."""
    redirect_url: Address = ""
    """Where the provider sends people back to, if it is not the hub's own address for it."""
    scopes: Words = ("openid", "profile", "email")
    """What is asked for."""
    subject_claim: str = "sub"
    """What never changes about a person. Anything but `sub` is for providers without ID tokens."""
    username_claim: Expression = "preferred_username"
    """Claims to try, divided by `|`; each a name, a path such as `a.b`, or a text with `{{ .name }}` in it."""
    name_claim: Expression = "name|preferred_username"
    """The same for the name that people read."""
    email_claim: Expression = "email"
    """The same for the e-mail address."""
    groups_claim: str = ""
    """Name or path of the claim with groups, such as `groups` or `realm_access.roles`."""
    trust_email: bool = False
    """Takes every address for verified; for providers at which people cannot enter one themselves."""
    id_token: bool = True
    """False for plain OAuth 2: who somebody is comes from the userinfo address alone."""
    leeway: int = Field(default=60, ge=0, le=600)
    """Seconds that the clocks of both may differ."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """More parameters for the sign-in page, such as `prompt` or `domain_hint`."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.provider_url:
            needed = ("issuer", "auth", "token", "jwks") if self.id_token else ("auth", "token", "userinfo")
            missing = [name for name in needed if not getattr(self.endpoint, name)]
            if missing:
                raise ValueError(f"write provider_url, or all of endpoint.{', endpoint.'.join(missing)}")
        if self.id_token and (self.subject_claim != "sub" or "openid" not in self.scopes):
            raise ValueError("with an ID token the subject is sub, and openid is among the scopes")
        return self
