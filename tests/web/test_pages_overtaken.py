"""Two people at the form of a person, a role or an app: the second is told, and nothing is lost silently."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import App, Role, User, View
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@dataclass(frozen=True)
class Case:
    """One form, what the first and the second person send, and what the second one is told."""

    page: str
    theirs: dict[str, str]
    mine: dict[str, str]
    told: tuple[str, ...]
    sent_to: str = ""
    who: str = "second"

    @property
    def address(self) -> str:
        return self.sent_to or self.page


USER = {"name": "Mina", "username": "mina", "email": "mina@example.org"}
ROBOT = {"name": "Deploys", "username": "deploys"}
CASES = [
    Case("/users/{user}", {**USER, "email": "m@example.org", "admin": "on"}, {**USER, "name": "Mina O."},
         ('<strong>E-mail</strong>: <span class="overtaken-value">m@example.org</span>',
          '<strong>Administrator</strong>: <span class="overtaken-value">yes</span>', 'value="Mina O."')),
    Case("/service-accounts/{robot}", {**ROBOT, "name": "Releases"}, {**ROBOT, "admin": "on"},
         ('<strong>Title</strong>: <span class="overtaken-value">Releases</span>',)),
    Case("/account", {"name": "First", "username": "admin", "email": "new@example.org"},
         {"name": "Me", "username": "admin", "email": "admin@localhost"},
         ("new@example.org", 'href="/account" data-leaves', 'value="Me"'), sent_to="/account/profile", who="admin"),
    Case("/roles/night", {"name": "Night", "permissions": "run"}, {"name": "Shift", "permissions": "manage"},
         ('<strong>Who has this role may</strong>: <span class="overtaken-value">Run tasks</span>',)),
    Case("/project/{project}/roles/own", {"name": "Theirs"}, {"name": "Mine"},
         ('<strong>Title</strong>: <span class="overtaken-value">Theirs</span>',)),
    Case("/apps/ruby", {"title": "Ruby", "priority": "7"}, {"title": "Gems", "priority": "0"},
         ('<strong>Priority</strong>: <span class="overtaken-value">7</span>', 'value="Gems"'), who=""),
    Case("/project/{project}/views", {"title": "Theirs", "hidden": "true"}, {"title": "Mine"},
         ('<strong>Title</strong>: <span class="overtaken-value">Theirs</span>', "<strong>Hidden</strong>",
          'value="Mine"', "/views\" data-leaves"), sent_to="/project/{project}/views/{view}"),
]  # fmt: skip


def version(text: str) -> dict[str, str]:
    found = re.search(r'name="version" value="([^"]*)"', text)
    assert found
    return {"version": found[1]}


async def somebody(scene: Scene, name: str, *, service: bool = False) -> User:
    return await User.create(created=scene.hub.clock(), username=name.lower(), name=name, service=service,
                             admin=name == "Second", email=f"{name.lower()}@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip


async def test_who_saves_second_is_told_and_may_take_over(scene: Scene, app: Quart, reader: Reader) -> None:
    await somebody(scene, "Second")
    mina, robot = await somebody(scene, "Mina"), await somebody(scene, "Deploys", service=True)
    await Role.create(slug="night", name="Night", permissions=0)
    await Role.create(slug="own", name="Own", permissions=0, project=scene.project)
    await App.create(id="ruby", title="Ruby")
    view = await View.create(project=scene.project, title="Tab", position=0)
    places = {"user": mina.id, "robot": robot.id, "project": scene.project.id, "view": view.id}
    for case in CASES:
        await second_is_told(app, reader, case, case.page.format(**places), case.address.format(**places))


async def second_is_told(app: Quart, reader: Reader, case: Case, page: str, address: str) -> None:
    before = version((await reader.get(page)).text)
    other = Reader(app)
    await other.sign_in("admin" if page == "/account" else "second", PASSWORD)
    first = {**case.theirs, **version((await other.get(page)).text)}
    assert (await other.send(address, first)).status == 303, page

    told = await reader.send(address, {**case.mine, **before})
    text = html.unescape(told.text)
    assert told.status == 400, page
    assert "Somebody else was quicker." in text
    assert f"{case.who} changed this while you were at it" in text if case.who else "changed this" not in text, page
    for words in case.told:
        assert words in text, page
    assert before != version(told.text) == version((await reader.get(page)).text), page

    assert (await reader.send(address, {**case.mine, **version(told.text)})).status == 303, page
    assert version((await reader.get(page)).text) != version(told.text), page


async def test_what_somebody_sets_for_themselves_is_in_nobodys_way(scene: Scene, app: Quart, reader: Reader) -> None:
    mina = await somebody(scene, "Mina")
    before = version((await reader.get(f"/users/{mina.id}")).text)
    await User.filter(id=mina.id).update(alert=True, pro=True)
    assert (await reader.send(f"/users/{mina.id}", {**USER, "name": "Mina O.", **before})).status == 303
    await mina.refresh_from_db()
    assert (mina.name, mina.alert, mina.pro) == ("Mina O.", True, True)
