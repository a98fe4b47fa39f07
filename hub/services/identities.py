"""Which directories and providers somebody signs in through: shown, added by administrators, taken away."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from tortoise.exceptions import IntegrityError

from hub.context import Hub
from hub.db import exclusive, unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Identity, User
from hub.services import events, group_grants, users
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.connections import all_connections
from hub.services.draft import MAX_ID, Draft
from hub.services.first import PEOPLE
from hub.services.sessions import close_sessions_of


class IdentityDraft(Draft):
    """The body of `POST /users/{id}/identities`."""

    provider: str = Field(default="", max_length=100)
    subject: str = Field(default="", max_length=255)


async def list_identities(hub: Hub, actor: Actor, user_id: int) -> list[dict[str, Any]]:
    """Identities of oneself, or for administrators of anybody."""
    users.refuse_strangers(actor, user_id)
    await users.one_user(user_id)
    titles = all_connections(hub)
    rows = await Identity.filter(user_id=user_id).order_by("id").values(
        "id", "provider", "subject", "created", "last_used"
    )  # fmt: skip
    return [{**row, "title": titles.get(row["provider"], row["provider"])} for row in rows]


async def add_identity(hub: Hub, actor: Actor, user_id: int, draft: IdentityDraft) -> dict[str, Any]:
    """Bind an identity to an account; for administrators, who know whose it is."""
    require_admin(actor)
    user = await users.one_user(user_id)
    if user.get("service"):
        raise Invalid("A service account signs in nowhere; it has tokens.")
    if draft.provider not in all_connections(hub):
        raise Invalid(f"There is no sign-on {draft.provider or '(empty)'} in the settings.", field="provider")
    if not draft.subject.strip() or not draft.subject.isprintable():
        raise Invalid("Write what the provider calls this person, such as the claim sub.", field="subject")

    async def work() -> int:
        await exclusive(PEOPLE)
        made = await Identity.create(
            user_id=user_id, provider=draft.provider, subject=draft.subject, created=hub.clock().replace(microsecond=0)
        )
        await _record(hub, actor, user_id, f"Sign-in through {draft.provider} added")
        return made.id

    try:
        identity_id = await unit(work)
    except IntegrityError:
        raise Conflict("This identity belongs to an account here already.") from None
    return next(one for one in await list_identities(hub, actor, user_id) if one["id"] == identity_id)


async def remove_identity(hub: Hub, actor: Actor, user_id: int, identity_id: int) -> None:
    """Take an identity away, with what its groups gave; sessions end. One's own last way in stays."""
    users.refuse_strangers(actor, user_id)

    async def work() -> None:
        await exclusive(PEOPLE)
        rows = await Identity.filter(user_id=user_id).values("id", "provider") if identity_id <= MAX_ID else []
        found = [row for row in rows if row["id"] == identity_id]
        if not found:
            raise NotFound("This account has no such identity.")
        user = await User.get(id=user_id)
        if actor.user_id == user_id and user.external and len(rows) == 1:
            raise Conflict("This is your only way to sign in, so it stays.")
        provider = found[0]["provider"]
        await Identity.filter(id=identity_id).delete()
        if sum(row["provider"] == provider for row in rows) == 1:
            await group_grants.take_back(hub, provider, user_id)
        await _record(hub, actor, user_id, f"Sign-in through {provider} removed")
        await close_sessions_of(hub, user_id, but=actor.session_id if actor.user_id == user_id else None)

    await unit(work)


async def _record(hub: Hub, actor: Actor, user_id: int, text: str) -> None:
    await events.record(hub, actor, "user", user_id, text, project_id=None)
