"""What the form of a template asks while it is filled in."""

from __future__ import annotations

import html
import json
import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Template
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

WRONG = {
    "app": "ansible", "name": "", "playbook": "", "repository_id": "", "git_branch": "a..b", "priority": "many",
    "arguments_json": "[", "survey-0-name": "no name", "survey-0-title": "x",
}  # fmt: skip


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_every_refused_field_is_told_at_once(scene: Scene, reader: Reader) -> None:
    told = await reader.send(f"/project/{scene.project.id}/templates/check", WRONG)
    errors = json.loads(told.text)["errors"]
    assert {"name", "playbook", "repository_id", "inventory_id", "git_branch", "priority", "survey_vars"} <= set(errors)
    assert errors["name"] == "Template name can not be empty."
    right = {"app": "bash", "name": "x", "playbook": "hello.sh", "repository_id": str(scene.repository.id)}
    assert json.loads((await reader.send(f"/project/{scene.project.id}/templates/check", right)).text) == {"errors": {}}
    assert not await Template.exists()


async def test_saving_tells_all_of_them_too(scene: Scene, reader: Reader) -> None:
    sheet = await reader.send(f"/project/{scene.project.id}/templates/new", WRONG)
    assert sheet.status == 400
    said = [html.unescape(one) for one in re.findall(r'invalid-feedback d-block"[^>]*>([^<]+)<', sheet.text)]
    assert len(said) >= 5
    assert "Write a whole number." in said


async def test_questions_are_shown_as_a_run_will_show_them(scene: Scene, reader: Reader) -> None:
    path = f"/project/{scene.project.id}/templates/questions"
    form = {
        "survey-0-name": "who", "survey-0-title": "Whom to greet", "survey-0-type": "enum",
        "survey-0-values": "a = Anna\nb", "survey-0-default": "b", "survey-1-name": "token", "survey-1-type": "secret",
    }  # fmt: skip
    text = (await reader.send(path, form)).text
    assert re.search(r'<option value="b" selected>b</option>', text)
    assert "Whom to greet" in text
    assert 'type="password"' in text
    wrong = await reader.send(path, {**form, "survey-1-name": "who"})
    assert "Two survey variables are named who" in html.unescape(wrong.text)
    assert "no questions yet" in (await reader.send(path, {})).text


async def test_the_repository_is_browsed_beside_the_field(stage: Scene, reader: Reader) -> None:
    path = f"/project/{stage.project.id}/templates/browse"
    text = (await reader.get(f"{path}?repository_id={stage.repository.id}&app=bash")).text
    assert 'data-fills="playbook" value="hello.sh"' in text
    narrow = (await reader.get(f"{path}?repository_id={stage.repository.id}&app=bash&q=nothing-like-it")).text
    assert "No file fits" in narrow
    wrong = (await reader.get(f"{path}?repository_id={stage.repository.id}&app=bash&git_branch=nowhere")).text
    assert "no branch or tag" in wrong
    assert "Choose a repository first" in (await reader.get(path)).text
