"""Signing in and out: passwords of local users first, then the providers that plugins bring."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from tortoise.expressions import Q

from hub.context import Hub
from hub.db import exclusive, unit
from hub.errors import Invalid, Unauthenticated, Unavailable
from hub.models import User
from hub.plugin import AuthRejected, Identity, Params, PasswordProvider, PluginError
from hub.services import second_factor, sessions, throttle
from hub.services.draft import Draft
from hub.services.first import PEOPLE
from hub.services.passwords import dummy_verify, hash_password, needs_rehash, verify_password
from hub.services.users import PasswordDraft, change_password, refuse_taken

__all__ = ["LoginDraft", "PasswordDraft", "change_password", "login", "login_methods", "logout"]

logger = logging.getLogger(__name__)

PROVIDER_SECONDS = 15.0
"""How long a provider may take to answer."""

_WRONG = "The name or the password is wrong."


class LoginDraft(Draft):
    """The wire's body of `POST /auth/login`."""

    auth: str = ""
    password: str = ""


def login_methods() -> dict[str, Any]:
    """How people may sign in, as the wire's `GET /auth/login` tells it."""
    return {"oidc_providers": [], "login_with_password": True, "auth_methods": second_factor.METHODS}


async def login(hub: Hub, auth: str, password: str, *, ip: str = "", user_agent: str = "") -> str:
    """Sign in with a username or an e-mail address; return the secret for the session's cookie.

    Raises `Unauthenticated` with one and the same sentence for unknown names and wrong passwords, `TooMany` after many
    of them, `Unavailable` when only a provider that is down could tell.
    """
    name = auth.strip().lower()
    attempt = throttle.Attempt(name, ip)
    await throttle.count(hub, attempt)
    try:
        user_id = await _checked(hub, name, password)
    except Unavailable:
        await throttle.forgive(hub, attempt)
        raise
    await throttle.forgive(hub, attempt)
    return await sessions.open_session(hub, user_id, ip=ip, user_agent=user_agent)


async def logout(hub: Hub, secret: str) -> None:
    """End the session of this cookie; one that has ended already is fine."""
    await sessions.close_session(hub, secret)


async def _checked(hub: Hub, name: str, password: str) -> int:
    """Return whose password it is. A local account is decided here alone: its password is shown to no provider."""
    if "\0" in name:
        name = ""  # nobody is called so, and not every database can be asked
    found = await User.filter(Q(username=name) | Q(email=name)).limit(2).values("id", "external", "password_hash")
    if not name or not password or len(found) > 1:
        await dummy_verify()
        raise Unauthenticated(_WRONG)
    if found and not found[0]["external"]:
        if await verify_password(found[0]["password_hash"], password):
            await _renew_hash(found[0], password)
            return int(found[0]["id"])
        raise Unauthenticated(_WRONG)
    await dummy_verify()
    identity = await _ask_providers(hub, name, password)
    return await unit(lambda: _external_user(hub, identity))


async def _renew_hash(row: Mapping[str, Any], password: str) -> None:
    """Replace a hash that was imported, or made with weaker settings than today's."""
    if needs_rehash(row["password_hash"]):
        fresh = await hash_password(password)
        await User.filter(id=row["id"], password_hash=row["password_hash"]).update(password_hash=fresh)


async def _ask_providers(hub: Hub, name: str, password: str) -> Identity:
    """Return who the first provider that knows the name says it is. One that fails does not stop the next."""
    silent = []
    for provider in hub.registry.password_providers.values():
        try:
            params = _params_of(hub, provider)
            identity = await hub.registry.guard(
                provider, provider.check(params, name, password), limit=PROVIDER_SECONDS
            )
        except AuthRejected:
            raise Unauthenticated(_WRONG) from None
        except (PluginError, Invalid) as error:
            logger.warning("The sign-in provider %s could not answer: %s", provider.name, error)
            silent.append(provider.title)
            continue
        if isinstance(identity, Identity) and identity.username.strip():
            return identity
    if silent:
        raise Unavailable(f"{', '.join(silent)} cannot check passwords right now; try again later.")
    raise Unauthenticated(_WRONG)


def _params_of(hub: Hub, provider: PasswordProvider[Params]) -> Params:
    """Read the table `[plugins.<provider>]` of the settings; it is the provider's own."""
    table = hub.settings.plugins.get(provider.name)
    try:
        return provider.params_type.model_validate(table if isinstance(table, dict) else {})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Invalid(f"The setting plugins.{provider.name}.{name} is wrong: {fault['msg']}.") from None


@dataclass(frozen=True, slots=True)
class _Person:
    """What a provider says of somebody, in the form in which it is stored."""

    username: str
    name: str
    email: str

    @classmethod
    def of(cls, identity: Identity) -> _Person:
        username = identity.username.strip().lower()
        email = identity.email.strip().lower() or f"{username}@{identity.provider}.invalid"
        name = identity.name.strip() or identity.username.strip()
        if max(len(username), len(email), len(name)) > 255:
            raise Unauthenticated("The provider's name or address for you is longer than 255 characters.")
        if not (username + email + name).isprintable():
            raise Unauthenticated("The provider's name or address for you holds characters that cannot be printed.")
        return cls(username, name, email)


async def _external_user(hub: Hub, identity: Identity) -> int:
    """Return the external user of this identity, made or brought up to date; a local account is never taken over."""
    await exclusive(PEOPLE)
    person = _Person.of(identity)
    known = await User.get_or_none(username=person.username)
    if known is not None and not known.external:
        raise Unauthenticated(_taken(person.username, identity))
    columns: dict[str, Any] = {"username": person.username, "name": person.name, "email": person.email}
    try:
        await refuse_taken(columns, but=known.id if known else None)
    except Invalid as error:
        if known is None:
            raise Unauthenticated(_taken(columns[error.field or "username"], identity)) from None
        del columns["email"]  # it went to somebody else meanwhile; the person still gets in
    if known is None:
        user = await User.create(created=hub.clock().replace(microsecond=0), external=True, **columns)
        return user.id
    await User.filter(id=known.id).update(**columns)
    return known.id


def _taken(text: str, identity: Identity) -> str:
    return (
        f"Another account here already uses {text}, so {identity.provider} cannot sign you in. "
        "Ask an administrator to rename or remove that account."
    )
