"""Routes of secret storages."""

from __future__ import annotations

from hub import shapes
from hub.services import secret_storages
from hub.services.secret_storages import StorageDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/secret_storages"
_ONE = _ALL + "/{storage_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.SecretStorage], lists=secret_storages.LISTING)
async def list_storages(call: Call) -> Answer:
    """Secret storages of a project."""
    return await secret_storages.list_storages(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=StorageDraft, gives=shapes.SecretStorage, status=201)
async def create_storage(call: Call) -> Answer:
    """Add a secret storage."""
    draft = StorageDraft.read(call.body)
    return Made(await secret_storages.create_storage(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.SecretStorage)
async def get_storage(call: Call) -> Answer:
    """One secret storage."""
    return await secret_storages.get_storage(call.actor, call.ids["project_id"], call.ids["storage_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def storage_refs(call: Call) -> Answer:
    """What uses a secret storage."""
    return dict(await secret_storages.storage_refs(call.actor, call.ids["project_id"], call.ids["storage_id"]))


@route("PUT", _ONE, Access.MEMBER, takes=StorageDraft, gives=shapes.SecretStorage)
async def update_storage(call: Call) -> Answer:
    """Replace a secret storage; the wire answers 200 with what is stored."""
    draft = StorageDraft.read(call.body)
    return await secret_storages.update_storage(
        call.hub, call.actor, call.ids["project_id"], call.ids["storage_id"], draft
    )


@route("DELETE", _ONE, Access.MEMBER)
async def delete_storage(call: Call) -> Answer:
    """Delete a secret storage, unless something uses it."""
    await secret_storages.delete_storage(call.hub, call.actor, call.ids["project_id"], call.ids["storage_id"])
    return None
