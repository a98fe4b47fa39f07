"""The search page, the options of the palette, and the route of the API."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.testing.reader import Marks, Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_the_page_leads_to_what_was_found(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh", name="Deploy <web>")
    sheet = await reader.get("/search?q=deploy")
    assert "Deploy &lt;web&gt;" in sheet.text
    places = [one.get("href") for one in Marks(sheet.text).all("a")]
    root = f"/project/{scene.project.id}/templates/{template.id}"
    assert root in places
    assert f"{root}/run" in places
    assert "Nothing has such a name" in (await reader.get("/search?q=nowhere")).text
    assert (await reader.get("/search?q=%00%ff&project=x")).status == 200


async def test_the_palette_gets_options_and_ways_to_start(scene: Scene, reader: Reader) -> None:
    await scene.template("hello.sh", name="Deploy web")
    fragment = {"HX-Request": "true"}
    sheet = await reader.get("/search?q=dep", **fragment)
    options = [one for tag, one in Marks(sheet.text).tags if tag == "li"]
    assert all(one["role"] == "option" for one in options)
    assert [one["data-address"].rpartition("/")[2] for one in options] == ["1", "run", "search?q=dep"]
    assert "<html" not in sheet.text
    only = await reader.get("/search?q=run+dep", **fragment)
    assert next(one["data-address"].rpartition("/")[2] for tag, one in Marks(only.text).tags if tag == "li") == "run"
    russian = await reader.get(
        "/search?q=%D0%97%D0%B0%D0%BF%D1%83%D1%81%D1%82%D0%B8%D1%82%D1%8C+dep", **fragment, **{"Accept-Language": "ru"}
    )
    assert "/templates/1/run" in russian.text


async def test_shortcuts_are_switched_off_for_an_account(scene: Scene, app: Quart, reader: Reader) -> None:
    assert 'data-shortcuts="on"' in (await reader.get("/projects")).text
    await reader.send("/preferences", {"shortcuts": "off", "back": "/account"})
    assert 'data-shortcuts="off"' in (await reader.get("/projects")).text
    fresh = Reader(app)
    await fresh.sign_in("admin", "changeme")
    assert 'data-shortcuts="off"' in (await fresh.get("/projects")).text


async def test_the_api_finds_the_same(scene: Scene, admin, stranger) -> None:
    await scene.template("hello.sh", name="Deploy web")
    found = await admin.read("/search?q=deploy&kinds=template,project&limit=5")
    assert [(one["kind"], one["name"], one["may_run"]) for one in found] == [("template", "Deploy web", True)]
    assert await stranger.read("/search?q=deploy") == []
    refused = await admin.get("/search?q=x&kinds=secret")
    assert refused.status == 400
    assert "kinds takes some of" in refused.error
