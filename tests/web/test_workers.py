"""Workers and the queue, for administrators: in the API, on their page, and in the form of a template."""

from __future__ import annotations

from datetime import timedelta

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Template, Worker
from hub.services.tasks import dispatch
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def worker(hub: Hub, node: str, **members: object) -> Worker:
    now = hub.clock()
    known = {"host": f"{node}.example.org", "version": "0.0.1", "tags": ["big"], "slots": 2, "started": now}
    return await Worker.create(node=node, **known | {"seen": now} | members)


async def test_the_api_lists_workers_and_drains_them(admin, scene: Scene):
    known = await worker(scene.hub, "one")
    (listed,) = await admin.read("/workers")
    assert (listed["node"], listed["tags"], listed["state"], listed["tasks"]) == ("one", ["big"], "on", [])
    assert (await admin.post(f"/workers/{known.id}/drain")).status == 204
    assert (await admin.read("/workers"))[0]["state"] == "draining"
    assert (await admin.call("DELETE", f"/workers/{known.id}/drain")).status == 204
    assert (await admin.read("/workers"))[0]["draining"] is False
    assert (await admin.post("/workers/999/drain")).status == 404


async def test_a_waiting_task_tells_its_place_and_what_it_waits_for(admin, scene: Scene):
    template = await scene.template("hello.sh")
    first, second = [await scene.launch(template) for _ in range(2)]
    await dispatch.admit(scene.hub)
    reason = f"It waits for task {first} of the same template, which runs one task at a time."
    task = await admin.read(f"/project/{scene.project.id}/tasks/{second}")
    assert (task["queue_position"], task["reason"]) == (1, reason)
    listed = await admin.read(f"/project/{scene.project.id}/tasks")
    assert listed[0]["reason"] == reason
    queued, *_ = await admin.read("/tasks")
    live = next(one for one in await admin.read("/tasks") if one["task_id"] == second)
    assert queued["location"] == "queue"
    assert (live["queue_position"], live["reason"], live["tpl_alias"]) == (1, reason, "hello.sh")


async def test_the_page_shows_workers_and_what_waits(scene: Scene, reader: Reader):
    hub = scene.hub
    known = await worker(hub, "one")
    await worker(hub, "gone", seen=hub.clock() - timedelta(minutes=2), version="9")
    number = await scene.launch(await scene.template("hello.sh", name="Needs <gpu>", runner_tag="gpu"))
    shown = (await reader.get("/workers")).text
    assert "one.example.org" in shown
    assert "silent" in shown
    assert "not ours" in shown
    assert "No worker with the tag gpu is there." in shown
    assert f"#{number} Needs &lt;gpu&gt;" in shown
    assert (await reader.send(f"/workers/{known.id}/drain", {})).place == "/workers"
    assert "drained" in (await reader.get("/workers")).text
    await reader.send(f"/workers/{known.id}/undrain", {})
    assert not (await Worker.get(id=known.id)).draining
    assert (await reader.send("/workers/999/drain", {})).status == 404


async def test_the_form_of_a_template_has_its_place_in_the_queue(scene: Scene, reader: Reader):
    template = await scene.template("hello.sh", queue_limit=90)
    page = f"/project/{scene.project.id}/templates/{template.id}/edit"
    form = {
        "name": "hello", "app": "bash", "playbook": "hello.sh", "repository_id": str(scene.repository.id),
        "concurrency_group": "  the   db ", "priority": "-7", "queue_limit": "1",
    }  # fmt: skip
    assert (await reader.send(page, form)).status in {302, 303}
    stored = await Template.get(id=template.id)
    assert (stored.concurrency_group, stored.priority, stored.queue_limit) == ("the db", -7, 90)  # 90 s show as 1 min
    await reader.send(page, form | {"queue_limit": "5"})
    assert (await Template.get(id=template.id)).queue_limit == 300
    wrong = await reader.send(page, form | {"priority": "1001"})
    assert wrong.status == 400
    assert 'id="f-priority-error"' in wrong.text
