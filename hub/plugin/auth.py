"""Signing people in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody proved to be, in the words of the provider."""

    provider: str
    subject: str
    """Stable id at the provider; never an e-mail address where the provider has better."""
    username: str
    name: str = ""
    email: str = ""
    email_verified: bool = False
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where to send the browser, and what to remember until it comes back."""

    url: str
    state: Mapping[str, str] = field(default_factory=dict)
    """Kept by the hub, sealed, for the one browser that began."""


class PasswordProvider(Extension, Generic[P]):
    """Checks a user name and a password."""

    async def check(self, params: P, username: str, password: str) -> Identity | None:
        """Return who it is; None when this provider does not know the name; raise `AuthRejected` when it is wrong."""
        raise NotImplementedError

    def can_look_up(self, params: P) -> bool:
        """Say whether `look_up` works with these parameters. Providers that know nothing of it say no."""
        del params
        return False

    async def look_up(self, params: P, username: str, subject: str) -> Identity | None:
        """Return who that is today, asked without a password; None when nobody with this subject is there any more.

        Raise `AuthRejected` when they are there but not let in, and `NotReady` when nobody can tell at the moment.
        """
        raise NotImplementedError


class RedirectProvider(Extension, Generic[P]):
    """Signs in through somebody else's page (OpenID Connect and the like)."""

    icon: str = "login"
    color: str = ""

    async def begin(self, params: P, callback_url: str) -> Redirect:
        """Start a sign-on."""
        raise NotImplementedError

    async def finish(
        self, params: P, callback_url: str, query: Mapping[str, str], state: Mapping[str, str]
    ) -> Identity:
        """Finish it with what the provider sent back; raise `AuthRejected` when it does not hold."""
        raise NotImplementedError
