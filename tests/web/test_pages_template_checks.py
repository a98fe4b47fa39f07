"""What the form of a template asks while it is filled in."""

from __future__ import annotations

import html
import json
import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Inventory, Key, Template
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
    answer = json.loads((await reader.send(f"/project/{scene.project.id}/templates/check", right)).text)
    assert answer["errors"] == {}
    assert set(answer["told"].values()) == {""}
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


async def test_each_folded_section_says_what_is_set_in_it(scene: Scene, reader: Reader) -> None:
    check = f"/project/{scene.project.id}/templates/check"
    form = {
        "app": "ansible", "name": "x", "playbook": "play.yml", "repository_id": str(scene.repository.id),
        "survey-0-name": "who", "survey-0-title": "Whom to greet", "survey-1-name": "bare", "vault-0-script": "ask.sh",
        "type": "build", "start_version": "1.0.0", "autorun": "true", "arguments": "-v\n" + "a" * 80,
        "time_limit": "0", "priority": "7", "limits-sandbox": "true", "limits-open_files": "64",
        "params-forks": "9", "params-limit": "web1\nweb2", "params-allow_override_limit": "true",
    }  # fmt: skip
    told = json.loads((await reader.send(check, form)).text)["told"]
    assert told["survey"] == "Whom to greet · bare"
    assert told["vaults"] == "default"
    assert told["more"] == f"Purpose: Build: makes a version · First version: 1.0.0 · Arguments: -v, {'a' * 55}…"
    assert told["queue"] == "Priority: 7"
    assert told["limits"] == "Open files: 64 · In a sandbox of its own"
    assert "Limit: web1, web2" in told["params"]
    every = {f"survey-{n}-name": f"v{n}" for n in range(9)}
    told = json.loads((await reader.send(check, form | every | {"survey-0-title": ""})).text)["told"]
    assert told["survey"] == "v0 · v1 · v2 · v3 · v4 · v5 and 3 more"


async def test_sections_are_folded_but_for_those_that_hold_what_is_refused(scene: Scene, reader: Reader) -> None:
    new = f"/project/{scene.project.id}/templates/new"
    blank = (await reader.get(f"{new}?app=ansible")).text
    assert re.findall(r'data-part="(\w+)" (open)?', blank) == [
        (one, "") for one in ("survey", "vaults", "params", "more", "queue", "limits")
    ]
    sheet = (await reader.send(new, WRONG)).text
    opened = {name for name, state in re.findall(r'data-part="(\w+)" (open)?', sheet) if state}
    assert opened == {"survey", "more", "queue"}


async def test_options_that_name_a_key_offer_those_that_fit(scene: Scene, reader: Reader) -> None:
    key = await Key.create(project=scene.project, name="Bastion", type="ssh")
    await Key.create(project=scene.project, name="Token", type="string")
    blank = (await reader.get(f"/project/{scene.project.id}/templates/new?app=ansible")).text
    field = re.search(r'<select name="params-jump_key".*?</select>', blank, re.DOTALL)
    assert field
    assert f'<option value="{key.id}" >Bastion</option>' in field[0]
    assert "Token" not in field[0]


async def test_an_inventory_that_the_form_does_not_offer_stays(scene: Scene, reader: Reader) -> None:
    hosts = await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="web1")
    template = await scene.template("hello.sh", name="Plain", inventory_id=hosts.id)
    form = {"app": "bash", "name": "Plain", "playbook": "hello.sh", "repository_id": str(scene.repository.id)}
    sheet = await reader.send(f"/project/{scene.project.id}/templates/{template.id}/edit", form)
    assert sheet.status == 303
    assert (await Template.get(id=template.id)).inventory_id == hosts.id
