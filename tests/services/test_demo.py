"""The demo project runs at once, without a network."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from hub.models import Project, Template
from hub.services import demo, log
from hub.services.git_roots import local_roots
from hub.services.projects import ProjectDraft
from hub.services.tasks import read, stop
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.moves import topic
from hub.services.tasks.states import FINISHED
from hub.testing.booted import administrator, working
from hub.testing.tools import need_tool

TEMPLATES = 6 if shutil.which("terraform") or shutil.which("tofu") else 5


async def run(hub, actor, template, **members):
    """Run a template to its end; return (task, log)."""
    made = await launch(hub, actor, template.project_id, TaskDraft(template_id=template.id, **members))
    async with asyncio.timeout(90), hub.bell.listen(topic(template.project_id, made["id"])) as ears:
        while (task := await read.one_task(template.project_id, made["id"]))["status"] not in FINISHED:
            await ears.wait(1)
    return task, "".join([piece.decode() async for piece in log.raw(made["id"])])


@pytest.fixture
async def templates(hub):
    actor = await administrator()
    project = await demo.make_demo(hub, actor)
    async with working(hub):
        yield {one.name: one for one in await Template.filter(project_id=project["id"])}


async def test_every_template_of_the_demo_runs(hub, templates):
    actor = await administrator()
    assert len(templates) == TEMPLATES
    ping, said = await run(hub, actor, templates["Ping localhost (Ansible)"])
    assert ping["status"] == "success", said
    assert "on behalf of Demo" in said
    system, said = await run(hub, actor, templates["Print system info (Bash)"])
    assert (system["status"], "Uptime" in said) == ("success", True), said
    build, said = await run(hub, actor, templates["Build demo app"])
    assert (build["status"], build["version"]) == ("success", "1.0.0"), said
    deploy, said = await run(hub, actor, templates["Deploy demo app"], build_task_id=build["id"])
    assert (deploy["status"], "Version 1.0.0 is live." in said) == ("success", True), said


async def test_the_infrastructure_of_the_demo_is_planned_confirmed_kept_and_found_again(hub, templates):
    need_tool("terraform", "tofu")
    actor, template = await administrator(), templates["Apply infrastructure"]
    made = await launch(hub, actor, template.project_id, TaskDraft(template_id=template.id))
    async with asyncio.timeout(90), hub.bell.listen(topic(template.project_id, made["id"])) as ears:
        while (task := await read.one_task(template.project_id, made["id"]))["status"] != "waiting_confirmation":
            assert task["status"] not in FINISHED, "".join([piece.decode() async for piece in log.raw(made["id"])])
            await ears.wait(1)
        assert task["question"] == "Apply this plan? 2 to add, 0 to change, 0 to destroy."
        await stop.confirm(hub, actor, template.project_id, made["id"])
        while (task := await read.one_task(template.project_id, made["id"]))["status"] not in FINISHED:
            await ears.wait(1)
    assert task["status"] == "success"
    again, said = await run(hub, actor, template)
    assert (again["status"], "Nothing is to be changed." in said) == ("success", True), said


async def test_the_greeting_asks_and_hides_its_secret(hub, templates):
    answers = '{"who": "Ada", "times": "2", "style": "loud"}'
    task, said = await run(
        hub, await administrator(), templates["Greet (Python)"], environment=answers, secret='{"token": "canary-12345"}'
    )
    assert task["status"] == "success", said
    assert said.count("Hello, Ada!") == 2
    assert "12 characters" in said
    assert "canary-12345" not in said


async def test_the_demo_is_made_once(hub):
    await demo.ensure_demo(hub)
    await demo.ensure_demo(hub)
    assert await Project.filter(name="Demo").count() == 1
    await demo.make_demo(hub, await administrator(), ProjectDraft(name="Second"))
    assert await Template.all().count() == 2 * TEMPLATES


async def test_demo_projects_made_at_once_share_one_repository(hub):
    actor = await administrator()
    await asyncio.gather(*[demo.make_demo(hub, actor, ProjectDraft(name=str(number))) for number in range(3)])
    folder = hub.settings.data_dir / "demo"
    assert sorted(one.name for one in folder.iterdir()) == ["repository", "state"]
    assert await Template.all().count() == 3 * TEMPLATES


async def test_without_git_nothing_is_left_behind(hub, monkeypatch, tmp_path):
    from hub.errors import Unavailable

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="needs git"):
        await demo.make_demo(hub, await administrator())
    assert await Project.all().count() == 0
    assert list((hub.settings.data_dir / "demo").iterdir()) == []


async def test_the_folder_of_the_demo_is_a_local_root(hub):
    assert hub.settings.data_dir / "demo" in local_roots(hub.settings)
