"""Drift over the API and on pages."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import DriftCheck, Task, Template
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def template(scene: Scene) -> Template:
    """A template that has drifted."""
    template = await scene.template("live", app="terraform", name="Infrastructure")
    task = await Task.create(project=scene.project, template=template, status="success", created=scene.hub.clock())
    for found in ([], ["terraform_data.<b>motd</b>"]):
        await DriftCheck.create(
            template=template, task_id=task.id, created=scene.hub.clock(), drifted=bool(found), changes=len(found),
            resources=[{"name": name, "action": "change"} for name in found],
        )  # fmt: skip
    return template


async def test_one_sees_what_differs_and_looks_again(scene: Scene, app: Quart, template: Template, admin) -> None:
    reader = Reader(app)
    await reader.sign_in("admin", PASSWORD)
    root = f"/project/{scene.project.id}"
    of_template = f"{root}/templates/{template.id}/drift"
    assert of_template in (await reader.get(f"{root}/drift")).text
    assert of_template in (await reader.get(f"{root}/templates/{template.id}/details")).text
    page = (await reader.get(of_template)).text
    assert "terraform_data.&lt;b&gt;motd&lt;/b&gt;" in page
    assert page.count("drift-bar drift-") == 2
    assert (await reader.send(f"{of_template}/look", {})).status == 303
    task = await Task.all().order_by("-id").first()
    assert task is not None
    assert (task.params, task.message) == ({"drift": True}, "Look for drift")
    [standing] = await admin.read(f"{root}/drift")
    assert (standing["template_name"], standing["drifted"], standing["changes"]) == ("Infrastructure", True, 1)
    assert len(await admin.read(of_template)) == 2
    made = await admin.made(of_template, None)
    assert made["params"]["drift"] is True


async def test_a_template_that_cannot_look_offers_it_nowhere(scene: Scene, app: Quart, admin) -> None:
    template = await scene.template("hello.sh")
    reader = Reader(app)
    await reader.sign_in("admin", PASSWORD)
    of_template = f"/project/{scene.project.id}/templates/{template.id}/drift"
    assert of_template not in (await reader.get(of_template.replace("/drift", "/details"))).text
    assert "cannot look for drift" in (await reader.get(of_template)).text
    reply = await admin.post(of_template)
    assert (reply.status, reply.error.endswith("cannot look for drift.")) == (400, True)
