"""Terraform states of an inventory (workspace), and the aliases under which they are served.

An alias lets in whoever has the login and password of its key; one without a key lets nobody in. Tools write states by
`terraform_backend`, and people go back to former ones by `terraform_history`.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Inventory, Key, State, StateAlias
from hub.services import events, state_rows
from hub.services.access import MANAGE_RESOURCES, Grant
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, store
from hub.services.draft import MAX_ID, Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.terraform_history import NO_STATE, inventory_of, version_of

_SHOWN: Final = ("id", "created", "task_id", "project_id", "inventory_id", "serial", "lineage")


class AliasDraft(Draft):
    """The wire's body of an alias; the alias itself is the hub's to choose."""

    id: Id = 0
    project_id: Id = 0
    inventory_id: Id = 0
    auth_key_id: Id | None = None


ALIASES = Listing(StateAlias, columns={"id": "id", "auth_key_id": "auth_key_id"}, default="id", searched=())

STATES = Listing(
    State,
    columns={"id": "id", "created": "created", "task_id": "task_id", "serial": "serial"},
    default="-id",
    searched=(),
    most=1000,
)


async def list_aliases(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:
    """Aliases of an inventory. Their addresses are for those who may change them."""
    grant, _ = await inventory_of(actor, project_id, inventory_id)
    found = await ALIASES.rows(StateAlias.filter(project_id=project_id, inventory_id=inventory_id), asked)
    return found.shaped(lambda one: _wire(hub, one, grant))


async def get_alias(hub: Hub, actor: Actor, project_id: int, inventory_id: int, alias_id: int) -> dict[str, Any]:
    """One alias."""
    grant, _ = await inventory_of(actor, project_id, inventory_id)
    return _wire(hub, await _alias(project_id, inventory_id, alias_id), grant)


async def create_alias(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, draft: AliasDraft
) -> dict[str, Any]:  # fmt: skip
    """Add an alias with a random address."""
    grant, _ = await inventory_of(actor, project_id, inventory_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)

    async def work() -> StateAlias:
        await find(Inventory, project_id, inventory_id, "inventory")
        made = await StateAlias.create(
            alias=secrets.token_hex(16), project_id=project_id, inventory_id=inventory_id,
            auth_key_id=await _auth_key(project_id, draft),
        )  # fmt: skip
        await _tell(hub, actor, made, "created")
        return made

    return _wire(hub, await store(work), grant)


async def update_alias(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, alias_id: int, draft: AliasDraft
) -> None:  # fmt: skip
    """Choose another key for an alias; its address stays."""
    await inventory_of(actor, project_id, inventory_id, MANAGE_RESOURCES)
    same_id(draft.id, alias_id, "Alias")
    same_project(draft.project_id, project_id)

    async def work() -> None:
        found = await _alias(project_id, inventory_id, alias_id)
        found.auth_key_id = await _auth_key(project_id, draft)
        await found.save(update_fields=["auth_key_id"])
        await _tell(hub, actor, found, "updated")

    await store(work)


async def delete_alias(hub: Hub, actor: Actor, project_id: int, inventory_id: int, alias_id: int) -> None:
    """Delete an alias; the states stay."""
    await inventory_of(actor, project_id, inventory_id, MANAGE_RESOURCES)

    async def work() -> None:
        found = await _alias(project_id, inventory_id, alias_id)
        await found.delete()
        await _tell(hub, actor, found, "deleted")

    await store(work)


async def list_states(actor: Actor, project_id: int, inventory_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Versions of an inventory's state, newest first, without their text."""
    await inventory_of(actor, project_id, inventory_id)
    query = State.filter(project_id=project_id, inventory_id=inventory_id)
    return (await STATES.values(query, asked, *_SHOWN)).shaped(_shape)


async def get_state(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, state_id: int | None
) -> dict[str, Any]:  # fmt: skip
    """One version; None asks for the latest. Its text holds secrets, so it is for those who may change things."""
    grant, _ = await inventory_of(actor, project_id, inventory_id)
    query = State.filter(project_id=project_id, inventory_id=inventory_id)
    if state_id is not None:
        query = query.filter(id=state_id if 0 < state_id <= MAX_ID else 0)
    found = await query.order_by("-id").first()
    if found is None:
        raise NotFound(NO_STATE)
    shape = _shape({name: getattr(found, name) for name in _SHOWN})
    if found.state and grant.allows(MANAGE_RESOURCES):
        shape["state"] = ((await state_rows.text_of(hub, found.id)) or b"").decode("utf-8", "replace")
    return shape


async def get_state_row(actor: Actor, project_id: int, inventory_id: int, state_id: int) -> dict[str, Any]:
    """One version without its text."""
    await inventory_of(actor, project_id, inventory_id)
    found = await version_of(inventory_id, state_id)
    return _shape({name: getattr(found, name) for name in _SHOWN})


async def text_of_state(hub: Hub, actor: Actor, at: tuple[int, int], state_id: int) -> bytes:
    """The whole text of a version of the state at (project, inventory), for those who may change things."""
    await inventory_of(actor, *at, MANAGE_RESOURCES)
    text = await state_rows.text_of(hub, (await version_of(at[1], state_id)).id)
    if text is None:
        raise NotFound(NO_STATE)
    return text


async def delete_state(hub: Hub, actor: Actor, project_id: int, inventory_id: int, state_id: int) -> None:
    """Delete one version; deleting the latest goes back to the one before."""
    await inventory_of(actor, project_id, inventory_id, MANAGE_RESOURCES)

    async def work() -> None:
        query = State.filter(project_id=project_id, inventory_id=inventory_id)
        found = await query.get_or_none(id=state_id) if 0 < state_id <= MAX_ID else None
        if found is None:
            raise NotFound(NO_STATE)
        await found.delete()
        await events.record(hub, actor, "terraform_state", state_id, f"Terraform state {state_id} deleted",
                            project_id=project_id)  # fmt: skip

    await store(work)


async def _alias(project_id: int, inventory_id: int, alias_id: int) -> StateAlias:
    found = await find(StateAlias, project_id, alias_id, "alias")
    if found.inventory_id != inventory_id:
        raise NotFound("There is no such alias in this project.")
    return found


async def _auth_key(project_id: int, draft: AliasDraft) -> int | None:
    key_id = await refer(Key, project_id, draft.auth_key_id, "auth_key_id", missing=NotFound, owner="")
    if key_id and not await Key.filter(id=key_id, type="login_password").exists():
        raise Invalid("The key of an alias must be a login with a password.", field="auth_key_id")
    return key_id


async def _tell(hub: Hub, actor: Actor, one: StateAlias, verb: str) -> None:
    await events.record(hub, actor, "terraform_inventory_alias", one.id, f"Terraform alias ID {one.id} {verb}",
                        project_id=one.project_id)  # fmt: skip


def _wire(hub: Hub, one: StateAlias, grant: Grant) -> dict[str, Any]:
    shown = grant.allows(MANAGE_RESOURCES)
    return {
        "id": one.id,
        "url": f"{hub.settings.address}/api/terraform/{one.alias}" if shown else "",
        "auth_key_id": one.auth_key_id,
        "project_id": one.project_id,
        "inventory_id": one.inventory_id,
    }


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "task_id" or value is not None}
