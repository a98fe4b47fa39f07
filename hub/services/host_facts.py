"""What hosts last told of themselves: told by a run, kept beside the inventory, lent to later runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.context import Hub
from hub.db import column, unit
from hub.models import HostFacts, Inventory
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.events import record
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import shown
from hub.services.tasks.moves import held
from hub.services.tasks.storable import storable

KIND: Final = "facts"
"""Kind of the result by which a run tells them."""
MOST_HOSTS: Final = 5_000
"""Hosts of one inventory whose facts are kept."""
LARGEST: Final = 32 * 1024
"""Bytes of JSON that the facts of one host may take."""
_LONGEST_NAME: Final = 255
LISTING: Final = Listing(
    HostFacts,
    columns={name: name for name in ("id", "host", "task_id", "created")},
    default="host",
    searched=("host",),
    most=500,
)


async def note(hub: Hub, task_id: int, inventory_id: int | None, data: Mapping[str, Any]) -> None:
    """Keep the facts that a task of this worker tells, in place of what was known. Raises `LeaseLost`.

    What is too large, or of more hosts than are kept, is passed over: facts are less than the run.
    """
    told = data.get("hosts")
    if inventory_id is None or not isinstance(told, Mapping):
        return
    fitting = {str(host): storable(facts) for host, facts in told.items() if _fits(host, facts)}

    async def work() -> None:
        await held(hub, task_id)
        if not await Inventory.filter(id=inventory_id).exists():
            return
        known = set(await column(HostFacts.filter(inventory_id=inventory_id), "host"))
        room = max(0, MOST_HOSTS - len(known))
        kept = [host for host in fitting if host in known]
        kept += [host for host in fitting if host not in known][:room]
        await HostFacts.filter(inventory_id=inventory_id, host__in=kept).delete()
        now = hub.clock()
        await HostFacts.bulk_create(
            HostFacts(inventory_id=inventory_id, host=host, facts=fitting[host], task_id=task_id, created=now)
            for host in kept
        )

    if fitting:
        await unit(work)


def _fits(host: object, facts: object) -> bool:
    return (
        isinstance(host, str)
        and 0 < len(host) <= _LONGEST_NAME
        and isinstance(facts, Mapping)
        and len(json.dumps(facts)) <= LARGEST
    )


async def known(inventory_id: int | None, hosts: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the facts of an inventory by host; of all of them unless `hosts` says which."""
    if inventory_id is None:
        return {}
    wanted = None if hosts is None else set(hosts)
    rows = await HostFacts.filter(inventory_id=inventory_id).values("host", "facts")
    return {str(row["host"]): dict(row["facts"]) for row in rows if wanted is None or row["host"] in wanted}


async def list_facts(
    actor: Actor, project_id: int, inventory_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Return what hosts of an inventory told of themselves, by name, to those who may read the inventory."""
    grant = await require(actor, project_id)
    inventory = await find(Inventory, project_id, inventory_id, "inventory")
    found = await LISTING.rows(HostFacts.filter(inventory_id=inventory.id), asked)
    return found.shaped(lambda one: shown(grant, "host_facts", _wire(one)))


async def of_hosts(
    actor: Actor, project_id: int, inventory_id: int, hosts: Sequence[str]
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Return the same of some hosts, by their names."""
    grant = await require(actor, project_id)
    inventory = await find(Inventory, project_id, inventory_id, "inventory")
    rows = await HostFacts.filter(inventory_id=inventory.id, host__in=list(hosts)) if hosts else []
    return {row.host: shown(grant, "host_facts", _wire(row)) for row in rows}


def _wire(row: HostFacts) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("host", "facts", "task_id", "created")}


async def forget(hub: Hub, actor: Actor, project_id: int, inventory_id: int) -> None:
    """Forget the facts of an inventory."""
    await require(actor, project_id, MANAGE_RESOURCES)
    inventory = await find(Inventory, project_id, inventory_id, "inventory")

    async def work() -> None:
        await HostFacts.filter(inventory_id=inventory.id).delete()
        text = f"Facts of the inventory {inventory.name} forgotten"
        await record(hub, actor, "inventory", inventory.id, text, project_id=project_id)

    await unit(work)
