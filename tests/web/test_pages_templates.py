"""The list of templates as a page: its address keeps the filter, and what is done with several is asked and told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Star, Task, Template, View
from hub.testing.reader import Marks, Reader, Sheet
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


def named(sheet: Sheet) -> list[str]:
    """Names of the rows."""
    return re.findall(r'class="cell-main"[^>]*>([^<]+)<', sheet.text)


async def several(scene: Scene, *names: str, **members: Any) -> list[Template]:
    return [await scene.template("hello.sh", name=name, **members) for name in names]


async def test_the_address_keeps_the_filter_and_a_fragment_is_the_list_alone(scene: Scene, reader: Reader) -> None:
    await several(scene, "Alpha", "Beta")
    root = f"/project/{scene.project.id}/templates"
    sheet = await reader.get(f"{root}?q=alp&status=never&sort=-name")
    assert named(sheet) == ["Alpha"]
    options = {one.get("value") for one in Marks(sheet.text).all("option") if "selected" in one}
    assert {"never", "-name"} <= options
    part = await reader.get(f"{root}?q=beta", **{"HX-Request": "true"})
    assert named(part) == ["Beta"]
    assert "<html" not in part.text
    assert f'hx-get="{root}?q=beta"' in part.text
    assert "No template fits" in (await reader.get(f"{root}?q=gamma")).text
    assert named(await reader.get(f"{root}?q=%00%ff&page=x&status=odd&sort=odd&app={'a' * 400}")) == []
    assert named(await reader.get(f"{root}?page=0&status=odd&sort=odd")) == ["Alpha", "Beta"]


async def test_a_star_is_given_and_taken_without_scripts(scene: Scene, reader: Reader) -> None:
    _first, second = await several(scene, "Alpha", "Beta")
    root = f"/project/{scene.project.id}/templates"
    star = f"{root}/{second.id}/star?starred=true"
    sheet = await reader.send(star, {"back": f"{root}?q=a"})
    assert (sheet.status, sheet.place) == (303, f"{root}?q=a")
    assert named(await reader.get(root)) == ["Beta", "Alpha"]
    found = await reader.get("/search?q=", **{"HX-Request": "true"})
    assert "Beta" in found.text
    assert "Alpha" not in found.text
    await reader.send(f"{root}/{second.id}/star?starred=false")
    assert not await Star.exists()
    assert (await reader.send(f"{root}/999999/star?starred=true")).status == 303


async def test_a_deletion_of_several_is_asked_with_a_number_and_told_of_each(scene: Scene, reader: Reader) -> None:
    first, second, busy = await several(scene, "Alpha", "Beta", "Busy")
    await scene.launch(busy)
    bulk = f"/project/{scene.project.id}/templates/bulk"
    form = {"do": "delete", "ids": [str(first.id), str(second.id), str(busy.id)]}
    asked = await reader.send(bulk, form)
    assert "2 templates will be deleted" in asked.text
    assert "A task of it is not finished; stop it first." in asked.text
    sure = {"do": "delete", "sure": "yes", "ids": [str(first.id), str(second.id)]}
    assert (await reader.send(bulk, sure | {"typed": "3"})).status == 400
    assert await Template.all().count() == 3
    done = await reader.send(bulk, sure | {"typed": " 2 "})
    assert "2 templates were deleted." in done.text
    assert [one.name for one in await Template.all()] == ["Busy"]


async def test_all_that_was_found_is_started_and_what_asks_is_left_out(scene: Scene, reader: Reader) -> None:
    await several(scene, "Alpha", "Another")
    await several(scene, "Asks", survey_vars=[{"name": "x", "title": "X", "required": True}])
    await several(scene, "Beta")
    root = f"/project/{scene.project.id}/templates"
    asked = await reader.send(f"{root}/bulk", {"do": "run", "all": "true", "back": f"{root}?q=a&sort=-name"})
    assert "3 templates will be started." in asked.text
    ids = [one["value"] for one in Marks(asked.text).all("input") if one.get("name") == "ids"]
    sent = {"do": "run", "sure": "yes", "ids": ids, "message": "all"}
    told = await reader.send(f"{root}/bulk", sent)
    assert "3 templates were started." in told.text
    assert await Task.filter(message="all").count() == 3


async def test_templates_are_moved_to_a_view_and_tabs_put_in_order(scene: Scene, reader: Reader) -> None:
    (first,) = await several(scene, "Alpha")
    views = [await View.create(project=scene.project, title=title, position=at) for at, title in enumerate("ab")]
    root = f"/project/{scene.project.id}"
    told = await reader.send(
        f"{root}/templates/bulk", {"do": "move", "ids": [str(first.id)], "to_view": str(views[1].id)}
    )
    assert (told.status, told.place) == (303, f"{root}/templates")
    assert "1 template is in “b” now." in (await reader.get(told.place)).text
    assert named(await reader.get(f"{root}/views/{views[1].id}/templates")) == ["Alpha"]
    quiet = {"do": "move", "ids": [str(first.id), "999999"], "to_view": str(views[0].id)}
    dropped = json.loads((await reader.send(f"{root}/templates/bulk", quiet, **{"X-Quiet": "yes"})).text)
    assert dropped == {"told": "1 template is in “a” now.", "left": []}
    await reader.send(f"{root}/views/positions", {"order": [str(views[1].id), str(views[0].id)]})
    assert [one.title for one in await View.all().order_by("position")] == ["b", "a"]
    made = await reader.send(f"{root}/views", {"title": "c", "open": "true"})
    assert made.place == f"{root}/views/{views[1].id + 1}/templates"
    await reader.send(f"{root}/views/{views[0].id}", {"title": "A", "hidden": "true", "open": "true"})
    assert (await View.get(id=views[0].id)).hidden
    gone = await reader.send(f"{root}/views/{views[0].id}/delete", {"open": "true"})
    assert gone.place == f"{root}/templates"


async def test_nothing_chosen_or_allowed_is_a_sentence_on_the_list(scene: Scene, reader: Reader) -> None:
    bulk = f"/project/{scene.project.id}/templates/bulk"
    for form in ({"do": "run"}, {"do": "burn", "ids": ["1"]}, {"do": "move", "ids": ["x"]}):
        sheet = await reader.follow(await reader.send(bulk, form))
        assert 'role="alert"' in sheet.text
