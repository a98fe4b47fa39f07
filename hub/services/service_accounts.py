"""Service accounts: users for programs, which never sign in and have tokens that administrators make."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count, Max
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import unit
from hub.errors import NotFound
from hub.models import Membership, Token, User
from hub.services import sessions, users
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.events import record
from hub.services.listing import WHOLE, Asked, Page


async def list_accounts(hub: Hub, actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Every service account by name, with `tokens` (those that are good), `last_used` and `projects` (how many)."""
    require_admin(actor)
    found = await users.LISTING.values(User.filter(service=True), asked, "id", "username", "name", "admin")
    ids = [row["id"] for row in found]
    tokens, every = Token.filter(user_id__in=ids), Membership.filter(user_id__in=ids)
    good = tokens.filter(Q(expires__isnull=True) | Q(expires__gt=hub.clock()))
    count = await _by_account(good.annotate(found=Count("id")))
    last = await _by_account(tokens.annotate(found=Max("last_used")))
    projects = await _by_account(every.annotate(found=Count("id")))
    return found.shaped(
        lambda row: {
            **row,
            "tokens": count.get(row["id"], 0),
            "last_used": last.get(row["id"]),
            "projects": projects.get(row["id"], 0),
        }
    )


async def _by_account(query: QuerySet[Any]) -> dict[int, Any]:
    return {row["user_id"]: row["found"] for row in await query.group_by("user_id").values("user_id", "found")}


async def get_account(actor: Actor, user_id: int) -> dict[str, Any]:
    """One service account with its `memberships`: `project_id`, `project_name`, `role`."""
    require_admin(actor)
    user = await users.one_user(user_id)
    if not user.get("service"):
        raise NotFound("There is no such service account.")
    return {**user, "memberships": await users.memberships(actor, user_id)}


async def switch_off(hub: Hub, actor: Actor, user_id: int) -> int:
    """End every token of a service account at once; it works again when an administrator makes it a new one."""
    account = await users.service_account(actor, user_id)

    async def work() -> int:
        ended = await sessions.end_tokens(hub, account)
        text = f"Service account {account.username} switched off"
        await record(hub, actor, "user", user_id, text, project_id=None)
        return ended

    return await unit(work)
