"""Hosts that tasks hold for themselves, and the facts that hosts told: on every database."""

from __future__ import annotations

import asyncio

import pytest

from hub.models import HostFacts, Inventory, NodeLock
from hub.services import host_facts
from hub.services.tasks import finish, holds
from hub.services.tasks.leases import LEASE
from hub.services.tasks.moves import LeaseLost, subject_of
from hub.testing.carriers import SETUPS

from .task_steps import later, node, started


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_of_two_tasks_one_holds_a_host_until_it_lets_go_or_is_gone(scene):
    hub, project = scene.hub, scene.project.id
    first, second = await started(scene), await started(scene)
    assert await holds.take(hub, project, first, ["w1", "w2"]) is None
    taken = await holds.take(hub, project, second, ["w2", "w3"])
    assert taken is not None
    assert taken.sentence == f"Host w2 is used by task {first}."
    assert await NodeLock.filter(owner=f"task:{second}").count() == 0, "all or none"
    assert await holds.take(hub, project, first, ["w1", "w2"]) is None, "its own are no hindrance"
    assert await holds.take(hub, project + 1, second, ["w2"]) is None, "another project's host is another host"
    with pytest.raises(LeaseLost):
        await holds.take(node(hub, "elsewhere"), project, first, ["w9"])

    assert await holds.take(later(hub, LEASE * 2), project, second, ["w2"]) is None, "its worker was silent too long"
    await holds.release(hub, project, second)
    assert await holds.take(hub, project, first, ["w1", "w2"]) is None
    await holds.renew(later(hub, LEASE), [first])
    assert await holds.take(later(hub, LEASE * 1.5), project, second, ["w2"]) is not None, "it was renewed"
    subject = await subject_of(first)
    assert await finish.stopped(hub, subject, "It ended.")
    assert await holds.take(hub, project, second, ["w2"]) is None, "a task that has ended holds nothing"


async def test_of_many_tasks_at_once_exactly_one_gets_the_host(scene):
    tasks = [await started(scene) for _ in range(5)]
    names = [f"h{number}" for number in range(40)]
    took = await asyncio.gather(
        *(holds.take(scene.hub, scene.project.id, task, names[index:]) for index, task in enumerate(tasks))
    )
    assert [taken is None for taken in took].count(True) == 1


async def test_facts_are_kept_once_for_each_host_and_only_while_they_fit(scene):
    task = await started(scene)
    inventory = await Inventory.create(project=scene.project, name="Machines", type="static", inventory="w1\n")

    async def tell(hosts: object) -> None:
        await host_facts.note(scene.hub, task, inventory.id, {"hosts": hosts})

    await tell({"w1": {"ansible_system": "Linux", "nul": "a\0b"}, "w2": {"a": 1}, "": {}, "w" * 256: {}, "odd": 3})
    await tell({"w1": {"ansible_system": "BSD"}, "large": {"a": "x" * host_facts.LARGEST}})
    await tell("nonsense")
    await host_facts.note(scene.hub, task, None, {"hosts": {"w9": {}}})
    assert await host_facts.known(inventory.id) == {"w1": {"ansible_system": "BSD"}, "w2": {"a": 1}}
    assert await host_facts.known(inventory.id, ["w2", "w3"]) == {"w2": {"a": 1}}
    with pytest.raises(LeaseLost):
        await host_facts.note(node(scene.hub, "elsewhere"), task, inventory.id, {"hosts": {"w1": {}}})
    (first, _) = await host_facts.list_facts(scene.actor, scene.project.id, inventory.id)
    assert (first["host"], first["task_id"]) == ("w1", task)
    await host_facts.forget(scene.hub, scene.actor, scene.project.id, inventory.id)
    assert not await HostFacts.all().exists()
    await tell({"w1": {}})
    await Inventory.filter(id=inventory.id).delete()
    assert not await HostFacts.all().exists()
