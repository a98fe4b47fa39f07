"""The kinds of values that settings have: lists, networks, and the tables of sign-on."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator


def _listed(separators: str) -> BeforeValidator:
    def split(value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in re.split(f"[{separators}]", value) if part.strip())
        return value

    return BeforeValidator(split)


Names = Annotated[tuple[str, ...], _listed(", ")]
Folders = Annotated[tuple[Path, ...], _listed(os.pathsep + ",")]


def _networks(value: object) -> object:
    """Read networks; `none` trusts nobody, `localhost` is this machine."""
    if not isinstance(value, str):
        return value
    words = [part.strip() for part in re.split("[, ]", value) if part.strip() not in {"", "none"}]
    return tuple(ipaddress.ip_network(text) for word in words for text in _NAMED_NETWORKS.get(word, (word,)))


_NAMED_NETWORKS = {
    "localhost": ("127.0.0.0/8", "::1/128"),
    "private": ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"),
}

Networks = Annotated[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], BeforeValidator(_networks)]
Seconds = Annotated[int, Field(ge=0)]


class TeamRule(BaseModel):
    """People of a group get a role in a project."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str
    project: int | str
    """Its id or its name."""
    role: str = "guest"


class SignOn(BaseModel):
    """One way to sign in through a directory or provider; its name in the settings is its id for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    """What a plugin brings: `oidc`, `ldap`, ..."""
    title: str = ""
    """Text of the button."""
    icon: str = ""
    color: str = ""
    order: int = 0
    create_people: bool = True
    """Makes an account for somebody who comes for the first time."""
    adopt: bool = True
    """Lets an external account that was never bound to an identity be bound at the first sign-on."""
    email_domains: Names = ()
    """Lets in only people with a verified address of one of these domains."""
    admin_groups: Names = ()
    """Groups whose people are administrators."""
    teams: tuple[TeamRule, ...] = ()
    """Groups whose people have roles in projects."""
    check_minutes: int = Field(default=60, ge=0, le=10080)
    """How often those who have a session or a token are looked up again, where a directory can be asked; 0: never."""
    session_hours: int = Field(default=24, ge=0, le=87600)
    """How long a session lasts at most where nobody can be looked up again; 0: as long as it is used."""
    token_days: int = Field(default=30, ge=0, le=3650)
    """How long tokens work after the last sign-on where nobody can be looked up again; 0: as long as they are valid."""
    second_factor: bool = True
    """Asks people who have set up a second factor here for it; false trusts the provider's."""
    params: dict[str, Any] = Field(default_factory=dict, repr=False)
    """What the plugin needs to know; a member `NAME_file` reads NAME from a file."""

    @field_validator("email_domains")
    @classmethod
    def _plain_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one.strip().lower().lstrip("@") for one in value)
