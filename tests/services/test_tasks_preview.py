"""What a task would do is told before it is started, without its secrets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.errors import Forbidden, NotFound
from hub.models import Environment, Freeze, Inventory, Key, Task
from hub.services.keys import write_secret
from hub.services.tasks.launch import TaskDraft
from hub.services.tasks.preview import of_task
from hub.testing.scene import Scene

from .launching import member, variable


async def told(scene: Scene, template: Any, actor: Any = None, **members: Any) -> dict[str, Any]:
    draft = TaskDraft(template_id=template.id, **members)
    return await of_task(scene.hub, actor or scene.actor, scene.project.id, template.id, draft)


async def test_the_preview_is_what_the_task_then_runs(stage: Scene) -> None:
    template = await stage.template(
        "arguments.sh", arguments='["--all"]', allow_override_args_in_task=True,
        survey_vars=[variable("colour", default_value="red"), variable("size")],
    )  # fmt: skip
    asked: dict[str, Any] = {"environment": '{"size": "a b"}', "arguments": '["last one"]'}
    shown = await told(stage, template, **asked)
    assert shown["command"] == ["bash", "arguments.sh", "--all", "colour=red", "size=a b", "last one"]
    assert shown["problems"] == []
    task = await stage.run(template, **asked)
    said = [line for line in await stage.lines(task["id"]) if line.startswith("<")]
    assert said == [f"<{word}>" for word in shown["command"][2:]]


async def test_no_secret_is_in_a_preview(scene: Scene) -> None:
    group = await Environment.create(
        project=scene.project, name="Group", json='{"open": 1, "both": "x"}', env='{"E": "1"}'
    )
    for name, owner in (("both", "variable"), ("TOKEN", "environment")):
        key = await Key.create(project=scene.project, name=name, type="string", environment_id=group.id, owner=owner)
        await write_secret(scene.hub, key.id, {"string": "canary-1"})
    template = await scene.template(
        "hello.sh", environment=group, arguments='["--with", "canary-2"]',
        survey_vars=[variable("pin", type="secret"), variable("PASS", type="secret", target="env")],
    )  # fmt: skip
    shown = await told(scene, template, secret='{"pin": "canary-2", "PASS": "canary-3"}')
    assert "canary" not in json.dumps(shown)
    assert shown["command"] == ["bash", "hello.sh", "--with", "••••••", "open=1"]
    assert [(one["name"], one["value"], one["secret"], one["env"]) for one in shown["variables"]] == [
        ("E", "1", False, True), ("PASS", None, True, True), ("TOKEN", None, True, True), ("both", None, True, False),
        ("open", 1, False, False), ("pin", None, True, False),
    ]  # fmt: skip


async def test_a_preview_tells_everything_that_would_keep_the_task_from_starting(scene: Scene) -> None:
    runner = await member(scene, "task_runner")
    now = scene.hub.clock()
    await Freeze.create(
        project=scene.project, name="Holidays", everything=True,
        starts=now - timedelta(hours=1), ends=now + timedelta(hours=1),
    )  # fmt: skip
    template = await scene.template("hello.sh", survey_vars=[variable("size", required=True)])
    shown = await told(scene, template, runner, git_branch="other")
    assert [one["field"] for one in shown["problems"]] == ["", "git_branch", "size"]
    said = [one["sentence"] for one in shown["problems"]]
    assert "Holidays" in said[0]
    assert said[1:] == ["The template does not let a task choose another branch.", "Size is required."]
    assert (shown["branch"], shown["command"]) == ("main", ["bash", "hello.sh"])
    assert await Task.all().count() == 0


async def test_the_preview_names_the_inventory_that_the_draft_chooses(scene: Scene) -> None:
    usual = await Inventory.create(project=scene.project, name="Usual", type="static", inventory="")
    chosen = await Inventory.create(project=scene.project, name="Chosen", type="static", inventory="")
    template = await scene.template(
        "site.yml", app="ansible", inventory=usual, task_params={"allow_override_inventory": True}
    )
    assert "<inventory Usual>" in (await told(scene, template))["command"]
    shown = await told(scene, template, inventory_id=chosen.id)
    assert "<inventory Chosen>" in shown["command"]
    assert shown["inventory"] == "Chosen"


async def test_only_who_may_run_a_template_sees_what_it_would_do(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    with pytest.raises(Forbidden):
        await told(scene, template, await member(scene, "guest"))
    with pytest.raises(NotFound):
        await of_task(scene.hub, scene.actor, scene.project.id, template.id + 1)
