"""Views: tabs over the templates of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import View
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import MAX_ID, Draft, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.templates import LISTING as TEMPLATES
from hub.services.templates import whole_list

ALL = "all"
"""Type of the view that shows every template."""

SORTED_BY = ("name", "playbook", "inventory", "environment", "repository")
"""What the wire's views are sorted by; whatever else they say counts as the name."""


class ViewDraft(Draft):
    """The wire's body of a view."""

    id: Id = 0
    project_id: Id = 0
    title: str = Field(default="", max_length=100)
    position: int = Field(default=0, ge=-MAX_ID, le=MAX_ID)
    type: str = Field(default="", max_length=20)
    hidden: bool = False
    sort_column: str | None = Field(default=None, max_length=100)
    sort_reverse: bool = False


LISTING = Listing(
    View,
    columns={"id": "id", "title": "title", "position": "position", "type": "type", "hidden": "hidden"},
    default="position",
    searched=("title",),
    words=("type",),
)


async def list_views(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Views of a project by position."""
    await require(actor, project_id)
    return (await LISTING.rows(View.filter(project_id=project_id), asked)).shaped(_wire)


async def get_view(actor: Actor, project_id: int, view_id: int) -> dict[str, Any]:
    """One view."""
    await require(actor, project_id)
    return _wire(await find(View, project_id, view_id, "view"))


async def templates_of_view(actor: Actor, project_id: int, view_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Templates that a view shows, in its own order unless `sort` asks for another."""
    grant = await require(actor, project_id)
    view = await find(View, project_id, view_id, "view")
    own = view.sort_column if view.sort_column in SORTED_BY else "name"
    listing = replace(TEMPLATES, default=f"-{own}" if view.sort_reverse else own)
    which = {} if view.type == ALL else {"view_id": view.id}
    return await whole_list(grant, asked, listing=listing, **which)


async def create_view(hub: Hub, actor: Actor, project_id: int, draft: ViewDraft) -> dict[str, Any]:
    """Add a view."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    columns = _columns(draft)

    async def work() -> View:
        view = await View.create(project_id=project_id, **columns)
        await _tell(hub, actor, view, "created")
        return view

    return _wire(await store(work))


async def update_view(hub: Hub, actor: Actor, project_id: int, view_id: int, draft: ViewDraft) -> None:
    """Replace a view; it stays in its project (S15)."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if draft.id and draft.id != view_id:
        raise Invalid("View ID in URL and in body must be the same", field="id")
    same_project(draft.project_id, project_id)
    columns = _columns(draft)

    async def work() -> None:
        view = await find(View, project_id, view_id, "view")
        view.update_from_dict(columns)
        await view.save()
        await _tell(hub, actor, view, "updated")

    await store(work)


async def place_views(hub: Hub, actor: Actor, project_id: int, positions: Any) -> None:
    """Set positions, sent as an object of ids and numbers; ids that are no views of the project are passed over."""
    await require(actor, project_id, MANAGE_RESOURCES)
    wanted = _positions(positions)

    async def work() -> None:
        for view_id, position in wanted.items():
            await View.filter(id=view_id, project_id=project_id).update(position=position)
        await events.record(hub, actor, "view", None, "Views put in another order", project_id=project_id)

    await store(work)


async def delete_view(hub: Hub, actor: Actor, project_id: int, view_id: int) -> None:
    """Delete a view; its templates stay."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        view = await find(View, project_id, view_id, "view")
        await view.delete()
        await _tell(hub, actor, view, "deleted")

    await store(work)


def _columns(draft: ViewDraft) -> dict[str, Any]:
    if not draft.title:
        raise Invalid("title can not be empty", field="title")
    if draft.type not in {"", ALL}:
        raise Invalid("The type of a view must be empty or all.", field="type")
    return draft.model_dump(exclude={"id", "project_id"})


def _positions(given: Any) -> dict[int, int]:
    try:
        pairs = {int(name): value for name, value in given.items()} if isinstance(given, Mapping) else None
    except ValueError:
        pairs = None
    if pairs is None or not all(type(one) is int and abs(one) <= MAX_ID for one in pairs.values()):
        raise Invalid('Positions must be an object of view ids and whole numbers, such as {"3": 0}.')
    return {view_id: position for view_id, position in pairs.items() if 0 < view_id <= MAX_ID}


async def _tell(hub: Hub, actor: Actor, view: View, verb: str) -> None:
    await events.record(hub, actor, "view", view.id, f"View {view.title} {verb}", project_id=view.project_id)
    await events.announce(hub, actor, f"view.{verb}", view.id, view.project_id)


def _wire(view: View) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": view.id,
        "project_id": view.project_id,
        "title": view.title,
        "position": view.position,
    }
    for name in ("type", "hidden", "sort_reverse"):
        if getattr(view, name):
            shape[name] = getattr(view, name)
    if view.sort_column is not None:
        shape["sort_column"] = view.sort_column
    return shape
