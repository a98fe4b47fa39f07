"""Where somebody is signed in, and signing out there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.context import Hub
from hub.db import unit
from hub.errors import NotFound
from hub.models import Session
from hub.services.access import rights_changed
from hub.services.actor import Actor
from hub.services.draft import MAX_ID
from hub.services.events import record
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.sessions import close_sessions_of

LISTING = Listing(
    Session,
    columns={
        "id": "id",
        "created": "created",
        "last_active": "last_active",
        "ip": "ip",
        "user_agent": "user_agent",
        "verified": "verified",
    },
    default="-last_active",
    searched=("ip", "user_agent"),
    most=1000,
)


async def list_sessions(hub: Hub, actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """The actor's sessions that have not ended, the one used last first; `current` marks the one that asks."""
    since = hub.clock() - timedelta(days=hub.settings.session_idle_days)
    query = Session.filter(user_id=actor.user_id, last_active__gte=since)
    found = await LISTING.values(query, asked, "id", "created", "last_active", "ip", "user_agent", "verified")
    return found.shaped(lambda row: {**row, "current": row["id"] == actor.session_id})


async def end_session(hub: Hub, actor: Actor, session_id: int) -> None:
    """Sign the actor out in one place."""

    async def work() -> None:
        known = 0 < session_id <= MAX_ID
        if not known or not await Session.filter(id=session_id, user_id=actor.user_id).delete():
            raise NotFound("There is no such session of yours; it may have ended.")
        await record(hub, actor, "session", actor.user_id, "Signed out in another place", project_id=None)
        if actor.user_id is not None:
            await rights_changed(hub, [actor.user_id])

    await unit(work)


async def end_other_sessions(hub: Hub, actor: Actor) -> None:
    """Sign the actor out everywhere else."""

    async def work() -> None:
        if actor.user_id is not None:
            await close_sessions_of(hub, actor.user_id, but=actor.session_id)
        await record(hub, actor, "session", actor.user_id, "Signed out in all other places", project_id=None)

    await unit(work)
