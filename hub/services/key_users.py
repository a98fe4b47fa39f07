"""What uses a key, and what of it the wire does not know: mappings of hosts, aliases of states, params of templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.models import Model

from hub.context import Hub
from hub.errors import InUse, Invalid, User
from hub.models import Channel, HostConfig, Integration, Inventory, Key, Repository, StateAlias, Template
from hub.services import apps, inventory_sources
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.notices.channel_keys import keys_of
from hub.services.params import key_members
from hub.services.refs import refuse_for


async def mappings_of(project_id: int, key_id: int) -> list[dict[str, Any]]:
    """Mappings that use a key, as the wire's lists of references have things."""
    found = (
        await HostConfig.filter(project_id=project_id, ssh_key_id=key_id).order_by("host", "id").values("id", "host")
    )
    return [{"id": row["id"], "name": row["host"]} for row in found]


@dataclass(frozen=True, slots=True)
class Others:
    """What uses a key beside the lists of references of the wire."""

    mappings: list[User]
    states: list[User]
    """Inventories with an alias of a Terraform state that asks for it."""
    params: list[User]
    """Integrations whose secret it is; templates, channels and inventories that name it in their params."""

    @property
    def all(self) -> list[User]:
        """Every one of them."""
        return [*self.mappings, *self.states, *self.params]

    def refuse(self, text: str) -> None:
        """Raise `InUse` when there is any."""
        if self.mappings:
            raise InUse(_mapped(self.mappings[0].name), self.all)
        if self.states:
            raise InUse(f"{text}: an alias of a Terraform state.", self.all)
        refuse_for(text, self.params)


async def others(hub: Hub, project_id: int, key_id: int) -> Others:
    """Find what uses a key beside the lists of references of the wire."""
    mapped = [User("host_config", one["id"], one["name"]) for one in await mappings_of(project_id, key_id)]
    aliases = StateAlias.filter(project_id=project_id, auth_key_id=key_id).order_by("id")
    states = {
        one["inventory_id"]: User("inventory", one["inventory_id"], one["inventory__name"])
        for one in await aliases.values("inventory_id", "inventory__name")
    }
    return Others(mapped, list(states.values()), await _in_params(hub, project_id, key_id))


async def _in_params(hub: Hub, project_id: int, key_id: int) -> list[User]:
    pushes = await _rows(Integration, project_id, auth_secret_id=key_id)
    return [
        *(User("integration", one["id"], one["name"]) for one in pushes),
        *(User("template", one["id"], one["name"]) for _, one, _ in await _templates(hub, project_id, key_id)),
        *(User("channel", one["id"], one["name"]) for one, _ in await _channels(hub, project_id, key_id)),
        *(User("inventory", one["id"], one["name"]) for one in await _sources(hub, project_id, key_id)),
    ]


async def uses(hub: Hub, actor: Actor, project_id: int, key_id: int) -> list[dict[str, Any]]:
    """Everything in the project that uses a key, and as what; for those who may change keys."""
    await require(actor, project_id, MANAGE_RESOURCES)
    await find(Key, project_id, key_id, "key")
    found = [_use("template", row, "vault") for row in await _rows(Template, project_id, vaults__vault_key_id=key_id)]
    found += [_use(*one) for one in await _templates(hub, project_id, key_id)]
    found += [_use("inventory", row, "") for row in await _rows(Inventory, project_id, ssh_key_id=key_id)]
    found += [_use("inventory", row, "become") for row in await _rows(Inventory, project_id, become_key_id=key_id)]
    found += [_use("inventory", row, "source") for row in await _sources(hub, project_id, key_id)]
    found += [_use("repository", row, "") for row in await _rows(Repository, project_id, ssh_key_id=key_id)]
    found += [_use("integration", row, "") for row in await _rows(Integration, project_id, auth_secret_id=key_id)]
    found += [_use("host_config", row, "") for row in await mappings_of(project_id, key_id)]
    aliases = StateAlias.filter(project_id=project_id, auth_key_id=key_id).order_by("id")
    found += [_use("state_alias", {"id": one.id, "name": f"#{one.id}"}, "") for one in await aliases]
    return found + [_use("channel", row, param) for row, param in await _channels(hub, project_id, key_id)]


def _use(kind: str, row: Mapping[str, Any], as_what: str) -> dict[str, Any]:
    return {"kind": kind, "id": row["id"], "name": row["name"], "as_what": as_what}


async def _rows(model: type[Model], project_id: int, **which: Any) -> list[dict[str, Any]]:
    query = model.filter(project_id=project_id, **which).order_by("name", "id").distinct()
    return list(await query.values("id", "name"))


async def _templates(hub: Hub, project_id: int, key_id: int) -> list[tuple[str, dict[str, Any], str]]:
    """Templates that name the key in their params, with the name of the param."""
    found = []
    for template in await Template.filter(project_id=project_id, task_params__isnull=False).order_by("name"):
        executor = await apps.find(hub, template.app)
        members = key_members(executor.params_type) if executor and template.task_params else []
        row = {"id": template.id, "name": template.name}
        found += [("template", row, name) for name in members if (template.task_params or {}).get(name) == key_id]
    return found


async def _channels(hub: Hub, project_id: int, key_id: int) -> list[tuple[dict[str, Any], str]]:
    """Channels that name the key in their params, with the name of the param."""
    found = []
    for channel in await Channel.filter(project_id=project_id).order_by("name", "id"):
        named = [name for name, ref in keys_of(hub, channel).items() if ref == key_id]
        found += [({"id": channel.id, "name": channel.name}, name) for name in named]
    return found


async def _sources(hub: Hub, project_id: int, key_id: int) -> list[dict[str, Any]]:
    """Inventories that name the key in the params of their source."""
    fetched = Inventory.filter(project_id=project_id, type__in=list(inventory_sources.names(hub))).order_by("name")
    return [
        {"id": one.id, "name": one.name}
        for one in await fetched
        if key_id in inventory_sources.keys_of(hub, one.type, one.inventory)
    ]


async def refuse_other_type(project_id: int, key_id: int, before: str, after: str) -> None:
    """Raise `Invalid` when a mapping or an alias relies on the type that a key has."""
    if before == after:
        return
    for one in await mappings_of(project_id, key_id):
        raise Invalid(_mapped(one["name"]), field="type")
    if await StateAlias.filter(project_id=project_id, auth_key_id=key_id).exists():
        raise Invalid("The key is used by an alias of a Terraform state, so it must remain a login.", field="type")


def _mapped(host: str) -> str:
    return f"the credential is used by the mapping for {host}"
