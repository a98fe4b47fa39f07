"""The run form: what would run, the same as a call, answers of the last run, and sentences beside fields."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any

import pytest
from click.testing import CliRunner
from quart import Quart

from hub.cli import _root
from hub.models import Task, User
from hub.services.actor import Actor
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

SURVEY = [
    {"name": "version", "title": "Version", "type": "", "required": True, "default_value": "1.0"},
    {"name": "count", "title": "How many", "type": "int", "required": False},
    {"name": "token", "title": "Token", "type": "secret", "required": True},
]


@pytest.fixture
def app(scene: Scene) -> Quart:
    return make_app(scene.hub)


@pytest.fixture
async def template(scene: Scene) -> int:
    return int((await scene.template("hello.sh", name="Deploy it", survey_vars=SURVEY)).id)


def form_of(scene: Scene, template: int) -> str:
    return f"/project/{scene.project.id}/templates/{template}/run"


async def started(scene: Scene, template: int, version: str, actor: Actor | None = None) -> int:
    draft = TaskDraft.read({
        "template_id": template, "environment": json.dumps({"version": version}), "secret": '{"token": "very-secret"}',
        "message": "as said",
    })  # fmt: skip
    return int((await launch(scene.hub, actor or scene.actor, scene.project.id, draft))["id"])


def text_of(page: str, name: str) -> str:
    found = re.search(rf'<(\w+) id="{name}"[^>]*>(.*?)</\1>', page, re.DOTALL)
    assert found, page
    return html.unescape(found[2])


def body_of(page: str) -> dict[str, Any]:
    words = shlex.split(text_of(page, "run-curl"))
    body: dict[str, Any] = json.loads(words[words.index("-d") + 1])
    return body


async def test_the_form_tells_what_would_run_and_how_to_call_it(reader: Reader, scene: Scene, template: int) -> None:
    sent = {"survey-version": "2.0", "survey-token": "very-secret", "message": "it's time"}
    page = await reader.send(f"{form_of(scene, template)}/preview", sent)
    assert page.status == 200
    assert text_of(page.text, "run-line") == "bash hello.sh version=2.0"
    assert "very-secret" not in page.text
    words = shlex.split(text_of(page.text, "run-curl"))
    assert words[0] == "curl"
    assert words[2].endswith(f"/api/project/{scene.project.id}/tasks")
    body = body_of(page.text)
    assert (body["template_id"], body["message"]) == (template, "it's time")
    assert json.loads(body["environment"]) == {"version": "2.0"}
    assert json.loads(body["secret"]) == {"token": "<token>"}
    assert "Authorization: Bearer $HUB_TOKEN" in words
    command = shlex.split(text_of(page.text, "run-command").partition("|")[2])
    assert command[0] == "hub"
    assert command[-1] == "Deploy it"
    known = CliRunner().invoke(_root, [*command[1:], "--help"])
    assert known.exit_code == 0, known.output  # every option is one, where it stands
    assert command[command.index("--var") + 1] == "version=2.0"
    assert "--secrets-stdin" in command


async def test_the_call_that_is_copied_starts_the_same_task(reader: Reader, scene: Scene, template: int) -> None:
    page = await reader.send(f"{form_of(scene, template)}/preview", {"survey-version": "3", "survey-token": "x"})
    draft = TaskDraft.read(body_of(page.text))
    made = await launch(scene.hub, scene.actor, scene.project.id, draft)
    assert json.loads(made["environment"]) == {"version": "3"}


async def test_a_call_says_nothing_that_the_template_says_already(reader: Reader, scene: Scene) -> None:
    template = await scene.template("site.yml", app="ansible", name="Site", task_params={"allow_debug": True})
    form = (await reader.get(form_of(scene, template.id))).text
    assert re.search(r'data-when="params-debug=true">\s*<label class="form-label" for="f-params-debug_level"', form)
    assert "data-depends" in form
    plain = await reader.send(f"{form_of(scene, template.id)}/preview", {"params-limit": ""})
    assert body_of(plain.text) == {"template_id": template.id}
    sent = {"params-debug": "true", "params-debug_level": "4", "params-diff": "true", "params-hosts": "web1\nweb2"}
    narrow = await reader.send(f"{form_of(scene, template.id)}/preview", sent)
    assert body_of(narrow.text)["params"] == {"debug": True, "diff": True, "hosts": ["web1", "web2"]}
    assert "--limit=@<2 hosts: web1, web2>" in text_of(narrow.text, "run-line")


async def test_what_stands_against_a_run_is_told_before_it_is_started(
    reader: Reader, scene: Scene, template: int
) -> None:  # fmt: skip
    page = await reader.send(f"{form_of(scene, template)}/preview", {"survey-version": "2", "survey-token": ""})
    assert "Token is required." in page.text


async def test_answers_of_ones_own_last_run_are_taken_over_but_no_secret(
    reader: Reader, scene: Scene, template: int
) -> None:  # fmt: skip
    assert "answers of" not in (await reader.get(form_of(scene, template))).text
    other = await User.create(created=scene.hub.clock(), username="jane", name="Jane", email="jane@example.org")
    mine = await started(scene, template, "7.1")
    theirs = await started(scene, template, "9.9")
    await Task.filter(id=theirs).update(user_id=other.id)
    page = await reader.get(form_of(scene, template))
    assert "Use the answers of your last run" in page.text
    assert f"#{mine}" in page.text
    filled = (await reader.get(f"{form_of(scene, template)}?last=1")).text
    assert 'value="7.1"' in filled
    assert f"Filled in from task #{mine}. Secrets must be entered again." in filled
    assert "very-secret" not in filled
    assert "as said" not in filled
    await Task.filter(id=mine).delete()
    assert "Use the answers of the last run" in (await reader.get(form_of(scene, template))).text


async def test_a_refused_form_says_it_beside_the_field(reader: Reader, scene: Scene, template: int) -> None:
    page = await reader.send(form_of(scene, template), {"survey-version": "1", "survey-count": "many"})
    assert page.status == 400
    beside = re.search(r'id="f-survey-count-error">([^<]*)<', page.text)
    assert beside
    assert beside[1] == "How many must be a whole number."


async def test_the_same_again_starts_it_or_asks_for_what_is_missing(
    reader: Reader, scene: Scene, template: int
) -> None:  # fmt: skip
    first = await scene.launch(await scene.template("hello.sh", name="Plainer"), message="once")
    await Task.filter(id=first).update(status="success", commit_hash="a" * 40)
    again = await reader.send(f"/project/{scene.project.id}/tasks/{first}/again")
    assert again.status == 303
    made = await Task.get(id=int(again.place.rpartition("/")[2]))
    assert (made.id != first, made.message, made.commit_hash) == (True, "once", "a" * 40)
    secret = await started(scene, template, "1")
    await Task.filter(id=secret).update(status="error")
    asked = await reader.send(f"/project/{scene.project.id}/tasks/{secret}/again")
    assert asked.status == 303
    assert asked.place.endswith(f"{form_of(scene, template)}?task={secret}")
    assert "Token is required." in (await reader.get(asked.place)).text
