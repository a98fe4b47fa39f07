"""Sessions of browsers and API tokens: a random secret at the client, only its digest here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from tortoise.expressions import Q

from hub import meters
from hub.context import Hub
from hub.db import column, rows, unit
from hub.errors import Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import SecondFactor, Session, Token, User
from hub.services import changes
from hub.services.access import SCOPES, require, rights_changed
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.draft import Draft
from hub.services.events import record
from hub.services.listing import WHOLE, Asked, Listing, Page

TOUCH = timedelta(minutes=1)
"""`last_active` and `last_used` are written at most this often, so that reading costs no write."""

_PERSON = '"user"."id" AS "user_id", "user"."username", "user"."name", "user"."admin"'
_SESSION = f"""
    SELECT "session"."id", "session"."last_active", "session"."verified", {_PERSON}
    FROM "session" JOIN "user" ON "user"."id" = "session"."user_id" WHERE "session"."digest" = ?
"""  # noqa: S608 - of constants
_TOKEN = f"""
    SELECT "token"."id", "token"."expires", "token"."last_used", "token"."scopes", "token"."project_id", {_PERSON},
           "mark"."id" AS "shut_out"
    FROM "token" JOIN "user" ON "user"."id" = "token"."user_id"
         LEFT JOIN "user_option" AS "mark" ON "mark"."user_id" = "user"."id" AND "mark"."key" = 'shut-out'
    WHERE "token"."digest" = ?
"""  # noqa: S608 - of constants
SHUT_OUT = "shut-out"
"""Key of the mark on people whom the place that they come from lets in no more; their tokens rest meanwhile."""
GONE = "gone:"
"""Beginning of the keys of marks on identities that a directory has no more; the identity's id follows."""
_PREFIX = 8  # characters of a token that lists show


def digest(secret: str) -> str:
    """What is stored of a secret with 256 bits of entropy; no salt is needed for those."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def open_session(hub: Hub, user_id: int, *, ip: str, user_agent: str, proved: bool = False) -> str:
    """Sign somebody in; return the secret for the cookie. With a second factor, the session owes a code first.

    `proved` says that a provider has asked for a second factor already. A service account is never signed in.
    """
    if await User.filter(id=user_id, service=True).exists():
        raise Unauthenticated("This is a service account; it has tokens only.")
    secret = secrets.token_urlsafe(32)
    owes = not proved and await SecondFactor.filter(user_id=user_id, confirmed__isnull=False).exists()
    now = hub.clock()

    async def work() -> None:
        await Session.filter(last_active__lt=now - timedelta(days=hub.settings.session_idle_days)).delete()
        await Session.create(
            digest=digest(secret), user_id=user_id, created=now, last_active=now, ip=ip[:64],
            user_agent=user_agent[:500], verified=not owes,
        )  # fmt: skip
        text = "Signed in; the second factor is owed" if owes else "Signed in"
        await record(hub, await _named(user_id), "session", user_id, text, project_id=None)

    await unit(work)
    meters.SIGN_INS.add("success")
    return secret


async def _named(user_id: int) -> Actor:
    [username] = await column(User.filter(id=user_id), "username")
    return Actor("user", user_id, username)


async def close_session(hub: Hub, secret: str) -> None:
    """Sign out; views that the session has open end at once."""
    query = Session.filter(digest=digest(secret))

    async def work() -> None:
        owner = await column(query, "user_id")
        await query.delete()
        for one in owner:
            await record(hub, await _named(one), "session", one, "Signed out", project_id=None)
        await rights_changed(hub, owner)

    await unit(work)


async def close_sessions_of(hub: Hub, user_id: int, *, but: int | None = None) -> None:
    """Sign somebody out everywhere; `but` keeps one session."""
    query = Session.filter(user_id=user_id)
    if but is not None:
        query = query.exclude(id=but)
    await query.delete()
    await rights_changed(hub, [user_id])


async def actor_of_session(hub: Hub, secret: str, *, owing: bool = False) -> Actor:
    """Return who the cookie speaks for. Raises `Unauthenticated`; with `owing`, a second factor may be owed still."""
    found = await rows(_SESSION, [digest(secret)], times=["last_active"], flags=["verified", "admin"])
    now = hub.clock()
    if not found or found[0]["last_active"] < now - timedelta(days=hub.settings.session_idle_days):
        raise Unauthenticated("Your session has ended; sign in again.")
    row = found[0]
    if not row["verified"] and not owing:
        raise Unauthenticated("TOTP_REQUIRED", code="TOTP_REQUIRED")
    if row["last_active"] < now - TOUCH:
        await Session.filter(id=row["id"]).update(last_active=now)
    return Actor("user", row["user_id"], row["username"], row["name"], row["admin"], session_id=row["id"])


async def actor_of_token(hub: Hub, secret: str) -> Actor:
    """Return who an API token speaks for, with what it is limited to. Raises `Unauthenticated`.

    The wire writes tokens in lower case and reads them in any, so they are compared in lower case.
    """
    found = await rows(
        _TOKEN, [digest(secret.lower())], times=["expires", "last_used"], flags=["admin"], documents=["scopes"]
    )
    now = hub.clock()
    if not found or (found[0]["expires"] is not None and found[0]["expires"] <= now):
        raise Unauthenticated("The token is not valid, or it has expired.")
    row = found[0]
    if row["shut_out"] is not None:
        raise Unauthenticated("This token rests until its owner signs in again where they come from.")
    if row["last_used"] is None or row["last_used"] < now - TOUCH:
        await Token.filter(id=row["id"]).update(last_used=now)
    scopes = None if row["scopes"] is None else frozenset(row["scopes"])
    limited = (scopes is not None and "admin" not in scopes) or row["project_id"] is not None
    admin = bool(row["admin"])
    return Actor(
        "token", row["user_id"], row["username"], row["name"], admin and not limited, token_id=row["id"],
        scopes=scopes, project_id=row["project_id"], everywhere=admin and limited,
    )  # fmt: skip


class TokenDraft(Draft):
    """The body of `POST /user/tokens`."""

    name: str = Field(default="", max_length=100)
    expires_at: str | None = None
    scopes: list[str] | None = Field(default=None, max_length=len(SCOPES))
    """Beside the wire: what it is good for; null for all that its owner may."""
    project_id: Id = 0
    """Beside the wire: the one project that it is good for."""


async def create_token(hub: Hub, actor: Actor, draft: TokenDraft) -> dict[str, Any]:
    """Make an API token for the actor and return it with its secret, which is shown this once."""
    _refuse_limited(actor)
    now = hub.clock().replace(microsecond=0)
    expires = _future(draft.expires_at, hub.clock())
    scopes = _scopes(actor, draft)
    if draft.project_id:
        try:
            await require(actor, draft.project_id)
        except NotFound as error:
            raise NotFound(error.sentence, field="project_id") from None
    secret = secrets.token_urlsafe(32).lower() + "="

    async def work() -> None:
        await Token.create(
            digest=digest(secret), prefix=secret[:_PREFIX], name=draft.name, user_id=actor.user_id, created=now,
            expires=expires, scopes=scopes, project_id=draft.project_id or None,
        )  # fmt: skip
        for name, value in {"scopes": scopes, "project_id": draft.project_id or None, "expires": expires}.items():
            changes.note(name, None, value)
        await _tell(hub, actor, f"API token {draft.name or secret[:_PREFIX]} created")

    await unit(work)
    return {"id": secret, "created": now, "expired": False, "user_id": actor.user_id, "name": draft.name,
            "expires_at": expires, "scopes": scopes, "project_id": draft.project_id or None}  # fmt: skip


TOKENS = Listing(
    Token,
    columns={
        "id": "prefix",
        "name": "name",
        "created": "created",
        "expires_at": "expires",
        "last_used": "last_used",
        "project_id": "project_id",
    },
    default="-created",
    searched=("id", "name"),
    most=1000,
)


async def list_tokens(hub: Hub, actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """The actor's tokens, newest first; ids are cut to eight characters."""
    now = hub.clock()
    found = await TOKENS.rows(Token.filter(user_id=actor.user_id), asked)
    return found.shaped(
        lambda row: {
            "id": row.prefix,
            "created": row.created,
            "expired": row.expires is not None and row.expires <= now,
            "user_id": row.user_id,
            "name": row.name,
            "expires_at": row.expires,
            "last_used": row.last_used,
            "scopes": row.scopes,
            "project_id": row.project_id,
        }
    )


