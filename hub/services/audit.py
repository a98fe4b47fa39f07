"""The audit: every event with who, from where and what changed; for those who manage, to filter and to take along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

from hub.db import rows
from hub.models import Event
from hub.services.access import MANAGE_RESOURCES, require, require_admin
from hub.services.actor import Actor
from hub.services.listing import REACH, WHOLE, Asked, Listing, Page

LISTING: Final = Listing(
    Event,
    columns={
        "id": "id",
        "created": "created",
        "actor": "actor",
        "address": "address",
        "object_type": "object_type",
        "object_id": "object_id",
        "description": "description",
        "user_id": "user_id",
        "username": "user__username",
        "integration_id": "integration_id",
        "project_id": "project_id",
        "project_name": "project__name",
    },
    default="-id",
    searched=("description", "actor", "username", "address", "object_type", "project_name"),
    words=("object_type", "actor"),
    usual=100,
    most=1000,
    reach=REACH,
    indexed=("user_id",),
    dated="created",
)
_SHOWN: Final = (
    "id", "created", "actor", "address", "object_type", "object_id", "description", "changes", "user_id",
    "user__username", "integration_id", "project_id", "project__name",
)  # fmt: skip
_BATCH: Final = 500


async def list_audit(actor: Actor, project_id: int | None, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """What was done, newest first: in a project for those who manage it, everywhere for administrators."""
    await _permit(actor, project_id)
    return await _page(project_id, asked)


async def export(actor: Actor, project_id: int | None, asked: Asked = WHOLE) -> AsyncIterator[dict[str, Any]]:
    """Return everything that `list_audit` would find, page by page, a few rows in memory at a time."""
    await _permit(actor, project_id)
    first = await _page(project_id, replace(asked, limit=_BATCH, before="", after=""))

    async def each() -> AsyncIterator[dict[str, Any]]:
        page = first
        while True:
            for one in page:
                yield one
            if not page.following:
                return
            page = await _page(project_id, replace(asked, limit=_BATCH, before="", after=page.following))

    return each()


async def kinds(actor: Actor, project_id: int | None) -> list[str]:
    """Return what kinds of things events speak of."""
    await _permit(actor, project_id)
    found: list[str] = []
    while kind := await _next_kind(project_id, found[-1] if found else ""):
        found.append(kind)
    return found


async def _next_kind(project_id: int | None, after: str) -> str:
    """Return the first kind behind one: each is one step in an index, however many events there are."""
    where, params = ("", []) if project_id is None else ('"project_id" = ? AND ', [project_id])
    sql = f'SELECT MIN("object_type") AS "kind" FROM "event" WHERE {where}"object_type" > ?'  # noqa: S608 - of constants
    (found,) = await rows(sql, [*params, after])
    return str(found["kind"] or "")


async def _permit(actor: Actor, project_id: int | None) -> None:
    if project_id is None:
        require_admin(actor)
    else:
        await require(actor, project_id, MANAGE_RESOURCES)


async def _page(project_id: int | None, asked: Asked) -> Page[dict[str, Any]]:
    found = await LISTING.values(Event.filter(**_where(project_id)), asked, *_SHOWN)
    return found.shaped(_named)


def _where(project_id: int | None) -> dict[str, Any]:
    return {} if project_id is None else {"project_id": project_id}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    row["username"], row["project_name"] = row.pop("user__username"), row.pop("project__name")
    row["actor"] = row["actor"] or row["username"] or ""  # of days when names were not kept
    return row
