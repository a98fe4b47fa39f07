"""A directory as a way to sign in; what does the work is loaded with the first sign-in."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hub.plugin import AuthRejected, Identity, PasswordProvider
from hub_ldap.params import LdapParams
from hub_ldap.refusals import SORRY

if TYPE_CHECKING:
    from hub_ldap.people import People

_LONGEST: Final = 255


class LdapProvider(PasswordProvider[LdapParams]):
    """LDAP."""

    name = "ldap"
    title = "LDAP directory"
    description = "Signs in with name and password of OpenLDAP, Active Directory, FreeIPA and others."
    params_type = LdapParams

    @cached_property
    def _people(self) -> People:
        from hub_ldap.people import People  # noqa: PLC0415 - its library is large, and many hubs never need it

        return People()

    async def check(self, params: LdapParams, username: str, password: str) -> Identity | None:
        """Return who it is; the first server that answers decides."""
        if not params.servers or not username or len(username) > _LONGEST or not username.isprintable():
            return None
        if not password or "\0" in password:
            raise AuthRejected(SORRY)  # a directory takes an empty password for nobody, and says yes
        return await asyncio.to_thread(self._people.check, params, username, password)

    def can_look_up(self, params: LdapParams) -> bool:
        """Only with an account of its own that searches, or without any."""
        return bool(params.servers and (params.bind_dn or not params.user_dn))

    async def look_up(self, params: LdapParams, username: str, subject: str) -> Identity | None:
        """Return who it is today; found by name, and when they were renamed, by what never changes."""
        return await asyncio.to_thread(self._people.look_up, params, username, subject)
