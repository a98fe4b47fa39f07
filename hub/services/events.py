"""What happened: rows for people, announcements for plugins."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import Row, insert, on_commit, rows
from hub.models import Event
from hub.plugin import HubEvent
from hub.services import changes
from hub.services.access import require, require_admin, visible_project_ids
from hub.services.actor import Actor, asked_from
from hub.services.cursors import Place
from hub.services.listing import REACH, WHOLE, Asked, Listing, Page

_SELECT = """
    SELECT "event"."id", "event"."user_id", "event"."project_id", "event"."integration_id", "event"."object_id",
           "event"."object_type", "event"."description", "event"."created", "event"."actor", '' AS "object_name",
           "project"."name" AS "project_name", "user"."username"
    FROM "event" LEFT JOIN "project" ON "project"."id" = "event"."project_id"
                 LEFT JOIN "user" ON "user"."id" = "event"."user_id"
"""
"""Raw, because these are the longest of the lists that are asked for all the time."""

LAST = 200
"""How many the wire's `/last` lists give."""

_LOOKED_AT = 20
"""Events of one thing among which the one is looked for that changed something."""

LISTING = Listing(
    Event,
    columns={
        "id": "id",
        "created": "created",
        "object_type": "object_type",
        "object_id": "object_id",
        "description": "description",
        "user_id": "user_id",
        "username": "user__username",
        "project_id": "project_id",
        "project_name": "project__name",
        "integration_id": "integration_id",
        "actor": "actor",
    },
    default="-id",
    searched=("description", "object_type", "username", "project_name", "actor"),
    words=("object_type",),
    most=1000,
    reach=REACH,
    indexed=("user_id",),
    dated="created",
)
"""The reference gives all events, which no page can use."""


async def record(
    hub: Hub, actor: Actor, object_type: str, object_id: int | None, text: str, *, project_id: int | None
) -> None:
    """Write an event row in the unit under way, with what the unit has changed."""
    await insert(row_of(hub, actor, object_type, object_id, text, project_id=project_id))


def row_of(
    hub: Hub, actor: Actor, object_type: str, object_id: int | None, text: str, *, project_id: int | None
) -> Row:
    """Return the row that `record` writes, for a statement that writes other things as well."""
    return Row("event", {
        "project_id": project_id,
        "user_id": actor.user_id,
        "integration_id": actor.source_id if actor.kind == "integration" else None,
        "object_type": object_type,
        "object_id": object_id,
        "description": text,
        "created": hub.clock(),
        "actor": actor.label[:255],
        "address": asked_from.get(),
        "changes": changes.taken(),
    })  # fmt: skip


async def announce(
    hub: Hub, actor: Actor, name: str, object_id: int | None, project_id: int | None, **data: Any
) -> None:
    """Tell plugins once the unit under way is committed."""
    event = HubEvent(name, hub.clock(), project_id=project_id, object_id=object_id, actor=actor.label, data=data)

    async def tell() -> None:
        _keep(asyncio.create_task(hub.registry.publish(event)))

    await on_commit(tell)


def _keep(task: asyncio.Task[None]) -> None:
    """Plugins take their time beside the verb; a task that nobody holds could vanish."""
    _telling.add(task)
    task.add_done_callback(_telling.discard)


_telling: set[asyncio.Task[None]] = set()


async def settle() -> None:
    """Wait until plugins have heard everything; each of them has a time limit."""
    while _telling:
        await asyncio.wait(set(_telling))


async def list_for_project(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Events of a project, newest first."""
    await require(actor, project_id)
    return await _page([project_id], asked)


async def last_of(
    actor: Actor, project_id: int | None, kind: str, object_id: int, members: Collection[str] = ()
) -> tuple[str, datetime] | None:
    """Return who last changed one of `members` of a thing, and when; else who last did anything to it.

    What belongs to no project is for administrators, and people's own accounts for themselves.
    """
    if project_id is not None:
        await require(actor, project_id)
    elif (kind, object_id) != ("user", actor.user_id):
        require_admin(actor)
    of = Q(project_id=project_id) if project_id is not None else Q(project_id__isnull=True)
    asked = Event.filter(of, object_type=kind, object_id=object_id).order_by("-id").limit(_LOOKED_AT)
    found = await asked.values("actor", "created", "changes")
    if not found:
        return None
    last = next((one for one in found if {*members} & {*(one["changes"] or ())}), found[0])
    return str(last["actor"]), last["created"]


async def list_for_actor(actor: Actor, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Events of every project that the actor sees, and those of no project for administrators; newest first."""
    return await _page(await visible_project_ids(actor), asked)


async def _page(projects: list[int] | None, asked: Asked) -> Page[dict[str, Any]]:
    """Events of these projects, or of everything."""
    plan = LISTING.plan(asked)
    if plan.plain:
        where = "" if projects is None else f"WHERE {_among('project_id', projects)}"
        rest = f'{where} ORDER BY "event"."id" DESC LIMIT {plan.limit + 1}'
        found = await rows(f"{_SELECT} {rest}", projects or (), times=["created"])
        return plan.cut(found, lambda row: Place(row["id"], row["id"])).shaped(_wire)
    page = await LISTING.values(_of(projects), asked, "id")
    ids = [one["id"] for one in page]
    found = await rows(f"{_SELECT} WHERE {_among('id', ids)}", ids, times=["created"]) if ids else []
    by_id = {row["id"]: row for row in found}
    return page.of([by_id[one] for one in ids if one in by_id]).shaped(_wire)


def _of(projects: list[int] | None) -> QuerySet[Event]:
    """Events of these projects; of one alone by an equation, for which databases have an index in the order of ids."""
    if projects is None:
        return Event.all()
    return Event.filter(project_id=projects[0]) if len(projects) == 1 else Event.filter(project_id__in=projects)


def _among(name: str, ids: Sequence[int]) -> str:
    return f'"event"."{name}" IN ({", ".join("?" * len(ids))})' if ids else "1 = 0"


def _wire(row: dict[str, Any]) -> dict[str, Any]:
    del row["id"]  # which the wire does not have
    return row
