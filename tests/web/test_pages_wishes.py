"""Wishes of the account page, the end of a project by its typed name, and two people at one integration."""

from __future__ import annotations

import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Integration, IntegrationMatcher, Project, UserOption
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_moments_are_shown_in_the_zone_that_one_wishes(scene: Scene, reader: Reader, app: Quart) -> None:
    assert "data-zone" not in (await reader.get("/account")).text
    await reader.send("/preferences", {"time_zone": "Asia/Tokyo", "back": "/account"})
    assert await UserOption.exists(key="time_zone", value="Asia/Tokyo")
    page = (await reader.get("/projects")).text
    assert 'data-zone="Asia/Tokyo"' in page
    await reader.send("/preferences", {"time_zone": "Mars/Olympus", "back": "/account"})
    assert await UserOption.exists(key="time_zone", value="Asia/Tokyo")
    await reader.send("/preferences", {"time_zone": "", "back": "/account"})
    assert not await UserOption.exists(key="time_zone")
    assert "data-zone" not in (await reader.get("/projects")).text


async def test_a_project_goes_only_with_its_name_typed(scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}"
    assert f"<strong>{scene.project.name}</strong>" in (await reader.get(f"{root}/settings")).text
    for typed in ({}, {"typed": "Another"}):
        kept = await reader.send(f"{root}/delete", typed)
        assert (kept.status, "nothing was deleted" in kept.text) == (400, True)
    assert await Project.exists(id=scene.project.id)
    assert (await reader.send(f"{root}/delete", {"typed": scene.project.name})).place == "/projects"
    assert not await Project.exists(id=scene.project.id)


def version(text: str) -> str:
    found = re.search(r'name="version" value="([^"]+)"', text)
    assert found
    return found[1]


async def test_the_second_at_an_integration_is_told(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    one = await Integration.create(project=scene.project, name="Push", template=template, auth_method="none")
    page = f"/project/{scene.project.id}/integrations/{one.id}"
    settings, rules = (await reader.get(f"{page}/settings")).text, (await reader.get(f"{page}/rules")).text
    await Integration.filter(id=one.id).update(name="Theirs")
    await IntegrationMatcher.create(integration=one, name="theirs", match_type="header", method="equals", key="X",
                                    value="y")  # fmt: skip
    mine = {"name": "Mine", "auth_method": "none", "active": "true", "version": version(settings)}
    told = await reader.send(f"{page}/settings", mine)
    assert told.status == 400
    assert "Somebody else was quicker." in told.text
    assert 'value="Mine"' in told.text
    again = await reader.send(f"{page}/settings", mine | {"version": version(told.text)})
    assert again.status == 303
    await one.refresh_from_db()
    assert one.name == "Mine"
    rows = {"matcher-0-source": "json", "matcher-0-key": "ref", "matcher-0-method": "equals", "matcher-0-value": "v"}
    overtaken = await reader.send(f"{page}/rules", rows | {"do": "save", "version": version(rules)})
    assert "Somebody else was quicker." in overtaken.text
    assert [row.name for row in await IntegrationMatcher.all()] == ["theirs"]
    taken = await reader.send(f"{page}/rules", rows | {"do": "save", "version": version(overtaken.text)})
    assert taken.status == 303
    assert [row.name for row in await IntegrationMatcher.all()] == ["ref"]
