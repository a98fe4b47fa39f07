"""Signs people in through a provider of OpenID Connect, or of plain OAuth 2 with a page that tells who somebody is."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plugin import PasswordProvider, RedirectProvider, hookimpl
from hub_oidc.provider import OidcProvider

HUB_API = 1


@hookimpl
def hub_auth_providers() -> Sequence[PasswordProvider | RedirectProvider]:
    """Bring the kind `oidc`; the settings make any number of providers of it."""
    return [OidcProvider()]
