"""The health page of administrators, and the page that says what the hub is made of."""

from __future__ import annotations

import pytest
from quart import Quart

from hub import __version__
from hub.context import Hub
from hub.services import workers
from hub.services.workers import Said
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

from .conftest import Client


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_the_health_page_says_what_is_wrong_in_words(scene: Scene, reader: Reader) -> None:
    page = (await reader.get("/system")).text
    assert "No worker takes tasks." in page
    assert "fit this version" in page
    assert f"<dd>{__version__}</dd>" in page
    await workers.tell(scene.hub, Said("here", [], 2, "none"))
    part = await reader.get("/system", **{"HX-Request": "true"})
    assert "<html" not in part.text
    assert "can read the files of the hub" in part.text
    assert 'title="Its tasks can read the files of the hub."' in (await reader.get("/workers")).text
    russian = (await reader.get("/system", **{"Accept-Language": "ru"})).text
    assert "can read the files of the hub" not in russian


async def test_programs_read_the_same(scene: Scene, admin: Client) -> None:
    found = await admin.read("/system/health")
    assert found["state"] == "bad"
    assert {one["name"]: one["reason"] for one in found["parts"]}["workers"] == "none"


async def test_the_page_about_the_hub_names_versions_and_licences(scene: Scene, reader: Reader) -> None:
    page = (await reader.get("/about")).text
    assert __version__ in page
    for text in ("pydantic", "MIT", "htmx", "API reference"):
        assert text in page


async def test_ansible_is_asked_for_its_version_after_the_page_is_there(scene: Scene, reader: Reader) -> None:
    assert 'hx-get="/about"' in (await reader.get("/about")).text
    part = await reader.get("/about", **{"HX-Request": "true"})
    assert "<html" not in part.text
    assert "ansible" in part.text or "not on this machine" in part.text
