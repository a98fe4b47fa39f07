"""Secret storages: places for secrets outside the hub, each with a token of its own in the key store.

A storage is a stored record with its rules. Secrets are read through one only where an installed plugin brings a
backend of its type; none of the hub's own does so for `vault` and `dvls`, and keys that would need one are refused.
Unlike on the wire, no answer repeats the secret that was sent.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.errors import Conflict, Invalid, NotFound, User
from hub.models import Environment, Key, SecretStorage
from hub.services import events, refs
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, remove, store
from hub.services.draft import Draft
from hub.services.keys import write_secret
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown

WIRE_TYPES: Final = ("local", "vault", "dvls")
"""Types that the wire takes whatever is installed; plugins bring more with their secret backends."""
MACHINE: Final = ("env", "file")
"""Where a storage's token may be kept beside the hub's own database: the token is the name of a variable or file."""
IN_USE: Final = "Secret storage is in use by one or more keys"

_WHAT: Final = "secret storage"
_OWNER: Final = "vault"


class StorageDraft(Draft):
    """The wire's body of a secret storage."""

    id: Id = 0
    project_id: Id = 0
    name: str = Field(default="", max_length=100)
    type: str = Field(default="", max_length=50)
    params: dict[str, Any] | None = None
    readonly: bool = False
    source_storage_type: str = Field(default="", max_length=20)
    secret: str = Field(default="", max_length=10_000, repr=False)


LISTING = Listing(
    SecretStorage,
    columns={"id": "id", "name": "name", "type": "type", "readonly": "readonly"},
    words=("type",),
)


async def list_storages(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Secret storages of a project by name; the reference's list is always empty (S46)."""
    grant = await require(actor, project_id)
    query = SecretStorage.filter(project_id=project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "secret_storage"))
    held = Key.filter(project_id=project_id, owner=_OWNER, storage_id__in=[one.id for one in found])
    tokens = {key.storage_id: key for key in await held}
    return found.shaped(lambda one: shown(grant, "secret_storage", _wire(one, tokens.get(one.id))))


async def get_storage(actor: Actor, project_id: int, storage_id: int) -> dict[str, Any]:
    """One secret storage; `secret` only where it is the name of a variable or file."""
    grant = await require(actor, project_id)
    found = await find(SecretStorage, project_id, storage_id, _WHAT)
    token = await _token(found)
    if token is None:
        raise NotFound("Access key not found")
    return shown(grant, "secret_storage", _wire(found, token))


async def storage_refs(actor: Actor, project_id: int, storage_id: int) -> refs.Refs:
    """Shared keys whose secrets a storage keeps."""
    await require(actor, project_id)
    await find(SecretStorage, project_id, storage_id, _WHAT)
    users = Key.filter(project_id=project_id, source_storage_id=storage_id, owner="").order_by("name", "id")
    found: refs.Refs = {kind: [] for kind in refs.KINDS}
    found["access_keys"] = [{"id": row["id"], "name": row["name"]} for row in await users.values("id", "name")]
    return found


async def create_storage(hub: Hub, actor: Actor, project_id: int, draft: StorageDraft) -> dict[str, Any]:
    """Add a secret storage with its token."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if draft.project_id and draft.project_id != project_id:
        raise Invalid("Project ID in body and URL must be the same", field="project_id")
    if not draft.secret:
        raise Invalid("A secret storage needs a secret: its token, or the name of what holds it.", field="secret")
    columns = _columns(hub, draft)

    async def work() -> tuple[SecretStorage, Key]:
        made = await SecretStorage.create(project_id=project_id, **columns)
        token = await Key.create(
            project_id=project_id, name=made.name, type="string", owner=_OWNER, storage_id=made.id, **_source(draft)
        )
        await _write(hub, token, draft)
        await events.record(hub, actor, "key", made.id, f"Secret storage {made.name} has been created",
                            project_id=project_id)  # fmt: skip
        return made, token

    return _wire(*await store(work))


async def update_storage(
    hub: Hub, actor: Actor, project_id: int, storage_id: int, draft: StorageDraft
) -> dict[str, Any]:  # fmt: skip
    """Replace a secret storage, and its token when one was sent."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if draft.id and draft.id != storage_id:
        raise Invalid("Secret storage id in URL and in body must be the same", field="id")
    if draft.project_id and draft.project_id != project_id:
        raise Invalid("You can not move secret storage to other project", field="project_id")
    columns = _columns(hub, draft)

    async def work() -> tuple[SecretStorage, Key | None]:
        found = await find(SecretStorage, project_id, storage_id, _WHAT)
        if found.type != draft.type and await _keys_within(project_id, storage_id):
            raise Conflict("Keys are kept in this storage, so its type cannot change.")
        found.update_from_dict(columns)
        await found.save()
        token = await _token(found)
        if draft.secret:
            token = token or await Key.create(
                project_id=project_id, name=found.name, type="string", owner=_OWNER, storage_id=found.id
            )
            await token.update_from_dict({"name": found.name, **_source(draft)}).save()
            await _write(hub, token, draft)
        await events.record(hub, actor, "schedule", found.id, f"Secret storage with ID {found.id} has been updated",
                            project_id=project_id)  # fmt: skip
        return found, token

    return _wire(*await store(work))


