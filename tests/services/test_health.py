"""The health of a hub: each part tells what is wrong with it, and a part that fails hides no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.context import Hub
from hub.errors import Forbidden, Unavailable
from hub.models import Delivery, Integration, Key, NodeLock, Schedule, Worker
from hub.services import workers
from hub.services.actor import Actor
from hub.services.health import health
from hub.services.workers import Said
from hub.testing.scene import Scene


async def part(scene: Scene, name: str) -> dict[str, Any]:
    found = await health(scene.hub, scene.actor)
    return next(one for one in found["parts"] if one["name"] == name)


async def test_a_hub_that_works_is_fine(scene: Scene) -> None:
    await workers.tell(scene.hub, Said("here", ["a"], 2, "landlock, user tasks"))
    found = await health(scene.hub, scene.actor)
    states = {one["name"]: one["state"] for one in found["parts"] if one["name"] not in {"storage", "plugins"}}
    assert set(states.values()) == {"ok"}, states  # the disk and the plugins are this machine's
    database = await part(scene, "database")
    assert database["facts"]["tables"] == "ok"
    assert (await part(scene, "workers"))["facts"]["isolation"] == ["landlock, user tasks"]
    assert found["node"]["name"] == scene.hub.node
    with pytest.raises(Forbidden):
        await health(scene.hub, Actor("user", 99, "mina", "Mina"))


async def test_workers_that_are_away_silent_or_open_are_told(scene: Scene) -> None:
    hub = scene.hub
    assert (await part(scene, "workers"))["reason"] == "none"
    await scene.launch(await scene.template("hello.sh"))
    assert (await part(scene, "tasks"))["reason"] == "no_workers"
    await workers.tell(hub, Said("here", [], 2, "none"))
    assert (await part(scene, "workers"))["reason"] == "open"
    await workers.tell(hub, Said("here", [], 2, "landlock"))
    assert (await Worker.get()).isolation == "landlock"
    assert (await part(scene, "workers"))["reason"] == ""
    await Worker.create(node="gone", host="gone", version="1", tags=[], slots=1, started=hub.clock(),
                        seen=hub.clock() - timedelta(minutes=2))  # fmt: skip
    assert (await part(scene, "workers"))["reason"] == "lost"


async def test_what_is_late_failed_or_past_its_time_is_told(scene: Scene) -> None:
    hub, now = scene.hub, scene.hub.clock()
    template = await scene.template("hello.sh")
    await Schedule.create(project=scene.project, template=template, active=True, cron_format="0 3 * * *",
                          next_run_at=now - timedelta(minutes=5))  # fmt: skip
    late = await part(scene, "schedules")
    assert (late["state"], late["reason"], late["facts"]["late"]) == ("warn", "late", 1)
    push = await Integration.create(project=scene.project, template=template, name="Push")
    await Delivery.create(project=scene.project, integration=push, created=now, outcome="failed", headers={},
                          task_ids=[])  # fmt: skip
    assert (await part(scene, "deliveries"))["reason"] == "failed"
    await Key.create(project=scene.project, name="Old", type="string", expires=now + timedelta(days=3))
    assert (await part(scene, "keys"))["reason"] == "soon"
    await NodeLock.create(name="retention", owner="x", until=now - timedelta(hours=1))
    assert (await part(scene, "upkeep"))["reason"] == "late"
    assert (await health(hub, scene.actor))["state"] == "bad"  # nobody works here


async def test_a_queue_that_is_away_hides_no_other_part(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise Unavailable("Redis does not answer.")

    monkeypatch.setattr(scene.hub.queue, "ping", away)
    found = {one["name"]: one for one in (await health(scene.hub, scene.actor))["parts"]}
    assert (found["queue"]["state"], found["queue"]["reason"]) == ("bad", "away")
    assert found["database"]["facts"]["kind"] in {"sqlite", "postgres", "mysql"}
    assert len(found) == 11


async def test_an_unreadable_place_for_files_is_told(hub: Hub, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object) -> object:
        raise OSError("not there")

    monkeypatch.setattr("hub.services.health_seams.blobs.store_of", nowhere)
    assert (await part(scene, "storage"))["reason"] == "away"
