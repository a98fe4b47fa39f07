"""OpenID Connect as a way to sign in; what does the work is loaded with the first sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from hub.plugin import Identity, Redirect, RedirectProvider
from hub_oidc.params import OidcParams

if TYPE_CHECKING:
    from hub_oidc.sign_in import SignIn


class OidcProvider(RedirectProvider[OidcParams]):
    """OpenID Connect."""

    name = "oidc"
    title = "OpenID Connect"
    description = "Signs in through Keycloak, Entra ID, Google, GitLab and other providers."
    params_type = OidcParams
    icon = "login"

    @cached_property
    def _sign_in(self) -> SignIn:
        from hub_oidc.sign_in import SignIn  # noqa: PLC0415 - its libraries are large, and many hubs never need them

        return SignIn()

    async def begin(self, params: OidcParams, callback_url: str) -> Redirect:
        """Return the provider's sign-in page for one browser."""
        return await self._sign_in.begin(params, callback_url)

    async def finish(
        self, params: OidcParams, callback_url: str, query: Mapping[str, str], state: Mapping[str, str]
    ) -> Identity:
        """Return who the provider says it is."""
        return await self._sign_in.finish(params, callback_url, query, state)
