"""Forms with texts in them, and two people at one form."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Environment, Inventory, Template
from hub.services import texts
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


def fields(text: str) -> dict[str, str]:
    """The hidden version of a form."""
    found = re.search(r'name="version" value="([^"]*)"', text)
    return {"version": found[1]} if found else {}


async def test_the_api_tells_what_is_wrong_with_a_text(scene: Scene, reader: Reader, admin: Any) -> None:
    path = f"/project/{scene.project.id}/texts/check"
    reply = await admin.post(path, {"kind": "yaml", "text": "a: 1\nb: c: d\n"})
    assert reply.status == 200
    assert [(one["line"], one["text"]) for one in reply.json["faults"]] == [(2, texts.NO_YAML)]
    assert (await admin.post(path, {"kind": "toml", "text": ""})).status == 400
    page = await reader.send(path, {"kind": "ini", "text": "web1 web2\r\n"})
    assert json.loads(page.text)["faults"][0]["text"] == texts.AFTER_HOST


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("inventory", {"type": "static", "inventory-text": "[web\n"}, "Line 1: A group must look like"),
        ("inventory", {"type": "static-yaml", "inventory-text": "a: 1\nb: c: d"}, "Line 2: This is not valid YAML"),
        ("environment", {"json": '{"a": 1,\n}'}, "Line 2: This is not valid JSON"),
    ],
)
async def test_a_text_that_is_wrong_is_refused_with_its_line(scene: Scene, reader: Reader, path, form, sentence):
    sheet = await reader.send(f"/project/{scene.project.id}/{path}/new", {"name": "new", **form})
    assert sheet.status == 400
    assert sentence in html.unescape(sheet.text)
    assert not await Inventory.exists(name="new")
    assert not await Environment.exists(name="new")


async def test_the_api_refuses_wrong_hosts_in_the_words_of_the_page_where_it_is_asked_to(
    scene: Scene, reader: Reader, admin: Any
) -> None:  # fmt: skip
    root, pid = f"/project/{scene.project.id}/inventory", scene.project.id
    for kind, text in (("static", "[web]\nweb1 web2\n"), ("static-yaml", "a: 1\nb: c: d")):
        body = {"project_id": pid, "name": f"wire {kind}", "type": kind, "inventory": text}
        made = await admin.made(root, body)  # clients of the wire store what they like, and edit it as it is
        refused = await admin.post(root, body | {"checked": True})
        changed = await admin.put(f"{root}/{made['id']}", body | {"id": made["id"], "checked": True})
        sheet = await reader.send(f"{root}/new", {"name": "new", "type": kind, "inventory-text": text})
        for reply in (refused, changed):
            assert reply.status == 400
            assert reply.json["field"] == "inventory"
            assert reply.json["error"] in html.unescape(sheet.text)


async def test_the_second_of_two_people_is_told_what_changed_and_may_take_over(scene: Scene, reader: Reader, app):
    group = await Environment.create(project=scene.project, name="Group", json="{}")
    path = f"/project/{scene.project.id}/environment/{group.id}"
    mine = fields((await reader.get(path)).text)
    other = Reader(app)
    await other.sign_in("admin", PASSWORD)
    theirs = fields((await other.get(path)).text)
    assert mine == theirs != {}
    assert (await other.send(path, {**theirs, "name": "Group", "json": '{"release": "beta"}'})).status == 303

    told = await reader.send(path, {**mine, "name": "Group of mine", "json": '{"release": "stable"}'})
    assert told.status == 400
    text = html.unescape(told.text)
    assert "Somebody else was quicker" in text
    assert "admin changed this while you were at it" in text
    assert "<strong>Variables</strong>" in text
    assert '{"release": "beta"}' in text
    assert "Group of mine" in text, "what was typed is still there"
    assert (await Environment.get(id=group.id)).name == "Group"

    again = await reader.send(path, {**fields(told.text), "name": "Group of mine", "json": '{"release": "stable"}'})
    assert again.status == 303
    assert (await Environment.get(id=group.id)).name == "Group of mine"


async def test_a_template_that_somebody_else_changed_is_not_overwritten_unseen(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    path = f"/project/{scene.project.id}/templates/{template.id}/edit"
    form = {"app": "bash", "name": "Mine", "playbook": "hello.sh", "repository_id": str(scene.repository.id)}
    before = fields((await reader.get(path)).text)
    await Template.filter(id=template.id).update(description="theirs")
    told = await reader.send(path, {**before, **form})
    assert told.status == 400
    assert "<strong>Description</strong>" in told.text
    assert (await Template.get(id=template.id)).name == template.name
    await Template.filter(id=template.id).update(tasks=7)  # what tasks change by themselves is no change of anybody's
    assert (await reader.send(path, {**fields(told.text), **form})).status == 303
    assert (await Template.get(id=template.id)).name == "Mine"
