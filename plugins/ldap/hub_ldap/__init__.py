"""Signs people in with name and password of an LDAP directory: OpenLDAP, Active Directory, FreeIPA and others."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plugin import PasswordProvider, RedirectProvider, hookimpl
from hub_ldap.provider import LdapProvider

HUB_API = 1


@hookimpl
def hub_auth_providers() -> Sequence[PasswordProvider | RedirectProvider]:
    """Bring the kind `ldap`; the settings make any number of directories of it."""
    return [LdapProvider()]
