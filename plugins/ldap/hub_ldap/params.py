"""What has to be known of a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from hub.plugin import Params, Words


def _with_name(text: str) -> str:
    """Take the wire's `%s` for the place of the name, too."""
    filled = text.replace("%s", "{username}")
    if "{username}" not in filled:
        raise ValueError("write {username} where the name belongs")
    return filled


Filter = Annotated[str, AfterValidator(_with_name)]


class Attributes(Params):
    """Names of attributes; alternatives are divided by `|`."""

    subject: str = "entryUUID|objectGUID|ipaUniqueID|nsUniqueId"
    """What never changes about a person; where there is none, it is the whole DN."""
    username: str = "uid|sAMAccountName"
    name: str = "displayName|cn"
    email: str = "mail"


class Groups(Params):
    """Where groups are found. Without a base, only `memberOf` of the person is read."""

    base: str = ""
    filter: str = (
        "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=group))"
    )
    name: str = "cn"
    """Attribute with the name; a group is known by it and by its DN."""
    nested: bool = True
    """Counts the groups that a group is in, too."""

    @field_validator("filter")
    @classmethod
    def _bracketed(cls, value: str) -> str:
        if not (value.startswith("(") and value.endswith(")")):
            raise ValueError("write a filter in brackets, such as (objectClass=group)")
        return value


class LdapParams(Params):
    """One directory."""

    servers: Words = ()
    """Addresses such as `ldaps://dc1.example.org`, asked in this order when one is away. None: nobody is asked."""
    start_tls: bool = True
    """Encrypts connections to `ldap://` addresses before anything is said."""
    plain_text: bool = False
    """Lets passwords cross the network readable for everybody on it. For tests on one machine."""
    verify: bool = True
    """Checks the certificates of servers. Without it, anybody in between can read every password."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    bind_dn: str = ""
    """Account that searches; empty searches without one."""
    bind_password: SecretStr = SecretStr("")
    """Its password; `bind_password_file` reads it from a file."""
    user_dn: str = ""
    """Signs in as this name without a search before: `uid={username},ou=people,dc=…`, or `{username}@example.org`."""
    base: str = ""
    """Entry below which people are."""
    filter: Filter = "(&(objectClass=person)(uid={username}))"
    """What finds one person."""
    attributes: Attributes = Attributes()
    groups: Groups = Groups()
    timeout: int = Field(default=4, ge=1, le=10)
    """Seconds that a server may take to answer."""

    @field_validator("servers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            parts = urlsplit(address)
            if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname or parts.path.strip("/"):
                raise ValueError(f"{address} is no address of a directory; write ldaps://host or ldap://host:389")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.servers and not self.base:
            raise ValueError("write base, the entry below which people are")
        if self.user_dn and "{username}" not in self.user_dn:
            raise ValueError("write {username} in user_dn where the name belongs")
        if self.bind_dn and not self.bind_password.get_secret_value():
            raise ValueError("bind_dn needs bind_password; a directory lets everybody in without one")
        clear = any(address.startswith("ldap:") for address in self.servers) and not self.start_tls
        if clear and not self.plain_text:
            raise ValueError("without start_tls passwords are readable on the network; use ldaps:// or start_tls")
        return self
