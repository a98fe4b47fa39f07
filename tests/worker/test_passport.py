"""The passport of a run: what ran, where, with which versions and parameters, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub import __version__
from hub.models import Environment, Template
from hub.services.tasks import passport
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.scene import Scene
from hub.worker import tools

SURVEY = [{"name": "token", "title": "Token", "type": "secret"}, {"name": "version", "title": "Version", "type": ""}]


async def test_a_passport_tells_what_ran_and_keeps_every_secret(stage: Scene) -> None:
    group = await Environment.create(
        project_id=stage.project.id, name="Group", json='{"region": "north"}', env='{"MODE": "fast"}'
    )
    template = await stage.template("arguments.sh", name="Deploy", survey_vars=SURVEY)
    await Template.filter(id=template.id).update(environment_id=group.id)
    draft = TaskDraft.read({
        "template_id": template.id, "environment": '{"version": "2"}', "secret": '{"token": "do-not-tell"}',
    })  # fmt: skip
    task_id = int((await launch(stage.hub, stage.actor, stage.project.id, draft))["id"])
    await stage.until(task_id)
    found = await passport.passport_of(stage.actor, stage.project.id, task_id)
    assert "do-not-tell" not in json.dumps(found, default=str)
    (told,) = found["passes"]
    (command,) = [one for one in told["commands"] if "arguments.sh" in " ".join(one["argv"])]
    assert (Path(command["argv"][0]).name, command["code"], command["folder"]) == ("bash", 0, "<repository>")
    assert told["tools"]["bash"]["version"].startswith("GNU bash")
    assert told["worker"]["hub"] == __version__
    assert (told["worker"]["node"], told["app"], told["script"]) == (stage.hub.node, "bash", "arguments.sh")
    assert told["variables"] == {"region": "north", "version": "2"}
    assert (told["env"], told["secrets"]) == ({"MODE": "fast"}, ["token"])
    assert told["isolation"]["kind"] in {"none", "landlock", "bubblewrap"}
    assert found["task"]["commit_hash"]
    assert [move["target"] for move in found["moves"]][-1] == "success"
    assert [one["name"] for one in found["stages"]] == ["running"]


async def test_a_failed_run_has_a_passport_with_the_exit_code(stage: Scene) -> None:
    task_id = await stage.launch(await stage.template("fail.sh"))
    await stage.until(task_id)
    (told,) = (await passport.passport_of(stage.actor, stage.project.id, task_id))["passes"]
    assert told["commands"][-1]["code"] == 3


async def test_a_program_is_asked_once_until_its_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(tools, "_known", type(tools._known)())
    program = tmp_path / "terraform"
    program.write_text("one")
    program.chmod(0o755)
    asked: list[str] = []

    async def ask(path: str, argument: str) -> str:
        asked.append(f"{Path(path).name} {argument}")
        return f"\nTool {len(asked)}\nmore\n"

    for _ in range(3):
        assert await tools.version_of("terraform", str(tmp_path), ask) == (str(program), "Tool 1")
    program.write_text("another")
    assert (await tools.version_of("terraform", str(tmp_path), ask))[1] == "Tool 2"
    assert asked == ["terraform version"] * 2


async def test_a_program_that_nobody_knows_is_not_run_for_its_version(tmp_path: Path) -> None:
    (tmp_path / "deploy").write_text("#!/bin/sh\n")
    (tmp_path / "deploy").chmod(0o755)

    async def ask(path: str, argument: str) -> str:
        raise AssertionError("it was run")

    assert await tools.version_of("deploy", str(tmp_path), ask) == (str(tmp_path / "deploy"), "")
    assert await tools.version_of("terraform", str(tmp_path), ask) == ("", "")


async def test_a_program_that_fails_at_being_asked_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(tools, "_known", type(tools._known)())
    (tmp_path / "tofu").write_text("")
    (tmp_path / "tofu").chmod(0o755)

    async def ask(path: str, argument: str) -> str:
        raise OSError("Exec format error")

    assert await tools.version_of("tofu", str(tmp_path), ask) == (str(tmp_path / "tofu"), "")