async def delete_token(hub: Hub, actor: Actor, name: str) -> None:
    """Delete the actor's token, named by itself or by its first eight characters."""
    _refuse_limited(actor)
    if len(name) < _PREFIX or not all(letter.isalnum() or letter in "-_=" for letter in name):
        raise Invalid("A token is named by at least its first eight characters.")
    query = Token.filter(user_id=actor.user_id)
    query = query.filter(prefix=name.lower()) if len(name) == _PREFIX else query.filter(digest=digest(name.lower()))

    async def work() -> None:
        gone = [one or name[:_PREFIX] for one in await column(query, "name")]
        await query.delete()
        for one in gone:
            await _tell(hub, actor, f"API token {one} deleted")

    await unit(work)


async def _tell(hub: Hub, actor: Actor, text: str) -> None:
    await record(hub, actor, "token", actor.user_id, text, project_id=None)
    if actor.user_id is not None:
        await rights_changed(hub, [actor.user_id])


async def end_tokens(hub: Hub, actor: Actor) -> int:
    """Make every token of the actor expire now, so that all who use them stop; return how many were good."""
    _refuse_limited(actor)
    now = hub.clock()

    async def work() -> int:
        good = Token.filter(Q(expires__isnull=True) | Q(expires__gt=now), user_id=actor.user_id)
        ended = await good.update(expires=now)
        await _tell(hub, actor, f"{ended} API tokens ended")
        return ended

    return await unit(work)


def _refuse_limited(actor: Actor) -> None:
    """So that no token makes one that may do more, or takes others away."""
    if actor.limited:
        raise Forbidden("A token that is limited to scopes or a project cannot make or delete tokens.")


def _scopes(actor: Actor, draft: TokenDraft) -> list[str] | None:
    if draft.scopes is None:
        return None
    if not draft.scopes or not set(draft.scopes) <= SCOPES.keys():
        raise Invalid(f"scopes must name at least one of: {', '.join(SCOPES)}.", field="scopes")
    if "admin" in draft.scopes and not actor.admin:
        raise Invalid("Only an administrator's token can have the scope admin.", field="scopes")
    if "admin" in draft.scopes and draft.project_id:
        raise Invalid("The scope admin is for the whole hub; leave the project out.", field="scopes")
    return sorted(set(draft.scopes), key=list(SCOPES).index)


def _future(text: str | None, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        expires = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("expires_at must be a time such as 2027-01-31T12:00:00Z.", field="expires_at") from None
    if expires.tzinfo is None or expires <= now:
        raise Invalid("expires_at must lie in the future, with its time zone.", field="expires_at")
    return expires
