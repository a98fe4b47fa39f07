"""Schedules over the API: the wire's shapes and rules, and what becomes of answers that clients do not know."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hub.models import Event, Schedule, Task, Template
from hub.vault import place

MEMBERS = {
    "id", "project_id", "template_id", "cron_format", "name", "active", "type", "delete_after_run", "repository_id",
    "misfire", "overlap",
}  # fmt: skip
FUTURE = "2099-01-31T12:00:00Z"


@pytest.fixture
def at(scene):
    return f"/project/{scene.project.id}/schedules"


@pytest.fixture
async def template(scene):
    survey = [
        {"name": "size", "title": "Size", "type": "int", "required": True},
        {"name": "word", "title": "Word", "type": "secret"},
    ]
    return await scene.template("hello.sh", name="Hello", survey_vars=survey)


@pytest.fixture
def body(template):
    return {"template_id": template.id, "name": "Nightly", "cron_format": "0 3 * * *", "active": True}


async def test_a_schedule_is_made_and_read_in_the_shape_of_the_wire(admin, at, body):
    made = await admin.made(at, body)
    assert set(made) == MEMBERS | {"next_run_at"}
    assert (made["type"], made["repository_id"], made["delete_after_run"]) == ("", None, False)
    assert made["overlap"] == "parallel"  # as on the wire, the template decides how many run at once
    assert made["next_run_at"].endswith("T03:00:00Z")
    assert await admin.read(f"{at}/{made['id']}") == made
    (listed,) = await admin.read(at)
    assert listed == made | {"tpl_name": "Hello"}
    assert (await admin.call("HEAD", f"{at}/{made['id']}")).status == 200
    assert (await Event.get(object_type="schedule")).description == f"Schedule ID {made['id']} created"


async def test_the_next_moment_follows_the_time_zone_and_stays_empty_while_it_is_off(admin, at, body):
    made = await admin.made(at, body | {"time_zone": "Asia/Tokyo"})
    assert (made["time_zone"], made["next_run_at"][10:]) == ("Asia/Tokyo", "T18:00:00Z")
    assert "next_run_at" not in await admin.made(at, body | {"active": False})
    one = f"{at}/{made['id']}"
    assert (await admin.put(f"{one}/active", {"active": False})).status == 204
    assert "next_run_at" not in await admin.read(one)
    assert (await admin.put(f"{one}/active", {"active": True})).status == 204
    assert (await admin.read(one))["next_run_at"] == made["next_run_at"]


async def test_one_that_watches_a_repository_counts_as_on_and_stands_in_the_lists_of_its_template(
    admin, at, body, scene, template
):
    made = await admin.made(at, body | {"active": False, "repository_id": scene.repository.id})
    assert made["next_run_at"]  # S29
    assert await admin.read(at) == []  # S28
    of_template = f"/project/{scene.project.id}/templates/{template.id}/schedules"
    assert [one["id"] for one in await admin.read(of_template)] == [made["id"]]
    await admin.made(at, body)
    assert len(await admin.read(of_template)) == 1
    await Schedule.filter(id=made["id"]).update(last_commit_hash="a" * 40)
    kept = body | {"repository_id": scene.repository.id}
    assert (await admin.put(f"{at}/{made['id']}", kept)).status == 204
    assert (await Schedule.get(id=made["id"])).last_commit_hash == "a" * 40
    assert (await admin.put(f"{at}/{made['id']}", body)).status == 204
    assert (await Schedule.get(id=made["id"])).last_commit_hash is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cron_format": "bad"}, "Cron: expected exactly 5 fields, found 1: [bad]"),
        ({"cron_format": ""}, "Cron: empty spec string"),
        ({"time_zone": "Mars"}, "Cron: provided bad location Mars: unknown time zone Mars"),
        ({"type": "run_at"}, "run_at must be provided for run_at schedules"),
        ({"type": "run_at", "run_at": "2020-01-01T00:00:00Z"}, "run_at must be in the future"),
        ({"type": "run_at", "run_at": "soon"}, "The member run_at must be a time such as 2030-01-31T12:00:00Z."),
        ({"type": "monthly"}, "invalid schedule type"),
        ({"template_id": 999}, "There is no such template in this project."),
        ({"template_id": 0}, "A schedule needs a template."),
        ({"repository_id": 999}, "There is no such repository in this project."),
        ({"overlap": "maybe"}, "The member overlap must be one of: skip, queue, parallel."),
        ({"task_params": {"environment": '{"size": "big"}'}}, "Size must be a whole number."),
        ({"task_params": {"arguments": "{"}}, "The arguments must be a JSON list of texts."),
        ({"task_params": {"inventory_id": 999}}, "There is no such inventory in this project."),
    ],
)
async def test_what_could_never_run_is_refused(admin, at, body, change, error):
    reply = await admin.post(at, body | change)
    assert (reply.status, reply.error) == (400, error)
    assert await Schedule.all().count() == 0


async def test_things_of_other_projects_are_refused(admin, at, body, pid, scene):
    assert (await admin.post(f"/project/{pid}/schedules", body)).status == 400
    made = await admin.made(at, body)
    assert (await admin.get(f"/project/{pid}/schedules/{made['id']}")).status == 404
    assert (await admin.delete(f"/project/{pid}/schedules/{made['id']}")).status == 404
    for change, error in (
        ({"id": made["id"] + 1}, "schedule id in URL and in body must be the same"),
        ({"project_id": pid}, "You can not move schedule to other project"),
    ):
        assert (await admin.put(f"{at}/{made['id']}", body | change)).error == error


async def test_once_at_a_moment_and_its_cron_text_is_forgotten(admin, at, body):
    made = await admin.made(at, body | {"type": "run_at", "run_at": "2099-01-31T13:00:00+01:00"})
    assert (made["cron_format"], made["run_at"], made["next_run_at"]) == ("", FUTURE, FUTURE)
    assert "run_at" not in await admin.made(at, body | {"run_at": "whatever"})
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await Schedule.filter(id=made["id"]).update(run_at=past, active=False)
    one = f"{at}/{made['id']}"
    again = made | {"run_at": "2020-01-01T00:00:00Z", "active": False, "name": "Was"}
    assert (await admin.put(one, again)).status == 204  # what has run may be renamed
    assert (await admin.put(f"{one}/active", {"active": True})).error == "run_at must be in the future"
    assert (await admin.put(one, again | {"active": True})).error == "run_at must be in the future"


async def test_answers_stay_when_a_client_omits_them_and_go_with_null(admin, at, body):
    params = {"environment": '{"size": 3}', "message": "By night", "git_branch": "main", "params": {"x": 1}}
    made = await admin.made(at, body | {"task_params": params})
    one = f"{at}/{made['id']}"
    assert made["task_params"] == params
    assert "task_params" not in (await admin.read(at))[0]
    assert (await admin.put(one, body)).status == 204
    assert (await admin.read(one))["task_params"] == params
    assert (await admin.put(one, body | {"task_params": {"message": "New"}})).status == 204
    assert (await admin.read(one))["task_params"] == {"message": "New"}
    assert (await admin.put(one, body | {"Task_Params": None})).status == 204
    assert "task_params" not in await admin.read(one)


async def test_secret_answers_are_sealed_and_never_shown(admin, hub, at, body):
    async def opened(schedule_id: int) -> dict[str, str]:
        sealed = (await Schedule.get(id=schedule_id)).secret
        return json.loads(hub.vault.open(sealed, place("schedule", "secret", schedule_id))) if sealed else {}

    params = {"environment": '{"size": 1, "word": "abra"}', "secret": '{"other": "cadabra"}'}
    reply = await admin.post(at, body | {"task_params": params})
    assert reply.status == 201
    assert b"abra" not in reply.data
    one, schedule_id = f"{at}/{reply.json['id']}", reply.json["id"]
    assert reply.json["task_params"] == {"environment": '{"size": 1}'}
    assert await opened(schedule_id) == {"word": "abra", "other": "cadabra"}
    row = await Schedule.get(id=schedule_id)
    assert "abra" not in f"{row.secret}{row.task_params}"
    assert (await admin.put(one, reply.json)).status == 204  # a client sends back what it read
    assert await opened(schedule_id) == {"word": "abra"}  # the template does not ask for the other
    assert (await admin.put(one, body | {"task_params": {"secret": '{"word": "new"}'}})).status == 204
    assert await opened(schedule_id) == {"word": "new"}
    assert (await admin.put(one, body | {"task_params": {"secret": "{}"}})).status == 204
    assert await opened(schedule_id) == {}


async def test_a_cron_text_is_validated_alone(admin, at):
    reply = await admin.post(f"{at}/validate", {"cron_format": "@every 5m"})
    assert (reply.status, reply.data) == (200, b"")
    reply = await admin.post(f"{at}/validate", {"cron_format": "0 0 * * 8"})
    assert (reply.status, reply.error) == (400, "Cron: end of range (8) above maximum (6): 8")


async def test_the_next_moments_are_previewed(admin, at, body):
    made = await admin.made(at, body | {"active": False})
    moments = await admin.read(f"{at}/{made['id']}/next?count=3")
    assert [one[10:] for one in moments] == ["T03:00:00Z"] * 3
    assert len(await admin.read(f"{at}/{made['id']}/next")) == 10
    once = await admin.made(at, body | {"type": "run_at", "run_at": FUTURE})
    assert await admin.read(f"{at}/{once['id']}/next") == [FUTURE]


async def test_a_deleted_schedule_leaves_its_tasks(admin, at, body, scene, template):
    made = await admin.made(at, body)
    task_id = await scene.launch(template, environment='{"size": "1"}')
    await Task.filter(id=task_id).update(schedule_id=made["id"])
    assert (await admin.delete(f"{at}/{made['id']}")).status == 204
    assert (await Task.get(id=task_id)).schedule_id is None
    assert (await admin.get(f"{at}/{made['id']}")).status == 404


async def test_schedules_go_with_their_template_and_keep_their_repository(admin, at, body, scene, template):
    await admin.made(at, body | {"repository_id": scene.repository.id})
    refs = await admin.read(f"/project/{scene.project.id}/repositories/{scene.repository.id}/refs")
    assert refs["schedules"] == [{"id": template.id, "name": "Hello"}]
    refs = await admin.read(f"/project/{scene.project.id}/templates/{template.id}/refs")
    assert refs["schedules"] == [{"id": template.id, "name": "Hello"}]
    assert (await admin.delete(f"/project/{scene.project.id}/templates/{template.id}")).status == 204
    assert not await Template.filter(id=template.id).exists()
    assert await Schedule.all().count() == 0


async def test_guests_read_and_change_nothing(people, at, body, scene, admin, stranger):
    made = await admin.made(at, body)
    _, guest = await people.somebody("onlooker", project_id=scene.project.id, role="task_runner")
    assert (await guest.get(f"{at}/{made['id']}")).status == 200
    assert (await guest.post(at, body)).status == 403
    assert (await guest.post(f"{at}/validate", {"cron_format": "@daily"})).status == 403
    assert (await guest.put(f"{at}/{made['id']}", body)).status == 403
    assert (await guest.put(f"{at}/{made['id']}/active", {})).status == 403
    assert (await guest.delete(f"{at}/{made['id']}")).status == 403
    assert (await stranger.get(f"{at}/{made['id']}")).status == 404
