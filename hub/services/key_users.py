"""What else uses a key: mappings of hosts, aliases of states, params of templates. All keep it from being deleted."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.errors import InUse, Invalid
from hub.models import Channel, HostConfig, Inventory, StateAlias, Template
from hub.services import apps, inventory_sources
from hub.services.notices.channel_keys import keys_of
from hub.services.params import key_members


async def mappings_of(project_id: int, key_id: int) -> list[dict[str, Any]]:
    """Mappings that use a key, as the wire's lists of references have things."""
    found = (
        await HostConfig.filter(project_id=project_id, ssh_key_id=key_id).order_by("host", "id").values("id", "host")
    )
    return [{"id": row["id"], "name": row["host"]} for row in found]


async def refuse_deletion(project_id: int, key_id: int, text: str) -> None:
    """Raise `InUse` when a mapping or an alias needs the key."""
    for one in await mappings_of(project_id, key_id):
        raise InUse(_mapped(one["name"]))
    if await StateAlias.filter(project_id=project_id, auth_key_id=key_id).exists():
        raise InUse(f"{text}: an alias of a Terraform state.")


async def refuse_in_params(hub: Hub, project_id: int, key_id: int, text: str) -> None:
    """Raise `InUse` when a template names the key in its params, or an inventory in those of its source."""
    for template in await Template.filter(project_id=project_id, task_params__isnull=False).order_by("name"):
        executor = await apps.find(hub, template.app)
        members = key_members(executor.params_type) if executor and template.task_params else []
        if any((template.task_params or {}).get(name) == key_id for name in members):
            raise InUse(f"{text}: template “{template.name}”.")
    fetched = Inventory.filter(project_id=project_id, type__in=list(inventory_sources.names(hub)))
    for inventory in await fetched.order_by("name"):
        if key_id in inventory_sources.keys_of(hub, inventory.type, inventory.inventory):
            raise InUse(f"{text}: inventory “{inventory.name}”.")
    for channel in await Channel.filter(project_id=project_id).order_by("name"):
        if key_id in keys_of(hub, channel):
            raise InUse(f"{text}: channel “{channel.name}”.")


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
