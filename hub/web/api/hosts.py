"""Routes of hosts: those that a task would touch, those of an inventory, and what they told of themselves."""

from __future__ import annotations

from hub import shapes
from hub.services import host_facts, hosts, templates
from hub.services.access import MANAGE_RESOURCES, RUN_TASKS
from hub.services.hosts import How
from hub.services.tasks.launch import TaskDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, route

_TEMPLATE = "/project/{project_id}/templates/{template_id}/hosts"
_INVENTORY = "/project/{project_id}/inventory/{inventory_id}/hosts"
_FACTS = "/project/{project_id}/inventory/{inventory_id}/facts"


@route("GET", _TEMPLATE, Access.MEMBER, wire=False, gives=shapes.HostsSeen)
async def template_hosts(call: Call) -> Answer:
    """Hosts that a task of a template would touch, if somebody has looked within the last half minute."""
    await templates.get_template(call.actor, *_at(call, "template_id"))
    return await hosts.of_template(call.hub, call.actor, _at(call, "template_id"), how=How.KEPT)


@route("POST", _TEMPLATE, Access.MEMBER, wire=False, needs=RUN_TASKS, takes=TaskDraft, gives=shapes.HostsSeen)
async def task_hosts(call: Call) -> Answer:
    """Look which hosts this very task would touch; nothing is started."""
    draft = TaskDraft.read(call.body)
    return await hosts.of_template(call.hub, call.actor, _at(call, "template_id"), draft)


@route("GET", _INVENTORY, Access.MEMBER, wire=False, gives=shapes.HostsSeen)
async def inventory_hosts(call: Call) -> Answer:
    """Hosts of an inventory, if somebody has looked within the last half minute. For those who may read it."""
    return await hosts.of_inventory(call.hub, call.actor, *_at(call, "inventory_id"), how=How.KEPT)


@route("POST", _INVENTORY, Access.MEMBER, wire=False, body=False, needs=0, gives=shapes.HostsSeen)
async def look_at_inventory(call: Call) -> Answer:
    """Look at the hosts of an inventory."""
    return await hosts.of_inventory(call.hub, call.actor, *_at(call, "inventory_id"), how=How.ANEW)


@route("GET", _FACTS, Access.MEMBER, wire=False, gives=list[shapes.HostFacts], lists=host_facts.LISTING)
async def inventory_facts(call: Call) -> Answer:
    """What the hosts of an inventory last told of themselves while playbooks ran."""
    return await host_facts.list_facts(call.actor, *_at(call, "inventory_id"), asked(call))


@route("DELETE", _FACTS, Access.MEMBER, wire=False, needs=MANAGE_RESOURCES)
async def forget_facts(call: Call) -> Answer:
    """Forget what the hosts of an inventory told of themselves."""
    await host_facts.forget(call.hub, call.actor, *_at(call, "inventory_id"))
    return None


def _at(call: Call, name: str) -> tuple[int, int]:
    return call.ids["project_id"], call.ids[name]
