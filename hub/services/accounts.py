"""Signing in and out: passwords of local users first, then the providers that plugins bring."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tortoise.expressions import Q

from hub import meters
from hub.context import Hub
from hub.db import column, unit
from hub.errors import Invalid, Unauthenticated, Unavailable
from hub.models import User
from hub.plugin import AuthRejected, Identity, PluginError
from hub.services import external, second_factor, sessions, throttle
from hub.services.actor import Actor
from hub.services.connections import Connection, password_connections, redirect_connections
from hub.services.draft import Draft
from hub.services.events import record
from hub.services.passwords import dummy_verify, hash_password, needs_rehash, verify_password
from hub.services.users import PasswordDraft, change_password

__all__ = [
    "LoginDraft",
    "PasswordDraft",
    "asks_for_passwords",
    "change_password",
    "login",
    "login_methods",
    "logout",
]

logger = logging.getLogger(__name__)

PROVIDER_SECONDS = 15.0
"""How long a provider may take to answer."""

_WRONG = "The name or the password is wrong."
_TURNED_OFF = "Signing in with a password of the hub is turned off. Choose another way to sign in."


class LoginDraft(Draft):
    """The wire's body of `POST /auth/login`."""

    auth: str = ""
    password: str = ""


def login_methods(hub: Hub) -> dict[str, Any]:
    """How people may sign in, as the wire's `GET /auth/login` tells it."""
    providers = [
        {
            "id": one.id,
            "name": one.title,
            "color": one.rules.color or one.provider.color,
            "icon": one.rules.icon or one.provider.icon,
        }
        for one in redirect_connections(hub)
    ]
    return {
        "oidc_providers": providers,
        "login_with_password": asks_for_passwords(hub),
        "auth_methods": second_factor.METHODS,
    }


def asks_for_passwords(hub: Hub) -> bool:
    """Tell whether a page shows the form for passwords to everybody: those of the hub, or of a directory."""
    return hub.settings.password_login or any(one.table for one in password_connections(hub))


async def login(hub: Hub, auth: str, password: str, *, ip: str = "", user_agent: str = "") -> str:
    """Sign in with a username or an e-mail address; return the secret for the session's cookie.

    Raises `Unauthenticated` with one and the same sentence for unknown names and wrong passwords, `TooMany` after many
    of them, `Unavailable` when only a provider that is down could tell.
    """
    name = auth.strip().lower()
    attempt = throttle.Attempt(name, ip)
    await throttle.count(hub, attempt)
    try:
        user_id, proved = await _checked(hub, name, password)
    except Unavailable:
        await throttle.forgive(hub, attempt)
        raise
    except Unauthenticated:
        meters.SIGN_INS.add("failure")
        await _tell_of_failure(hub, name)
        raise
    await throttle.forgive(hub, attempt)
    return await sessions.open_session(hub, user_id, ip=ip, user_agent=user_agent, proved=proved)


async def _tell_of_failure(hub: Hub, name: str) -> None:
    """Record a sign-in that failed; as many at most as are let try. What is no name of anybody may be a password."""
    known = [] if "\0" in name else await column(User.filter(Q(username=name) | Q(email=name)).limit(1), "username")
    who = Actor("user", username=known[0] if known else "")
    text = "Sign-in failed" if known else "Sign-in failed for a name that nobody has"
    await record(hub, who, "session", None, text, project_id=None)


async def logout(hub: Hub, secret: str) -> None:
    """End the session of this cookie; one that has ended already is fine."""
    await sessions.close_session(hub, secret)


async def _checked(hub: Hub, name: str, password: str) -> tuple[int, bool]:
    """Return whose password it is, and whether a second factor was proved with it.

    A local account is decided here alone: its password is shown to no provider.
    """
    if "\0" in name:
        name = ""  # nobody is called so, and not every database can be asked
    found = (
        await User.filter(Q(username=name) | Q(email=name)).limit(2).values("id", "external", "password_hash", "admin")
    )
    if not name or not password or len(found) > 1:
        await dummy_verify()
        raise Unauthenticated(_WRONG)
    if found and not found[0]["external"]:
        if await verify_password(found[0]["password_hash"], password):
            await _renew_hash(found[0], password)
            if not hub.settings.password_login and not found[0]["admin"]:
                raise Unauthenticated(_TURNED_OFF)
            return int(found[0]["id"]), False
        raise Unauthenticated(_WRONG)
    await dummy_verify()
    connection, identity = await _ask_providers(hub, name, password)
    return await unit(lambda: external.sign_in(hub, connection, identity)), not connection.rules.second_factor


async def _renew_hash(row: Mapping[str, Any], password: str) -> None:
    """Replace a hash that was imported, or made with weaker settings than today's."""
    if needs_rehash(row["password_hash"]):
        fresh = await hash_password(password)
        await User.filter(id=row["id"], password_hash=row["password_hash"]).update(password_hash=fresh)


async def _ask_providers(hub: Hub, name: str, password: str) -> tuple[Connection[Any], Identity]:
    """Return who the first directory that knows the name says it is. One that fails does not stop the next."""
    silent = []
    for one in password_connections(hub):
        try:
            identity = await hub.registry.guard(
                one.provider, one.provider.check(one.params(), name, password), limit=PROVIDER_SECONDS
            )
        except AuthRejected as error:
            logger.info("%s refused a sign-in: %s", one.title, error)
            raise Unauthenticated(_WRONG) from None
        except (PluginError, Invalid) as error:
            logger.warning("The directory %s could not answer: %s", one.id, error)
            silent.append(one.title)
            continue
        if isinstance(identity, Identity) and identity.username.strip():
            return one, identity
    if silent:
        raise Unavailable(f"{', '.join(silent)} cannot check passwords right now; try again later.")
    raise Unauthenticated(_WRONG)
