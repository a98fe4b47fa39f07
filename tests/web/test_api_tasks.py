"""Tasks over the API: starting, reading, watching, ending."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hub.models import Task, TaskChunk
from hub.services import log
from hub.services.tasks.finish import add_result
from hub.services.tasks.states import RUNNING, SUCCESS, WAITING_CONFIRMATION

MEMBERS = {"id", "template_id", "project_id", "status", "playbook", "created", "user_id", "limit"}


@pytest.fixture
def at(scene):
    return f"/project/{scene.project.id}/tasks"


@pytest.fixture
async def template(scene):
    return await scene.template("hello.sh", name="Hello", allow_parallel_tasks=True)


async def write_log(hub, task_id, *pieces):
    """Store pieces of a log as the worker that holds the task would."""
    task = await Task.get(id=task_id)
    await Task.filter(id=task_id).update(status=RUNNING, lease_owner=hub.node)
    first = 0
    for seq, lines in enumerate(pieces):
        piece = log.Piece("\n".join(lines), len(lines), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        await log.append(hub, task.project_id, task_id, seq, first, piece)
        first += len(lines)


async def test_a_task_is_started_and_read_in_the_shape_of_the_wire(admin, at, template):
    made = await admin.made(at, {"template_id": template.id, "message": "Because", "environment": '{"a": "b"}'})
    assert set(made) == MEMBERS | {"secret", "message", "environment"}
    assert (made["status"], made["secret"], made["limit"]) == ("waiting", "{}", "")
    read = await admin.read(f"{at}/{made['id']}")
    assert read.pop("queue_position") == 1
    assert read == {name: value for name, value in made.items() if name != "secret"}
    (listed,) = await admin.read(at)
    assert set(listed) - set(read) == {"tpl_playbook", "tpl_alias", "tpl_app", "user_name"}
    assert (listed["tpl_alias"], listed["tpl_playbook"], listed["tpl_app"]) == ("Hello", "hello.sh", "bash")


@pytest.mark.parametrize(
    ("body", "status"),
    [({"template_id": 999}, 404), ({}, 404), ({"template_id": "1"}, 400), ({"environment": "x"}, 400), ([], 400)],
)
async def test_what_cannot_start_is_refused(admin, at, template, body, status):
    if isinstance(body, dict) and "environment" in body:
        body["template_id"] = template.id
    assert (await admin.post(at, body)).status == status
    assert await Task.all().count() == 0


async def test_templates_of_other_projects_are_not_started(admin, template, pid):
    assert (await admin.post(f"/project/{pid}/tasks", {"template_id": template.id})).status == 404


async def test_an_unknown_task_is_400_and_an_unknown_project_404(admin, at, scene, pid, stranger, template):
    task_id = await scene.launch(template)
    for suffix in ("", "/output", "/raw_output"):
        assert (await admin.get(f"{at}/999{suffix}")).status == 400
        assert (await admin.get(f"/project/{pid}/tasks/{task_id}{suffix}")).status == 400
        assert (await stranger.get(f"{at}/{task_id}{suffix}")).status == 404
    for suffix in ("/lines", "/moves", "/results"):
        assert (await admin.get(f"{at}/999{suffix}")).status == 404
        assert (await stranger.get(f"{at}/{task_id}{suffix}")).status == 404
    for suffix in ("/stop", "/confirm", "/reject"):
        assert (await admin.post(f"/project/{pid}/tasks/{task_id}{suffix}", {})).status == 400
        assert (await stranger.post(f"{at}/{task_id}{suffix}", {})).status == 404
    assert (await admin.delete(f"/project/{pid}/tasks/{task_id}")).status == 400


async def test_pages_of_tasks_say_whether_there_are_more(admin, at, scene, template):
    ids = [await scene.launch(template) for _ in range(5)]
    for path in (at, f"/project/{scene.project.id}/templates/{template.id}/tasks"):
        reply = await admin.get(f"{path}/last?count=2")
        assert [one["id"] for one in reply.json] == [ids[4], ids[3]]
        assert reply.headers["X-Has-Next"] == "true"
        reply = await admin.get(f"{path}/last?limit=3&before={ids[3]}")
        assert [one["id"] for one in reply.json] == [ids[2], ids[1], ids[0]]
        assert reply.headers["X-Has-Next"] == "false"
        for wrong in ("limit=0", "limit=201", "limit=x", "count=-1"):
            assert len(await admin.read(f"{path}/last?{wrong}")) == 5
        assert [one["id"] for one in await admin.read(path)] == ids[::-1]
        assert (await admin.get(f"{path}/last?before=x")).status == 400


async def test_tasks_of_a_template_are_filtered_by_status(admin, scene, template):
    done, _ = await scene.launch(template), await scene.launch(template)
    await Task.filter(id=done).update(status=SUCCESS)
    path = f"/project/{scene.project.id}/templates/{template.id}/tasks"
    assert [one["id"] for one in await admin.read(f"{path}?status=success&limit=20")] == [done]
    assert await admin.read(f"{path}?status=error,stopped") == []


async def test_the_output_is_one_record_for_each_line(hub, admin, at, scene, template):
    task_id = await scene.launch(template)
    assert await admin.read(f"{at}/{task_id}/output") == []
    assert (await admin.get(f"{at}/{task_id}/raw_output")).data == b""
    await write_log(hub, task_id, ["one", "\x1b[31mtwo\x1b[0m", ""], ['„four“ \\ "quoted"'])
    records = await admin.read(f"{at}/{task_id}/output")
    assert [one["output"] for one in records] == ["one", "\x1b[31mtwo\x1b[0m", "", '„four“ \\ "quoted"']
    assert records[0] == {
        "id": 0, "task_id": task_id, "time": "2026-01-02T03:04:05Z", "output": "one", "stage_id": None,
    }  # fmt: skip
    reply = await admin.get(f"{at}/{task_id}/raw_output")
    assert reply.data.decode() == 'one\ntwo\n\n„four“ \\ "quoted"\n'
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_head_of_a_log_sends_no_log(hub, admin, at, scene, template):
    task_id = await scene.launch(template)
    await write_log(hub, task_id, ["one"])
    for suffix, kind in (("output", "application/json"), ("raw_output", "text/plain; charset=utf-8")):
        reply = await admin.call("HEAD", f"{at}/{task_id}/{suffix}")
        assert (reply.status, reply.data, reply.headers["Content-Type"]) == (200, b"", kind)


async def test_a_long_log_is_never_in_memory_as_a_whole(hub, scene, template):
    import tracemalloc

    from hub.web.api.tasks import _records

    task_id = await scene.launch(template)
    lines = [f"line {number} {'x' * 80}" for number in range(700)]
    text = "\n".join(lines)
    await write_log(hub, task_id, lines)
    (row,) = await TaskChunk.filter(task_id=task_id)
    copies = [
        TaskChunk(
            task_id=task_id, seq=seq, first_line=700 * seq, lines=700, time=row.time, times=[[0, 0]], data=row.data
        )
        for seq in range(1, 300)
    ]
    await TaskChunk.bulk_create(copies)
    del copies
    tracemalloc.start()
    size = 0
    async for piece in _records(task_id):
        size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 300 * len(text)
    assert peak < size / 4


async def test_lines_are_read_by_number_from_either_end(hub, admin, at, scene, template):
    task_id = await scene.launch(template)
    await write_log(hub, task_id, ["a", "b", "c"], ["d", "e"])

    async def read(query):
        found = await admin.read(f"{at}/{task_id}/lines{query}")
        return found["first"], found["total"], [(one["n"], one["s"]) for one in found["lines"]]

    assert await read("") == (0, 5, list(enumerate("abcde")))
    assert await read("?first=2&count=2") == (2, 5, [(2, "c"), (3, "d")])
    assert await read("?first=-2&count=10") == (3, 5, [(3, "d"), (4, "e")])
    assert await read("?first=9") == (9, 5, [])
    (line,) = (await admin.read(f"{at}/{task_id}/lines?first=-1"))["lines"]
    assert line == {"n": 4, "t": "2026-01-02T03:04:05Z", "s": "e"}
    for wrong in ("count=0", "count=5001", "count=x", "first=x"):
        assert (await admin.get(f"{at}/{task_id}/lines?{wrong}")).status == 400


async def test_moves_and_results_are_told(admin, at, scene, template):
    task_id = await scene.launch(template)
    await admin.post(f"{at}/{task_id}/stop", {})
    moves = await admin.read(f"{at}/{task_id}/moves")
    assert [(one["source"], one["target"]) for one in moves] == [("", "waiting"), ("waiting", "stopped")]
    assert moves[1]["actor"].startswith("admin")
    await add_result(scene.hub, task_id, "recap", {"ok": 1})
    (result,) = await admin.read(f"{at}/{task_id}/results")
    assert (result["kind"], result["data"]) == ("recap", {"ok": 1})
    assert await admin.read(f"{at}/{task_id}/results?kind=other") == []


async def test_stop_needs_a_body_and_leaves_finished_tasks_alone_s22(admin, at, scene, template):
    task_id = await scene.launch(template)
    assert (await admin.call("POST", f"{at}/{task_id}/stop")).status == 400
    await Task.filter(id=task_id).update(status=SUCCESS)
    assert (await admin.post(f"{at}/{task_id}/stop", {"force": True})).status == 204
    assert (await admin.read(f"{at}/{task_id}"))["status"] == "success"


async def test_confirm_and_reject_fit_only_a_task_that_asks_s23(admin, at, scene, template):
    first, second = await scene.launch(template), await scene.launch(template)
    for verb in ("confirm", "reject"):
        assert (await admin.post(f"{at}/{first}/{verb}")).status == 409
    await Task.filter(id__in=[first, second]).update(status=WAITING_CONFIRMATION)
    assert (await admin.post(f"{at}/{first}/confirm")).status == 204
    assert (await admin.post(f"{at}/{second}/reject", {"odd": 1})).status == 204
    assert (await admin.read(f"{at}/{first}"))["status"] == "confirmed"
    assert (await admin.read(f"{at}/{second}"))["status"] == "error"


async def test_a_decision_may_say_why(admin, at, scene, template):
    first, second = await scene.launch(template), await scene.launch(template)
    await Task.filter(id__in=[first, second]).update(status=WAITING_CONFIRMATION)
    for wrong in ({"reason": "x" * 201}, {"reason": 5}, []):
        assert (await admin.post(f"{at}/{first}/confirm", wrong)).status == 400
    for _ in range(2):  # the second one is the same, and answered as the first
        said = {"reason": " looked\nat it "}
        assert (await admin.call("POST", f"{at}/{first}/confirm", said, **{"Idempotency-Key": "once"})).status == 204
    assert (await admin.post(f"{at}/{second}/reject", {"reason": "not on a Friday"})).status == 204
    assert (await admin.read(f"{at}/{second}"))["reason"].endswith(": not on a Friday")
    moves = [*await admin.read(f"{at}/{first}/moves"), *await admin.read(f"{at}/{second}/moves")]
    assert {one["target"]: one["note"] for one in moves if one["target"] in {"confirmed", "rejected"}} == {
        "confirmed": "looked at it", "rejected": "not on a Friday",
    }  # fmt: skip
    events = await admin.read(f"/project/{scene.project.id}/events")
    told = {one["description"].rpartition(") ")[2] for one in events}
    assert {"CONFIRMED: looked at it", "REJECTED: not on a Friday"} <= told


async def test_a_finished_task_is_deleted_by_administrators_alone(admin, at, scene, template, people):
    task_id = await scene.launch(template)
    _, manager = await people.somebody("manager", project_id=scene.project.id, role="manager")
    _, runner = await people.somebody("runner", project_id=scene.project.id, role="task_runner")
    assert (await admin.delete(f"{at}/{task_id}")).status == 409
    await Task.filter(id=task_id).update(status=SUCCESS)
    assert (await runner.delete(f"{at}/{task_id}")).status == 403
    assert (await manager.delete(f"{at}/{task_id}")).status == 401
    assert (await admin.delete(f"{at}/{task_id}")).status == 204
    assert (await admin.get(f"{at}/{task_id}")).status == 400


async def test_runners_start_and_stop_and_guests_watch(at, scene, template, people, stranger):
    _, runner = await people.somebody("runner", project_id=scene.project.id, role="task_runner")
    _, guest = await people.somebody("guest", project_id=scene.project.id, role="guest")
    made = await runner.made(at, {"template_id": template.id})
    assert (await guest.post(at, {"template_id": template.id})).status == 403
    assert (await guest.post(f"{at}/{made['id']}/stop", {})).status == 403
    assert (await guest.read(f"{at}/{made['id']}"))["status"] == "waiting"
    assert (await stranger.post(at, {"template_id": template.id})).status == 404
    assert (await runner.post(f"{at}/{made['id']}/stop", {})).status == 204


async def test_secret_answers_appear_nowhere(admin, at, scene):
    survey = [{"name": "token", "title": "T", "type": "secret"}]
    template = await scene.template("hello.sh", survey_vars=survey)
    made = await admin.made(at, {"template_id": template.id, "secret": json.dumps({"token": "canary-3"})})
    for path in (at, f"{at}/{made['id']}", f"/project/{scene.project.id}/events"):
        assert b"canary-3" not in (await admin.get(path)).data
    assert "canary-3" not in str((await Task.get(id=made["id"])).secret)
