"""Inventories of a project: hosts, files of hosts, and workspaces."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Inventory, Key, Repository, Template
from hub.services import events, inventory_sources, refs, texts
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, remove, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown

STATIC = {"static": "ini", "static-yaml": "yaml"}
"""Types whose hosts are in the inventory itself, and in which language."""
IN_USE = "Inventory is in use by one or more templates"


class InventoryDraft(Draft):
    """The wire's body of an inventory."""

    id: Id = 0
    name: str = Field(default="", max_length=255)
    project_id: Id = 0
    inventory: str = ""
    ssh_key_id: Id | None = None
    become_key_id: Id | None = None
    type: str = Field(default="", max_length=50)
    template_id: Id | None = None
    repository_id: Id | None = None
    runner_tag: str | None = Field(default=None, max_length=255)
    checked: bool = False
    """Refuse hosts that are written wrongly, with the line, as pages do. The wire stores whatever it is given."""


LISTING = Listing(
    Inventory,
    columns={
        "id": "id",
        "name": "name",
        "type": "type",
        "inventory": "inventory",
        "ssh_key_id": "ssh_key_id",
        "become_key_id": "become_key_id",
        "repository_id": "repository_id",
        "runner_tag": "runner_tag",
    },
    searched=("name", "inventory"),
    words=("type",),
    own=("app", "template_id"),
    ignores_sort=True,
)


async def list_inventories(
    hub: Hub, actor: Actor, project_id: int, asked: Asked = WHOLE, *, app: str = "", template_id: int | None = None
) -> Page[dict[str, Any]]:
    """Inventories of a project by name: those of `template_id`, else those of no template (S30).

    `app` leaves those whose type fits; an unknown app leaves all.
    """
    grant = await require(actor, project_id)
    query = Inventory.filter(project_id=project_id, template_id=template_id)
    executor = hub.registry.executors.get(app)
    if fitting := inventory_sources.fitting(hub, executor):
        query = query.filter(type__in=list(fitting))
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "inventory"))
    return found.shaped(lambda one: shown(grant, "inventory", wire(one)))


async def get_inventory(actor: Actor, project_id: int, inventory_id: int) -> dict[str, Any]:
    """One inventory."""
    grant = await require(actor, project_id)
    return shown(grant, "inventory", wire(await find(Inventory, project_id, inventory_id, "inventory")))


async def inventory_refs(actor: Actor, project_id: int, inventory_id: int) -> refs.Refs:
    """What uses an inventory."""
    await require(actor, project_id)
    await find(Inventory, project_id, inventory_id, "inventory")
    return await refs.of_inventory(project_id, inventory_id)


async def create_inventory(hub: Hub, actor: Actor, project_id: int, draft: InventoryDraft) -> dict[str, Any]:
    """Add an inventory."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    if draft.type not in known_types(hub):
        raise Invalid("Not supported inventory type", field="type")

    async def work() -> Inventory:
        inventory = await Inventory.create(project_id=project_id, **await _columns(hub, project_id, draft))
        await tell(hub, actor, inventory, "created")
        return inventory

    return wire(await store(work))


async def update_inventory(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, draft: InventoryDraft
) -> None:  # fmt: skip
    """Replace an inventory."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, inventory_id, "Inventory")
    same_project(draft.project_id, project_id)
    if draft.type not in known_types(hub):
        raise Invalid(f"unknown inventory type: {draft.type}", field="type")

    async def work() -> None:
        inventory = await find(Inventory, project_id, inventory_id, "inventory")
        inventory.update_from_dict(await _columns(hub, project_id, draft))
        await inventory.save()
        await tell(hub, actor, inventory, "updated")

    await store(work)


async def delete_inventory(hub: Hub, actor: Actor, project_id: int, inventory_id: int) -> None:
    """Delete an inventory that no template uses."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        inventory = await find(Inventory, project_id, inventory_id, "inventory")
        refs.refuse(IN_USE, await refs.of_inventory(project_id, inventory_id))
        await inventory.delete()
        await tell(hub, actor, inventory, "deleted")

    await remove(work, IN_USE)


def known_types(hub: Hub) -> set[str]:
    """Every type of inventory that may be stored."""
    brought = (executor.capabilities.inventory_types for executor in hub.registry.executors.values())
    return set(inventory_sources.WIRE_TYPES).union(inventory_sources.names(hub), *brought)


async def _columns(hub: Hub, project_id: int, draft: InventoryDraft) -> dict[str, Any]:
    content = draft.inventory
    if draft.checked and draft.type in STATIC:
        await texts.refuse(STATIC[draft.type], content, field="inventory")
    if draft.type == "file":
        _check_paths(draft.inventory)
    elif inventory_sources.find(hub, draft.type) is not None:
        content = await inventory_sources.check(hub, project_id, draft.type, draft.inventory)
    keys = {
        field: await refer(Key, project_id, getattr(draft, field), field, missing=NotFound, owner="")
        for field in ("ssh_key_id", "become_key_id")
    }
    return {
        "name": draft.name,
        "inventory": content,
        "type": draft.type,
        **keys,
        "template_id": await refer(Template, project_id, draft.template_id, "template_id", missing=NotFound),
        "repository_id": await refer(Repository, project_id, draft.repository_id, "repository_id"),
        "runner_tag": draft.runner_tag,
    }


def _check_paths(text: str) -> None:
    """Refuse what leads out of the repository, on create and on update alike (BUG-002); the worker looks again."""
    for part in (text, *re.split(r"[,\n]", text)):
        path = PurePosixPath(part.strip().replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or "\0" in part:
            raise Invalid("Invalid inventory file pathname. Must be: path/to/inventory.", field="inventory")


async def tell(hub: Hub, actor: Actor, inventory: Inventory, verb: str) -> None:
    """Record what happened to an inventory, in the unit under way."""
    await events.record(hub, actor, "inventory", inventory.id, f"Inventory {inventory.name} {verb}",
                        project_id=inventory.project_id)  # fmt: skip
    await events.announce(hub, actor, f"inventory.{verb}", inventory.id, inventory.project_id)


def wire(inventory: Inventory) -> dict[str, Any]:
    """Return an inventory in the wire's shape."""
    shape = {
        "id": inventory.id,
        "name": inventory.name,
        "project_id": inventory.project_id,
        "inventory": inventory.inventory,
        "ssh_key_id": inventory.ssh_key_id,
        "become_key_id": inventory.become_key_id,
        "type": inventory.type,
        "template_id": inventory.template_id,
        "repository_id": inventory.repository_id,
    }
    if inventory.runner_tag is not None:
        shape["runner_tag"] = inventory.runner_tag
    return shape
