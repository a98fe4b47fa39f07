"""Freezes, the forecast, and the ends of schedules over the API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.models import Event, Freeze, Schedule

FREEZE = {"name": "Quarter end", "starts": "2099-03-31T00:00:00Z", "ends": "2099-04-03T00:00:00Z"}


@pytest.fixture
def at(scene):
    return f"/project/{scene.project.id}/freezes"


async def test_a_freeze_is_made_read_changed_and_deleted(admin, at):
    made = await admin.made(at, FREEZE)
    assert made == FREEZE | {
        "id": made["id"], "project_id": made["project_id"], "active": True, "everything": False, "cron_format": "",
        "time_zone": "", "minutes": 0,
    }  # fmt: skip
    one = f"{at}/{made['id']}"
    assert await admin.read(one) == made
    nights = {"name": "Nights", "cron_format": "0 22 * * *", "time_zone": "Europe/Berlin", "minutes": 480}
    assert (await admin.put(one, made | nights | {"everything": True})).status == 204
    changed = await admin.read(one)
    assert changed == made | nights | {"everything": True, "starts": None, "ends": None}
    assert await admin.read(at) == [changed]
    assert (await admin.delete(one)).status == 204
    assert (await admin.get(one)).status == 404
    told = await Event.filter(object_type="freeze").order_by("id").values_list("description", flat=True)
    assert list(told) == [f"Freeze ID {made['id']} ({name}) {verb}" for name, verb in (
        ("Quarter end", "created"), ("Nights", "updated"), ("Nights", "deleted"))]  # fmt: skip


async def test_without_times_it_begins_now_and_lasts_until_somebody_ends_it(admin, at):
    made = await admin.made(at, {"name": "Incident"})
    assert made["ends"] is None
    assert datetime.fromisoformat(made["starts"]) <= datetime.now(UTC)


async def test_a_project_has_so_many_freezes_and_no_more(admin, at, scene, monkeypatch):
    monkeypatch.setattr("hub.services.freezes.MOST", 2)
    for _ in range(2):
        await admin.made(at, FREEZE)
    reply = await admin.post(at, FREEZE)
    assert (reply.status, reply.error) == (409, "A project has at most 2 freezes. Delete some that have passed.")
    assert await Freeze.filter(project_id=scene.project.id).count() == 2


async def test_nobody_starts_anything_in_a_freeze_of_everything(admin, at, scene):
    template = await scene.template("hello.sh")
    await admin.made(at, {"name": "Incident", "everything": True})
    reply = await admin.post(f"/project/{scene.project.id}/tasks", {"template_id": template.id})
    assert (reply.status, reply.error) == (
        409, "Nothing starts in this project until somebody ends the freeze: Incident.",
    )  # fmt: skip


async def test_the_forecast_names_what_will_start(admin, at, scene):
    template = await scene.template("hello.sh", name="Hello")
    body = {"template_id": template.id, "name": "Nightly", "cron_format": "0 3 * * *", "active": True}
    made = await admin.made(f"/project/{scene.project.id}/schedules", body | {"time_zone": "Europe/Berlin"})
    found = await admin.read(f"/project/{scene.project.id}/schedules/forecast?time_zone=Europe/Berlin")
    assert {one["local"][10:16] for one in found} == {"T03:00"}
    assert found[0]["at"] == made["next_run_at"]
    assert {(one["name"], one["template_name"], one["schedule_id"], one["freeze"], one["more"]) for one in found} == {
        ("Nightly", "Hello", made["id"], None, False)
    }
    for wrong in ("days=many", "time_zone=Mars"):
        assert (await admin.get(f"/project/{scene.project.id}/schedules/forecast?{wrong}")).status == 400


async def test_the_end_of_a_schedule_stays_until_it_is_taken_away(admin, scene):
    template = await scene.template("hello.sh")
    at = f"/project/{scene.project.id}/schedules"
    body = {"template_id": template.id, "name": "Nightly", "cron_format": "0 3 * * *", "active": True}
    made = await admin.made(at, body | {"ends_at": "2099-01-01T00:00:00Z", "max_runs": 3})
    assert (made["ends_at"], made["max_runs"]) == ("2099-01-01T00:00:00Z", 3)
    assert (await admin.put(f"{at}/{made['id']}", body)).status == 204  # by a client that does not know of ends
    assert (await admin.read(f"{at}/{made['id']}"))["ends_at"] == "2099-01-01T00:00:00Z"
    await Schedule.filter(id=made["id"]).update(runs=3, active=False, next_run_at=None)
    assert (await admin.put(f"{at}/{made['id']}", body | {"ends_at": None})).status == 204
    again = await admin.read(f"{at}/{made['id']}")
    assert "ends_at" not in again
    assert "runs" not in again  # it was switched on again, and may run three times anew
    assert again["next_run_at"]
    reply = await admin.post(at, body | {"ends_at": "soon"})
    assert reply.error == "The member ends_at must be a time such as 2030-01-31T12:00:00Z."
