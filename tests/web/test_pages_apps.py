"""Apps: defined by administrators, offered, run, switched off and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from quart import Quart

from hub.context import Hub
from hub.errors import Invalid
from hub.models import App, Event, Template
from hub.services.apps import AppDraft
from hub.testing.reader import Reader
from hub.testing.scene import Scene, commit_files
from hub.web.app import make_app

TOOL = '#!/bin/sh\necho "tool $1 runs $2 with $3"\n'


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    path = tmp_path / "my tool"
    path.write_text(TOOL)
    path.chmod(0o755)
    return path


async def test_an_app_of_their_own_is_defined_offered_run_and_deleted(stage: Scene, tool: Path, reader: Reader) -> None:
    commit_files(stage.folder, {"go.mine": "x"}, "a script")
    templates = f"/project/{stage.project.id}/templates"
    form = {"id": "mine", "title": "My tool", "icon": "rocket", "color": "teal", "priority": "2000", "active": "true",
            "path": str(tool), "args": "--fast run\n"}  # fmt: skip
    assert (await reader.send("/apps/new", form)).place == "/apps"
    assert "There is an app of this name already" in (await reader.send("/apps/new", form)).text
    edited = (await reader.get("/apps/mine")).text
    assert ">--fast run</textarea>" in edited
    listed = (await reader.get("/apps")).text
    assert listed.index("My tool") < listed.index("Ansible")
    offered = (await reader.get(templates)).text
    assert offered.index("My tool") < offered.index("Bash")
    assert "app-is-teal" in offered
    body = {"app": "mine", "name": "Mine", "playbook": "go.mine", "repository_id": str(stage.repository.id)}
    await reader.send(f"{templates}/new?app=mine", body)
    template = await Template.get(app="mine")
    assert "My tool" in (await reader.get(f"{templates}/{template.id}/details")).text
    task = await stage.run(template, environment='{"a": "b"}')
    assert task["status"] == "success", await stage.text(task["id"])
    assert "tool --fast run runs go.mine with a=b" in await stage.text(task["id"])
    assert (
        "Templates use this app, so it cannot be deleted."
        in (await reader.follow(await reader.send("/apps/mine/delete", {}))).text
    )
    tool.unlink()
    task = await stage.run(template)
    assert task["status"] == "error"
    assert f"The program '{tool}' was not found. Install it on this worker" in task["reason"]
    await reader.send("/apps/mine/active", {"active": "false"})
    assert "My tool" not in (await reader.get(templates)).text.partition("<table")[0]
    with pytest.raises(Invalid, match="My tool is switched off"):
        await stage.run(template)
    await template.delete()
    assert (await reader.send("/apps/mine/delete", {})).place == "/apps"
    assert not await App.exists(id="mine")
    assert await Event.exists(description="App mine deleted")


async def test_the_program_of_a_plugins_app_is_changed_and_given_back(stage: Scene, tool: Path, reader: Reader) -> None:
    page = (await reader.get("/apps/bash")).text
    assert "Arguments before the script" in page
    assert "Arguments before the script" not in (await reader.get("/apps/ansible")).text
    form = {"title": "Bash", "icon": "terminal-2", "color": "secondary", "priority": "700", "active": "true"}
    await reader.send("/apps/bash", form | {"path": str(tool), "args": "-x"})
    assert (await App.get(id="bash")).title == ""
    template = await stage.template("hello.sh")
    assert "tool -x runs hello.sh" in await stage.text((await stage.run(template))["id"])
    await reader.send("/apps/bash/delete", {})
    assert "tool" not in await stage.text((await stage.run(template))["id"])


@pytest.mark.parametrize("path", ["bin/tool", "../tool", "/bin/../tool", "a b", "-x", "a\n", "~/tool"])
def test_a_program_is_a_name_or_an_absolute_path(path: str) -> None:
    with pytest.raises(Invalid, match="the name of a program"):
        AppDraft.read({"path": path})
    assert AppDraft.read({"path": "/opt/my tools/ruby"}).path
    assert AppDraft.read({"path": "g++-12"}).path
