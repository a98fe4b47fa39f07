"""What a project keeps for how long: in its settings, over the API, and on the page of a task whose log is gone."""

from __future__ import annotations

import json

import pytest

from hub.models import Project, Task
from hub.services import retention_round
from hub.testing.reader import Marks
from hub.web.app import make_app
from tests.services.kept_steps import old_task

LIMITS = {"name": "Scene", "max_parallel_tasks": "3", "keep_tasks": "2", "keep_days": "", "keep_log_days": "7"}


@pytest.fixture
def app(hub):
    return make_app(hub)


@pytest.fixture
async def full(scene):
    """A project with five tasks of ten days ago."""
    template = await scene.template("a.sh")
    return [await old_task(scene, template, days=10) for _ in range(5)]


async def test_the_settings_show_what_would_go_before_it_is_saved(scene, full, reader):
    place = f"/project/{scene.project.id}/settings"
    page = (await reader.get(place)).text
    (apart,) = [one["hx-get"] for one in Marks(page).all("div") if one.get("id") == "kept"]
    assert "With these limits" not in page  # every task is looked at for that, and nobody waits for it
    told = (await reader.get(apart, **{"HX-Request": "true"})).text
    assert "Tasks in this project: 5." in told
    assert "With these limits, nothing goes now." in told
    looked = await reader.send(place, {**LIMITS, "look": "yes"})
    assert looked.status == 200
    assert "tasks with their logs: 3; logs of tasks that stay: 2." in looked.text
    values = {one["name"]: one["value"] for one in Marks(looked.text).all("input") if "value" in one}
    assert (values["keep_tasks"], values["keep_log_days"]) == ("2", "7")
    assert (await Project.get(id=scene.project.id)).keep_tasks == 0
    assert (await reader.send(place, LIMITS)).status == 303
    row = await Project.get(id=scene.project.id)
    assert (row.max_parallel_tasks, row.keep_tasks, row.keep_days, row.keep_log_days) == (3, 2, 0, 7)
    wrong = await reader.send(place, {**LIMITS, "keep_log_mib": "-1", "keep_days": "soon"})
    assert wrong.status == 400
    assert "Write a whole number." in wrong.text


async def test_the_page_of_a_task_says_that_its_log_is_gone(scene, full, reader):
    await Project.filter(id=scene.project.id).update(keep_log_days=7)
    place = f"/project/{scene.project.id}/tasks/{full[0]}"
    assert 'id="log"' in (await reader.get(place)).text
    await retention_round.run(scene.hub)
    page = (await reader.get(place)).text
    assert "The log was removed" in page
    assert 'id="log"' not in page
    api = json.loads((await reader.get(f"/api{place}/lines")).text)
    assert api == {"first": 0, "total": 0, "lines": [], "place": "gone", "style": ""}
    assert (await reader.get(f"/api{place}/raw_output")).text == ""
    assert (await reader.get(f"/api{place}/output")).text.strip() == "[]"


async def test_the_api_tells_limits_and_what_is_over_them(scene, full, reader):
    place = f"/api/project/{scene.project.id}/retention"
    told = json.loads((await reader.get(f"{place}?keep_tasks=1")).text)
    assert (told["keep_tasks"], told["tasks"], told["over_tasks"], told["over_logs"]) == (1, 5, 4, 0)
    assert told["log_bytes"] > 0
    assert json.loads((await reader.get(place)).text)["over_tasks"] == 0
    assert (await reader.get(f"{place}?keep_days=-1")).status == 400
    assert await Task.all().count() == 5
