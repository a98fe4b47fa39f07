"""Running a task again where it failed: by the API and by the button of its page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.context import Hub
from hub.models import Inventory, Task, Template
from hub.services.tasks.finish import add_result
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

from .conftest import Client

SURVEY = [{"name": "who", "title": "Who", "type": "", "required": True},
          {"name": "pin", "title": "Pin", "type": "secret", "required": True}]  # fmt: skip
HOSTS = [{"host": "web-1", "ok": 2}, {"host": "web-2", "failed": 1}, {"host": "web-3", "unreachable": 1}]


@pytest.fixture
async def template(scene: Scene) -> Template:
    inventory = await Inventory.create(project=scene.project, name="Machines", type="static", inventory="web-1")
    return await scene.template("hello.sh", app="ansible", name="Deploy", inventory=inventory, survey_vars=SURVEY)


async def ended(hub: Hub, template: Template, **members: Any) -> Task:
    usual = {"status": "error", "environment": '{"who": "jane"}', "message": "Nightly", "commit_hash": "c0ffee00"}
    values = {"project_id": template.project_id, "created": hub.clock()} | usual | members
    task = await Task.create(template=template, **values)
    await add_result(hub, task.id, "ansible_hosts", {"hosts": HOSTS, "ended": True})
    return task


async def test_a_task_runs_again_on_its_failed_and_unreached_hosts_alone(
    admin: Any, hub: Hub, template: Template
) -> None:
    """W-75."""
    task = await ended(hub, template, params={"tags": ["web"], "hosts": ["web-9"]})
    at = f"/project/{template.project_id}/tasks/{task.id}/rerun_failed"
    without = await admin.post(at, {})
    assert (without.status, "pin" in without.error.lower()) == (400, True), "a secret answer is not made up"
    made = await admin.post(at, {"secret": json.dumps({"pin": "1234"})})
    assert made.status == 201
    again = await Task.get(id=made.json["id"])
    assert again.params == {"tags": ["web"], "hosts": ["web-3", "web-2"]}
    assert (json.loads(again.environment), again.message, again.commit_hash) == ({"who": "jane"}, "Nightly", "c0ffee00")
    assert "1234" not in str(again.secret)
    fresh = await admin.post(at, {"secret": '{"pin": "1"}', "keep_commit": False, "message": "After the fix"})
    newer = await Task.get(id=fresh.json["id"])
    assert (newer.commit_hash, newer.message) == (None, "After the fix")


async def test_what_cannot_run_again_on_failed_hosts_says_why(
    admin: Any, hub: Hub, scene: Scene, template: Template
) -> None:
    at = f"/project/{template.project_id}/tasks"
    running = await ended(hub, template, status="running")
    assert (await admin.post(f"{at}/{running.id}/rerun_failed", {})).status == 409
    fine = await Task.create(project_id=template.project_id, template=template, created=hub.clock(), status="success")
    assert "no host on which it failed" in (await admin.post(f"{at}/{fine.id}/rerun_failed", {})).error
    other = await ended(hub, await scene.template("hello.sh", name="Shell"))
    assert "cannot be told which hosts" in (await admin.post(f"{at}/{other.id}/rerun_failed", {})).error
    assert (await admin.post(f"{at}/999/rerun_failed", {})).status == 404


async def test_the_page_offers_it_and_fills_the_form_in(hub: Hub, template: Template) -> None:
    reader = Reader(make_app(hub))
    await reader.sign_in("admin", PASSWORD)
    task = await ended(hub, template)
    page = (await reader.get(f"/project/{template.project_id}/tasks/{task.id}")).text
    assert "Run again on 2 hosts" in page
    form = f"/project/{template.project_id}/templates/{template.id}/run?task={task.id}"
    assert ">web-3\nweb-2</textarea>" in (await reader.get(f"{form}&failed=1")).text
    assert "web-3" not in (await reader.get(form)).text
    sent = await reader.send(f"{form}&failed=1", {
        "survey-who": "jane", "survey-pin": "1", "params-hosts": "web-3\nweb-2",
    })  # fmt: skip
    assert sent.status == 303
    assert (await Task.get(id=int(sent.place.rsplit("/", 1)[1]))).params["hosts"] == ["web-3", "web-2"]


async def test_the_same_is_started_again_by_the_api(admin: Client, scene: Scene) -> None:
    survey = [{"name": "token", "title": "Token", "type": "secret", "required": True}]
    template = await scene.template("hello.sh", name="Asks", survey_vars=survey)
    task = await Task.create(
        template=template, project=scene.project, status="success", created=scene.hub.clock(), message="Nightly",
        commit_hash="b" * 40, environment='{"token_of": "x"}',
    )  # fmt: skip
    at = f"/project/{scene.project.id}/tasks/{task.id}/rerun"
    refused = await admin.post(at, {})
    assert (refused.status, refused.json["field"]) == (400, "token")
    made = (await admin.post(at, {"secret": '{"token": "again"}', "message": "Once more"})).json
    assert (made["message"], made["commit_hash"], made["environment"]) == ("Once more", "b" * 40, '{"token_of": "x"}')
    fresh = (await admin.post(at, {"secret": '{"token": "again"}', "keep_commit": False})).json
    assert "commit_hash" not in fresh
    await Task.filter(id=task.id).update(status="running")
    assert (await admin.post(at, {})).status == 409
