"""Sessions of browsers and API tokens: a random secret at the client, only its digest here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid, Unauthenticated
from hub.models import SecondFactor, Session, Token
from hub.services.actor import Actor
from hub.services.draft import Draft

TOUCH = timedelta(minutes=1)
"""`last_active` and `last_used` are written at most this often, so that reading costs no write."""

_PERSON = ("id", "user_id", "user__username", "user__name", "user__admin")
_PREFIX = 8  # characters of a token that lists show


def digest(secret: str) -> str:
    """What is stored of a secret with 256 bits of entropy; no salt is needed for those."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def open_session(hub: Hub, user_id: int, *, ip: str, user_agent: str) -> str:
    """Sign somebody in; return the secret for the cookie. With a second factor, the session owes a code first."""
    secret = secrets.token_urlsafe(32)
    owes = await SecondFactor.filter(user_id=user_id, confirmed__isnull=False).exists()
    now = hub.clock()
    await Session.filter(last_active__lt=now - timedelta(days=hub.settings.session_idle_days)).delete()
    await Session.create(
        digest=digest(secret), user_id=user_id, created=now, last_active=now, ip=ip[:64], user_agent=user_agent[:500],
        verified=not owes,
    )  # fmt: skip
    return secret


async def close_session(secret: str) -> None:
    """Sign out."""
    await Session.filter(digest=digest(secret)).delete()


async def close_sessions_of(user_id: int, *, but: int | None = None) -> None:
    """Sign somebody out everywhere; `but` keeps one session."""
    query = Session.filter(user_id=user_id)
    if but is not None:
        query = query.exclude(id=but)
    await query.delete()


async def actor_of_session(hub: Hub, secret: str, *, owing: bool = False) -> Actor:
    """Return who the cookie speaks for. Raises `Unauthenticated`; with `owing`, a second factor may be owed still."""
    rows = await Session.filter(digest=digest(secret)).values(*_PERSON, "last_active", "verified")
    now = hub.clock()
    if not rows or rows[0]["last_active"] < now - timedelta(days=hub.settings.session_idle_days):
        raise Unauthenticated("Your session has ended; sign in again.")
    row = rows[0]
    if not row["verified"] and not owing:
        raise Unauthenticated("TOTP_REQUIRED", code="TOTP_REQUIRED")
    if row["last_active"] < now - TOUCH:
        await Session.filter(id=row["id"]).update(last_active=now)
    return Actor("user", row["user_id"], row["user__username"], row["user__name"], row["user__admin"],
                 session_id=row["id"])  # fmt: skip


async def actor_of_token(hub: Hub, secret: str) -> Actor:
    """Return who an API token speaks for. Raises `Unauthenticated`.

    The wire writes tokens in lower case and reads them in any, so they are compared in lower case.
    """
    rows = await Token.filter(digest=digest(secret.lower())).values(*_PERSON, "expires", "last_used")
    now = hub.clock()
    if not rows or (rows[0]["expires"] is not None and rows[0]["expires"] <= now):
        raise Unauthenticated("The token is not valid, or it has expired.")
    row = rows[0]
    if row["last_used"] is None or row["last_used"] < now - TOUCH:
        await Token.filter(id=row["id"]).update(last_used=now)
    return Actor("token", row["user_id"], row["user__username"], row["user__name"], row["user__admin"],
                 token_id=row["id"])  # fmt: skip


class TokenDraft(Draft):
    """The body of `POST /user/tokens`."""

    name: str = Field(default="", max_length=100)
    expires_at: str | None = None


async def create_token(hub: Hub, actor: Actor, draft: TokenDraft) -> dict[str, Any]:
    """Make an API token for the actor and return it with its secret, which is shown this once."""
    now = hub.clock()
    expires = _future(draft.expires_at, now)
    secret = secrets.token_urlsafe(32).lower() + "="
    await Token.create(digest=digest(secret), prefix=secret[:_PREFIX], name=draft.name, user_id=actor.user_id,
                       created=now.replace(microsecond=0), expires=expires)  # fmt: skip
    return {"id": secret, "created": now.replace(microsecond=0), "expired": False, "user_id": actor.user_id,
            "name": draft.name, "expires_at": expires}  # fmt: skip


async def list_tokens(hub: Hub, actor: Actor) -> list[dict[str, Any]]:
    """The actor's tokens, newest first; ids are cut to eight characters."""
    now = hub.clock()
    rows = await Token.filter(user_id=actor.user_id).order_by("-created", "-id").values()
    return [
        {
            "id": row["prefix"],
            "created": row["created"],
            "expired": row["expires"] is not None and row["expires"] <= now,
            "user_id": row["user_id"],
            "name": row["name"],
            "expires_at": row["expires"],
            "last_used": row["last_used"],
        }
        for row in rows
    ]


async def delete_token(actor: Actor, name: str) -> None:
    """Delete the actor's token, named by itself or by its first eight characters."""
    if len(name) < _PREFIX or not all(letter.isalnum() or letter in "-_=" for letter in name):
        raise Invalid("A token is named by at least its first eight characters.")
    query = Token.filter(user_id=actor.user_id)
    query = query.filter(prefix=name.lower()) if len(name) == _PREFIX else query.filter(digest=digest(name.lower()))
    await query.delete()


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
