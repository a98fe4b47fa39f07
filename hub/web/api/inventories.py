"""Routes of inventories."""

from __future__ import annotations

from hub import shapes
from hub.services import inventories
from hub.services.inventories import InventoryDraft
from hub.web.api.about import APP, TEMPLATE
from hub.web.api.queries import asked, integer
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/inventory"
_ONE = _ALL + "/{inventory_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Inventory], asks=(APP, TEMPLATE), lists=inventories.LISTING)
async def list_inventories(call: Call) -> Answer:
    """Inventories of a project."""
    return await inventories.list_inventories(
        call.hub,
        call.actor,
        call.ids["project_id"],
        asked(call),
        app=call.query.get("app", ""),
        template_id=integer(call, "template_id"),
    )


@route("POST", _ALL, Access.MEMBER, takes=InventoryDraft, gives=shapes.Inventory, status=201)
async def create_inventory(call: Call) -> Answer:
    """Add an inventory."""
    draft = InventoryDraft.read(call.body)
    return Made(await inventories.create_inventory(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Inventory)
async def get_inventory(call: Call) -> Answer:
    """One inventory."""
    return await inventories.get_inventory(call.actor, call.ids["project_id"], call.ids["inventory_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def inventory_refs(call: Call) -> Answer:
    """What uses an inventory."""
    return dict(await inventories.inventory_refs(call.actor, call.ids["project_id"], call.ids["inventory_id"]))


@route("PUT", _ONE, Access.MEMBER, takes=InventoryDraft)
async def update_inventory(call: Call) -> Answer:
    """Replace an inventory."""
    draft = InventoryDraft.read(call.body)
    await inventories.update_inventory(call.hub, call.actor, call.ids["project_id"], call.ids["inventory_id"], draft)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_inventory(call: Call) -> Answer:
    """Delete an inventory, unless something uses it."""
    await inventories.delete_inventory(call.hub, call.actor, call.ids["project_id"], call.ids["inventory_id"])
    return None
