"""People who come from a directory or a provider: recognised by what the provider calls them, and by nothing else.

- Somebody whose identity (connection, subject) is known is the account that it is bound to, whatever their name is now.
- Nobody else is recognised by name or address. A local account is never taken over; it is linked by its owner while
  signed in, or by an administrator.
- An external account that has no identity at all (of an import, or of a release before there were any) is bound at the
  first sign-on: of a directory by its username; of a provider by its username and a verified address together, and
  never when it is an administrator's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import Q

from hub.context import Hub
from hub.db import exclusive
from hub.errors import Invalid, Unauthenticated
from hub.models import Identity as Row
from hub.models import User, UserOption
from hub.plugin import Identity, PasswordProvider
from hub.services import events, group_grants
from hub.services.access import rights_changed
from hub.services.actor import Actor
from hub.services.connections import Connection
from hub.services.first import PEOPLE
from hub.services.sessions import GONE, SHUT_OUT
from hub.services.users import refuse_taken

logger = logging.getLogger(__name__)

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class _Person:
    """What a provider says of somebody, in the form in which it is stored."""

    subject: str
    username: str
    name: str
    email: str
    verified: bool
    """The address is one that the connection vouches for."""

    @classmethod
    def of(cls, connection: Connection[Any], identity: Identity) -> _Person:
        """Check what came. An address that nobody vouches for is not stored: invitations go by it."""
        username = identity.username.strip().lower()
        vouched = identity.email_verified or isinstance(connection.provider, PasswordProvider)
        told = identity.email.strip().lower() if vouched else ""
        email = told or f"{username}@{connection.id}.invalid"
        name = identity.name.strip() or identity.username.strip()
        if not identity.subject or not username:
            raise Unauthenticated("The provider did not say who you are. Ask an administrator.")
        if max(len(identity.subject), len(username), len(email), len(name)) > _LONGEST:
            raise Unauthenticated("The provider's name or address for you is longer than 255 characters.")
        if not (username + email + name + identity.subject).isprintable():
            raise Unauthenticated("The provider's name or address for you holds characters that cannot be printed.")
        return cls(identity.subject, username, name, email, bool(told))


async def sign_in(hub: Hub, connection: Connection[Any], identity: Identity) -> int:
    """Return whose identity it is, made or brought up to date with what groups give; to be called in a unit."""
    await exclusive(PEOPLE)
    person = _Person.of(connection, identity)
    _check_domain(connection, person)
    known = await Row.get_or_none(provider=connection.id, subject=person.subject).select_related("user")
    if known is None:
        user = await _adopted(connection, person) or await _made(hub, connection, person)
        await _bind(hub, connection, person, user)
    else:
        user = known.user
        await Row.filter(id=known.id).update(last_used=hub.clock())
        await _refresh(user, person)
    if user.service:
        raise Unauthenticated("This is a service account; it has tokens only.")
    await UserOption.filter(Q(key=SHUT_OUT) | Q(key__startswith=GONE), user_id=user.id).delete()
    await group_grants.apply(hub, connection, user.id, identity.groups)
    return user.id


async def link(hub: Hub, connection: Connection[Any], identity: Identity, actor: Actor) -> None:
    """Bind an identity that somebody proved to the account with which they are signed in; in a unit."""
    await exclusive(PEOPLE)
    person = _Person.of(connection, identity)
    _check_domain(connection, person)
    known = await Row.get_or_none(provider=connection.id, subject=person.subject)
    if known is not None and known.user_id != actor.user_id:
        raise Invalid(f"Your account at {connection.title} signs in another account here.")
    if known is None:
        user = await User.get(id=actor.user_id)
        await _bind(hub, connection, person, user)
        await group_grants.apply(hub, connection, user.id, identity.groups)


def _check_domain(connection: Connection[Any], person: _Person) -> None:
    domains = connection.rules.email_domains
    if not domains:
        return
    if not person.verified:
        raise Unauthenticated(
            f"{connection.title} did not confirm your e-mail address, and only people of certain domains may sign in."
        )
    if person.email.rpartition("@")[2] not in domains:
        raise Unauthenticated("People with an e-mail address of your domain may not sign in here.")


async def _adopted(connection: Connection[Any], person: _Person) -> User | None:
    """Return the external account without any identity that this person had before; None when there is none."""
    user = await User.get_or_none(username=person.username)
    if user is None or not user.external or user.service or not connection.rules.adopt:
        return None
    if await Row.filter(user_id=user.id).exists():
        return None
    if not isinstance(connection.provider, PasswordProvider) and (
        user.admin or not person.verified or user.email != person.email
    ):
        return None
    await _refresh(user, person)
    return user


async def _made(hub: Hub, connection: Connection[Any], person: _Person) -> User:
    columns: dict[str, Any] = {"username": person.username, "name": person.name, "email": person.email}
    try:
        await refuse_taken(columns)
    except Invalid as error:
        raise Unauthenticated(_taken(columns[error.field or "username"], connection)) from None
    if not connection.rules.create_people:
        raise Unauthenticated("You have no account here yet. Ask an administrator to add you.")
    return await User.create(created=hub.clock().replace(microsecond=0), external=True, **columns)


async def _bind(hub: Hub, connection: Connection[Any], person: _Person, user: User) -> None:
    now = hub.clock()
    await Row.create(
        user=user, provider=connection.id, subject=person.subject, created=now.replace(microsecond=0), last_used=now
    )
    actor = Actor("user", user.id, user.username, user.name)
    await events.record(hub, actor, "user", user.id, f"Sign-in through {connection.title} added", project_id=None)
    await rights_changed(hub, [user.id])


async def _refresh(user: User, person: _Person) -> None:
    """Follow the provider's names for an external account; what somebody else has here meanwhile stays as it was."""
    if not user.external:
        return
    columns: dict[str, Any] = {"name": person.name}
    for member, text in (("username", person.username), ("email", person.email)):
        try:
            await refuse_taken({"username": text, "email": text}, but=user.id)
        except Invalid:
            logger.warning("The %s of %s at the provider belongs to another account here.", member, user.username)
            continue
        if member == "username" or person.verified:
            columns[member] = text
    await User.filter(id=user.id).update(**columns)


def _taken(text: str, connection: Connection[Any]) -> str:
    return (
        f"Another account here already uses {text}, so {connection.title} cannot sign you in. Sign in to that account "
        "and link the two on its page, or ask an administrator."
    )
