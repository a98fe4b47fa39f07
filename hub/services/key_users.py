"""What else uses a key: mappings of hosts, aliases of states, params of templates. All keep it from being deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.context import Hub
from hub.errors import InUse, Invalid, User
from hub.models import HostConfig, Inventory, StateAlias, Template
from hub.services import apps, inventory_sources
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
    """Templates and inventories that name it in their params."""

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
    users: list[User] = []
    for template in await Template.filter(project_id=project_id, task_params__isnull=False).order_by("name"):
        executor = await apps.find(hub, template.app)
        members = key_members(executor.params_type) if executor and template.task_params else []
        if any((template.task_params or {}).get(name) == key_id for name in members):
            users.append(User("template", template.id, template.name))
    fetched = Inventory.filter(project_id=project_id, type__in=list(inventory_sources.names(hub)))
    users.extend(
        User("inventory", inventory.id, inventory.name)
        for inventory in await fetched.order_by("name")
        if key_id in inventory_sources.keys_of(hub, inventory.type, inventory.inventory)
    )
    return users


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
