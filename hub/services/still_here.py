"""Whether people who come from elsewhere are still let in there: asked again where one can ask, else bounded in time.

No account and no token is deleted. Who is let in no more is marked: their sessions end, what groups gave is taken back,
and their tokens rest. The mark goes when they are found again, or sign in again. A directory that does not answer
changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from hub.context import Hub
from hub.db import column, exclusive, unit
from hub.errors import Invalid
from hub.models import IdempotencyKey, Identity, Session, Token, User, UserOption
from hub.plugin import AuthRejected, PasswordProvider, PluginError
from hub.plugin import Identity as Told
from hub.services import events, group_grants
from hub.services.access import rights_changed
from hub.services.accounts import PROVIDER_SECONDS
from hub.services.actor import SYSTEM
from hub.services.connections import Connection, password_connections, redirect_connections
from hub.services.first import PEOPLE
from hub.services.sessions import GONE, SHUT_OUT, close_sessions_of

Connections = Mapping[str, Connection[Any]]
"""Those where nobody can be looked up, by id."""

logger = logging.getLogger(__name__)

AGES_MINUTES: Final = 5
"""How often the ages of sessions and sign-ons are looked at."""
AT_ONCE: Final = 1000
"""How many sessions one round ends at most."""
_SUSPICIOUS: Final = 3
"""When at least so many are looked up and nobody is found, it is the directory or its settings that is wrong."""


async def look_again(hub: Hub) -> None:
    """Do what is due; of several nodes, one does each part."""
    directories = password_connections(hub)
    asked = {one.id: one for one in directories if _can_be_asked(one)}
    every: list[Connection[Any]] = [*directories, *redirect_connections(hub)]
    others = {one.id: one for one in every if one.id not in asked}
    for connection in asked.values():
        if await _is_ours(hub, connection.id, connection.rules.check_minutes):
            await _look_up_all(hub, connection, others)
    if await _is_ours(hub, "ages", AGES_MINUTES):
        for other in others.values():
            await _bound_sessions(hub, other, asked)
            await _bound_tokens(hub, other, others)


def _can_be_asked(connection: Connection[PasswordProvider[Any]]) -> bool:
    try:
        return bool(connection.rules.check_minutes) and connection.provider.can_look_up(connection.params())
    except Invalid:
        return False
    except Exception:
        logger.exception("The plugin of the sign-on %s cannot say whether people can be looked up.", connection.id)
        return False


async def _is_ours(hub: Hub, what: str, minutes: int) -> bool:
    """Claim this turn of a round: the first node to do so has it."""
    now = hub.clock()
    turn = int(now.timestamp() // (minutes * 60))
    digest = hashlib.sha256(f"sign-on round {what} {minutes} {turn}".encode()).hexdigest()

    async def work() -> None:
        await IdempotencyKey.create(digest=digest, request="", created=now, answer="")

    if await IdempotencyKey.filter(digest=digest).exists():
        return False
    try:
        await unit(work)
    except IntegrityError:
        return False
    await IdempotencyKey.filter(created__lt=now - timedelta(days=2), request="").delete()
    return True


async def _look_up_all(hub: Hub, connection: Connection[PasswordProvider[Any]], others: Connections) -> None:
    """Ask for everybody who has something open here."""
    rows = await Identity.filter(provider=connection.id, user__service=False).select_related("user").order_by("id")
    concerned = await _with_something_open([row.user_id for row in rows])
    found: list[tuple[Identity, Told | None]] = []
    for row in rows:
        if row.user_id not in concerned:
            continue
        try:
            found.append((row, await _look_up(hub, connection, row)))
        except (PluginError, Invalid) as error:
            logger.warning("The directory %s could not tell who is there: %s", connection.id, error)
            break
    if len(found) >= _SUSPICIOUS and not any(told for _, told in found):
        logger.warning("The directory %s knows none of %s people; nobody is shut out. Check its settings.",
                       connection.id, len(found))  # fmt: skip
        return
    for row, told in found:
        await _settle(hub, connection, row, told, others)


async def _look_up(hub: Hub, connection: Connection[PasswordProvider[Any]], row: Identity) -> Told | None:
    call = connection.provider.look_up(connection.params(), row.user.username, row.subject)
    try:
        told = await hub.registry.guard(connection.provider, call, limit=PROVIDER_SECONDS)
    except AuthRejected:
        return None
    return told if isinstance(told, Told) and told.subject == row.subject else None


async def _settle(
    hub: Hub, connection: Connection[Any], row: Identity, told: Told | None, others: Connections
) -> None:  # fmt: skip
    """Bring rights in line with what the directory said; a local account keeps its own way in."""
    gone = UserOption.filter(user_id=row.user_id, key=f"{GONE}{row.id}")

    async def work() -> None:
        await exclusive(PEOPLE)
        if row.last_used != (await Identity.get(id=row.id)).last_used:
            return  # they signed in while the directory was asked
        if told is not None:
            await gone.delete()
            await group_grants.apply(hub, connection, row.user_id, told.groups)
        else:
            if not await gone.exists():
                await UserOption.create(user_id=row.user_id, key=f"{GONE}{row.id}", value=connection.title[:100])
            await group_grants.take_back(hub, connection.id, row.user_id)
        await _judge(hub, row.user, connection, others)

    await unit(work)


async def _bound_sessions(hub: Hub, connection: Connection[Any], asked: Collection[str]) -> None:
    """End sessions that are older than the connection lets them be."""
    if not connection.rules.session_hours:
        return
    since = hub.clock() - timedelta(hours=connection.rules.session_hours)
    old = Session.filter(user__external=True, user__identities__provider=connection.id, created__lt=since)
    rows = await old.limit(AT_ONCE).values("id", "user_id")
    people = {row["user_id"] for row in rows}
    people -= set(await column(Identity.filter(provider__in=[*asked], user_id__in=[*people]), "user_id"))
    if people:
        await Session.filter(id__in=[row["id"] for row in rows if row["user_id"] in people]).delete()
        await rights_changed(hub, people)


async def _bound_tokens(hub: Hub, connection: Connection[Any], others: Connections) -> None:
    """Let tokens rest whose owners have not signed in for too long, and work again where the bound allows it."""
    here = Identity.filter(provider=connection.id, user__external=True)
    marked = await column(UserOption.filter(key=SHUT_OUT), "user_id")
    people = set(await column(here.filter(user_id__in=marked), "user_id"))
    if days := connection.rules.token_days:
        since = hub.clock() - timedelta(days=days)
        stale = here.filter(Q(last_used__lt=since) | Q(last_used__isnull=True, created__lt=since))
        people |= await _with_something_open(await column(stale, "user_id"))
    for user in await User.filter(id__in=people).order_by("id"):

        async def work(user: User = user) -> None:
            await exclusive(PEOPLE)
            await _judge(hub, user, connection, others)

        await unit(work)


async def _with_something_open(user_ids: Sequence[int]) -> set[int]:
    """Return those with a session, a token, or the mark that shuts them out."""
    found: set[int] = set()
    for start in range(0, len(user_ids), 500):
        some = user_ids[start : start + 500]
        for query in (
            Session.filter(user_id__in=some), Token.filter(user_id__in=some),
            UserOption.filter(user_id__in=some, key=SHUT_OUT),
        ):  # fmt: skip
            found |= set(await column(query, "user_id"))
    return found


async def _judge(hub: Hub, user: User, connection: Connection[Any], others: Connections) -> None:
    """Shut out whom no place lets in any more, and let in again whom one does; in a unit, under the lock."""
    if not user.external:
        return
    keys = set(await column(UserOption.filter(user_id=user.id), "key"))
    rows = await Identity.filter(user_id=user.id)
    gone = all(_is_gone(hub, row, keys, others.get(row.provider)) for row in rows)
    if gone == (SHUT_OUT in keys):
        return
    if gone:
        await UserOption.create(user_id=user.id, key=SHUT_OUT, value=connection.title[:100])
        await close_sessions_of(hub, user.id)
        text = f"User {user.username} shut out: {connection.title} does not let them in any more, or did not lately"
    else:
        await UserOption.filter(user_id=user.id, key=SHUT_OUT).delete()
        text = f"User {user.username} let in again"
    await events.record(hub, SYSTEM, "user", user.id, text, project_id=None)


def _is_gone(hub: Hub, row: Identity, keys: Collection[str], other: Connection[Any] | None) -> bool:
    """Tell by the last answer of a directory, or where nobody can be asked, by the last sign-on."""
    if other is None:
        return f"{GONE}{row.id}" in keys
    days = other.rules.token_days
    return bool(days) and (row.last_used or row.created) < hub.clock() - timedelta(days=days)


async def shut_out(user_id: int) -> str:
    """Return the title of the connection that shuts somebody out; empty when none does."""
    found = await column(UserOption.filter(user_id=user_id, key=SHUT_OUT), "value")
    return str(found[0]) if found else ""
