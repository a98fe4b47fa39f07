"""The dashboard's pages and routes: now, filters, figures, and the overview of all projects."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Schedule, Task
from hub.testing.reader import Marks, Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def ran(scene: Scene, status: str, **members: object) -> Task:
    template = await scene.template("hello.sh", name=f"Named {status}")
    created = scene.hub.clock() - timedelta(days=1)
    ended = {} if status in {"waiting", "running"} else {"start": created, "end": created + timedelta(seconds=90)}
    given = {"created": created, **ended, **members}
    return await Task.create(project=scene.project, template=template, status=status, **given)


def shown(text: str) -> set[int]:
    """Ids of the tasks of the history."""
    return {
        int(one["id"][5:]) for tag, one in Marks(text).tags if tag == "tr" and one.get("id", "").startswith("task-")
    }


async def test_the_history_is_filtered_by_who_how_and_when(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    schedule = await Schedule.create(project=scene.project, template=template, cron_format="0 3 * * *")
    mine = await ran(scene, "success", user_id=scene.actor.user_id)
    timed = await ran(scene, "error", schedule_id=schedule.id)
    hooked = await ran(scene, "success", integration_id=7)
    old = await ran(scene, "success", created=scene.hub.clock() - timedelta(days=40))
    today = scene.hub.clock().date().isoformat()
    for query, ids in (
        (f"user={scene.actor.user_id}", {mine.id}), ("by=schedule", {timed.id}), ("by=integration", {hooked.id}),
        ("by=person", {mine.id, old.id}), (f"until={today}&by=nonsense", {mine.id, timed.id, hooked.id, old.id}),
        (f"since={(scene.hub.clock() - timedelta(days=9)).date()}", {mine.id, timed.id, hooked.id}),
        ("status=error", {timed.id}), ("since=9999-12-31&until=x", {mine.id, timed.id, hooked.id, old.id}),
    ):  # fmt: skip
        sheet = await reader.get(f"/project/{scene.project.id}/history?{query}")
        assert shown(sheet.text) == ids, query


async def test_days_begin_where_the_reader_is(scene: Scene, reader: Reader) -> None:
    late = await ran(scene, "success", created=datetime(2026, 1, 10, 23, 30, tzinfo=UTC))
    for query, ids in (
        ("since=2026-01-11&zone=Europe/Berlin", {late.id}), ("since=2026-01-11", set()),
        ("until=2026-01-10&zone=Europe/Berlin", set()), ("until=2026-01-10&zone=No/Where", {late.id}),
        ("since=1969-12-31&until=0001-01-01&zone=Pacific/Apia", {late.id}),
    ):  # fmt: skip
        sheet = await reader.get(f"/project/{scene.project.id}/history?{query}")
        assert shown(sheet.text) == ids, query
    links = {one["href"] for one in Marks(sheet.text).all("a") if "quick-link" in one.get("class", "")}
    assert links == {f"/project/{scene.project.id}/history{end}" for end in (
        "", "?status=error", "?status=waiting_confirmation", "?status=waiting", "?status=running",
    )}  # fmt: skip
    kept = (await reader.get(f"/project/{scene.project.id}/history?user=1&since=2026-01-11")).text
    assert "?status=error&amp;user=1&amp;since=2026-01-11&amp;zone=UTC" in kept


async def test_what_fails_stands_over_the_history_and_is_asked_for_anew(scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}"
    assert any(
        one.get("id") == "failing" and "hidden" in one
        for one in Marks((await reader.get(f"{root}/history")).text).all("section")
    )
    for n in range(5):
        await ran(scene, "error", reason=f"Reason {n}.")
    for address, count in ((f"{root}/history", 3), (f"{root}/stats", 5), ("/overview", 5)):
        part = await reader.get(f"{address}?part=failing", **{"HX-Request": "true"})
        assert part.text.lstrip().startswith("<section")
        assert part.text.count("Reason ") == count
        whole = (await reader.get(address)).text
        assert whole.count('id="failing-') == count  # the history below says the reasons of the others as well
    assert "2 more" in (await reader.get(f"{root}/history")).text


async def test_what_is_at_work_stands_above_with_its_reason(scene: Scene, reader: Reader) -> None:
    await ran(scene, "running", reason="Every slot of the project is taken.")
    whole = await reader.get(f"/project/{scene.project.id}/history")
    assert "Every slot of the project is taken." in whole.text
    part = await reader.get(f"/project/{scene.project.id}/history?part=now", **{"HX-Request": "true"})
    assert part.text.lstrip().startswith("<section")
    everywhere = await reader.get("/overview")
    assert "Every slot of the project is taken." in everywhere.text
    assert "Scene" in everywhere.text


async def test_figures_are_drawn_from_what_the_page_carries(scene: Scene, reader: Reader) -> None:
    for status in ("success", "success", "error"):
        await ran(scene, status)
    for address in (f"/project/{scene.project.id}/stats?days=7", "/overview?days=7"):
        sheet = await reader.get(address)
        marks = Marks(sheet.text)
        carried = next(json.loads(text) for one, text in marks.inside_script if one.get("id") == "figures")
        assert len(carried["rows"]) == 8
        assert {(row["success"], row["error"], row["ran"]) for row in carried["rows"]} == {(2, 1, 90), (0, 0, 0)}
        assert "3 tasks ended; 1 of them failed (33 %)." in sheet.text
        assert "Named error" in sheet.text  # it is failing now


async def test_the_api_tells_the_same_to_those_who_may_know(scene: Scene, admin, stranger) -> None:
    await ran(scene, "error")
    await ran(scene, "waiting", reason="No room.")
    for path in ("/dashboard", f"/project/{scene.project.id}/dashboard?days=90"):
        found = await admin.read(path)
        assert found["counts"] == {"waiting": 1}
        assert [one["project_name"] for one in found["at_work"] + found["failing"]] == ["Scene", "Scene"]
        assert found["days"][0]["count_by_status"] == {"error": 1, "waiting": 1}
    assert (await stranger.read("/dashboard"))["at_work"] == []
    assert (await stranger.get(f"/project/{scene.project.id}/dashboard")).status == 404
    assert (await admin.get("/dashboard?days=8")).status == 400
