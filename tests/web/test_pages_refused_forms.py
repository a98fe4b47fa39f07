"""Every form that is refused says why beside the very field: walked over all pages that have one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from quart import Quart

from hub.models import (
    Environment,
    Freeze,
    Integration,
    Inventory,
    Invite,
    Key,
    Role,
    Schedule,
    StateLock,
    User,
    View,
)
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app
from hub.web.pages import PAGES

from .wrong_values import ELSEWHERE, SHEETS

_PART = re.compile(r"<(?:int:)?(\w+)>")
_MANY_FACED = ("/project/<int:project_id>/schedule", "/project/<int:project_id>/channels")
"""Which fields they have depends on a choice; their own tests look at each."""
SURVEY = [{"name": "who", "title": "Who", "type": "", "required": True}]
PLAUSIBLE = {
    "email": "jane@example.org", "password": "a long enough one 1", "git_url": "https://example.org/x.git", "days": "7",
    "git_branch": "main", "time_zone": "UTC", "minutes": "10", "cron_format": "0 3 * * *", "ssh_key_id": "1",
}  # fmt: skip
_VOID = {"input", "br", "hr", "img", "meta", "link", "use", "path", "meter"}


@pytest.fixture
def app(scene: Scene) -> Quart:
    return make_app(scene.hub)


@dataclass
class Form:
    """One form of a page, with what a browser would send of it."""

    action: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """Ids of all fields, by name; with those that depend on a choice."""
    required: dict[str, str] = field(default_factory=dict)
    """Ids of the fields that must not be empty, by name; without those that depend on a choice."""


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._select = self._area = self._demanded = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append("when" if "data-when" in known or "hidden" in known or tag == "template" else tag)
        if tag == "form" and known.get("method") == "post":
            self._form = Form(known.get("action", ""))
            self.found.append(self._form)
        elif self._form is not None:
            if "name" in known:
                self._form.ids[known["name"]] = known.get("id", "")
            if "when" not in self._open:
                self._take(tag, known)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        self._open.pop()
        self._form = None if tag == "form" else self._form
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.sent[self._area] = [data.lstrip("\n")]

    def _take(self, tag: str, known: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = known.get("name", ""), known.get("type", "")
        if tag in {"input", "textarea"} and name and "required" in known:
            self._form.required[name] = known.get("id", "")
        if tag == "input" and name and (kind not in {"checkbox", "radio"} or "checked" in known):
            self._form.sent.setdefault(name, []).append(known.get("value", ""))
        elif tag == "select" and name:
            self._select, self._demanded = name, known.get("id", "") if "required" in known else ""
            self._form.sent[name] = []
        if tag == "option" and self._demanded and not known.get("value"):  # else nobody can leave it empty
            self._form.required[self._select] = self._demanded
        if tag == "option" and self._select and ("selected" in known or not self._form.sent[self._select]):
            self._form.sent[self._select] = [known.get("value", "")]
        if tag == "textarea" and name:
            self._area = name
            self._form.sent[name] = [""]


async def addresses(scene: Scene) -> list[str]:
    """Pages with a form that is sent to their own address, as far as ids are known here."""
    template = await scene.template("hello.sh", survey_vars=SURVEY)
    inventory = await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="localhost")
    for make in (
        Environment.create(project=scene.project, name="Group", json="{}", env="{}"),
        Schedule.create(project=scene.project, template=template, cron_format="0 3 * * *", active=False),
        Freeze.create(project=scene.project, name="Nights", cron_format="0 22 * * *", minutes=60),
        Role.create(slug="own", name="Own", project=scene.project),
    ):
        await make
    ids = {"project_id": scene.project.id, "template_id": template.id, "inventory_id": inventory.id, "item_id": 1,
           "user_id": scene.actor.user_id, "slug": "own"}  # fmt: skip
    rules = [page.rule for page in PAGES if set(page.methods) == {"GET", "POST"}]
    known = [rule for rule in rules if set(_PART.findall(rule)) <= ids.keys() and not rule.startswith(_MANY_FACED)]
    filled = [_PART.sub(lambda part: str(ids[part[1]]), rule) for rule in known]
    return [f"{one}?app=bash" if one.endswith("templates/new") else one for one in filled]


async def test_a_field_that_was_left_empty_says_so_itself(reader: Reader, scene: Scene) -> None:
    silent: dict[str, list[str]] = {}
    asked = 0
    for address in await addresses(scene):
        page = await reader.get(address)
        path = address.partition("?")[0]
        for form in Forms(page.text).found:
            if form.action not in {"", path, address}:
                continue
            for name, element in form.required.items():
                asked += 1
                given = {one: [PLAUSIBLE.get(one, "x")] for one in form.required if not any(form.sent.get(one, ()))}
                answer = await reader.send(address, form.sent | given | {name: [""]})
                if answer.status >= 400 and f'id="{element}-error"' not in answer.text:
                    silent.setdefault(path, []).append(name)
    assert asked > 20
    assert silent == {}


async def ids_of(scene: Scene) -> dict[str, Any]:
    """One of everything that a form is about."""
    template = await scene.template("hello.sh", survey_vars=SURVEY)
    inventory = await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="localhost")
    group = await Environment.create(project=scene.project, name="Group", json="{}", env="{}")
    nightly = await Schedule.create(project=scene.project, template=template, cron_format="0 3 * * *", active=False)
    freeze = await Freeze.create(project=scene.project, name="Nights", cron_format="0 22 * * *", minutes=60)
    push = await Integration.create(project=scene.project, name="Push", template=template, auth_method="github")
    ssh = await Key.create(project=scene.project, name="SSH", type="ssh")
    await Role.create(slug="own", name="Own", project=scene.project)
    await Role.create(slug="everywhere", name="Everywhere")
    view = await View.create(project=scene.project, title="Night shift")
    await StateLock.create(inventory=inventory, lock_id="one", info='{"ID": "one"}', created=scene.hub.clock())
    await Invite.create(
        project=scene.project, email="invited@example.org", role="guest", digest="d", created=scene.hub.clock()
    )
    robot = await User.create(created=scene.hub.clock(), username="robot", name="Robot", email="r@b.t", service=True)
    return {
        "project_id": scene.project.id, "template_id": template.id, "inventory_id": inventory.id, "ssh_id": ssh.id,
        "environment_id": group.id, "schedule_id": nightly.id, "freeze_id": freeze.id, "integration_id": push.id,
        "user_id": scene.actor.user_id, "robot_id": robot.id, "item_id": 1, "repository_id": scene.repository.id,
        "password": PASSWORD, "view_id": view.id,
    }  # fmt: skip


def test_every_form_has_its_wrong_values(app: Quart) -> None:
    def bare(address: str) -> str:
        return re.sub(r"<[^>]+>|\{\w+\}", "*", address.partition("?")[0])

    walked = {bare(one.page).replace("roles/everywhere", "roles/*") for one in SHEETS}
    walked |= {one.replace("roles/own", "roles/*").replace("apps/bash", "apps/*") for one in walked}
    forms = {page.rule for page in PAGES if set(page.methods) == {"GET", "POST"}}
    assert {rule for rule in forms if bare(rule) not in walked} == set(ELSEWHERE)


async def test_a_wrong_value_says_so_beside_its_field(reader: Reader, scene: Scene) -> None:
    ids, silent = await ids_of(scene), []
    for sheet in SHEETS:
        page, to = sheet.page.format(**ids), (sheet.to or sheet.page).format(**ids)
        forms = Forms((await reader.get(page)).text).found
        form = next(one for one in forms if one.action in ({to} if sheet.to else {"", page, page.partition("?")[0]}))
        given = {name: ids.get(str(value).strip("{}"), value) for name, value in sheet.given.items()}
        for name, value in sheet.wrong.items():
            answer = await reader.post(to, form.sent | given | {name: value})
            element = sheet.beside.get(name) or f"{form.ids.get(name, '?')}-error"
            said = re.search(rf'id="{re.escape(element)}"[^>]*>([^<]+)<', answer.text)
            if answer.status != 400 or said is None or "The member" in said[1]:
                others = re.findall(r'id="([^"]+)-error"', answer.text)
                silent.append((to, name, value[:20], answer.status, said and said[1], others))
    assert not silent, "\n".join(map(str, silent))