async def delete_storage(hub: Hub, actor: Actor, project_id: int, storage_id: int) -> None:
    """Delete a secret storage that nothing uses, with its token."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        found = await find(SecretStorage, project_id, storage_id, _WHAT)
        groups = Environment.filter(project_id=project_id, secret_storage_id=storage_id).order_by("name")
        users = [User("key", one, name) for one, name in await _keys_within(project_id, storage_id)]
        users += [
            User("environment", one["id"], one["name"]) for one in await groups.order_by("name").values("id", "name")
        ]
        refs.refuse_for(IN_USE, users)
        await Key.filter(project_id=project_id, owner=_OWNER, storage_id=storage_id).delete()
        await found.delete()
        await events.record(hub, actor, "key", storage_id, f"Secret storage {found.name} has been deleted",
                            project_id=project_id)  # fmt: skip

    await remove(work, IN_USE)


async def _keys_within(project_id: int, storage_id: int) -> list[tuple[int, str]]:
    rows = Key.filter(project_id=project_id, source_storage_id=storage_id).exclude(owner=_OWNER).order_by("name")
    return [(row["id"], str(row["name"])) for row in await rows.values("id", "name")]


async def _token(found: SecretStorage) -> Key | None:
    return await Key.filter(project_id=found.project_id, owner=_OWNER, storage_id=found.id).order_by("id").first()


async def _write(hub: Hub, token: Key, draft: StorageDraft) -> None:
    await write_secret(hub, token.id, {} if draft.source_storage_type else {"string": draft.secret})


def _columns(hub: Hub, draft: StorageDraft) -> dict[str, Any]:
    if not draft.name:
        raise Invalid("The name of a secret storage can not be empty.", field="name")
    known = {*WIRE_TYPES, *hub.registry.secret_backends}
    if draft.type not in known:
        raise Invalid(f"There is no type of secret storage {draft.type or '(empty)'}; choose one of: "
                      f"{', '.join(sorted(known))}.", field="type")  # fmt: skip
    if draft.source_storage_type and draft.source_storage_type not in MACHINE:
        raise Invalid("The token of a secret storage is kept in the hub, or in env or file.",
                      field="source_storage_type")  # fmt: skip
    return {"name": draft.name, "type": draft.type, "params": draft.params, "readonly": draft.readonly}


def _source(draft: StorageDraft) -> dict[str, Any]:
    if not draft.source_storage_type:
        return {"source_storage_type": None, "source_storage_key": None}
    if len(draft.secret) > 1000:
        raise Invalid("The name of a variable or file is at most 1000 characters.", field="secret")
    return {"source_storage_type": draft.source_storage_type, "source_storage_key": draft.secret}


def _wire(one: SecretStorage, token: Key | None) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": one.id,
        "project_id": one.project_id,
        "name": one.name,
        "type": one.type,
        "params": one.params,
        "readonly": one.readonly,
    }
    if token is not None and token.source_storage_type:
        shape["source_storage_type"] = token.source_storage_type
        shape["secret"] = token.source_storage_key or ""
    return shape
