"""Figures, and what executors told about their tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.models import Task
from hub.services.tasks.finish import add_result

FIRST, SECOND = datetime(2026, 3, 1, 22, 0, tzinfo=UTC), datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
async def template(scene):
    return await scene.template("hello.sh", name="Hello", allow_parallel_tasks=True)


async def ran(scene, template, created, status, *, wait=0, seconds=None, **members):
    start = created + timedelta(seconds=wait)
    times = {"start": start, "end": start + timedelta(seconds=seconds)} if seconds is not None else {}
    return await Task.create(
        project_id=scene.project.id, template_id=template.id, status=status, created=created, **times, **members
    )


async def test_days_have_counts_by_status_and_real_durations(admin, scene, template):  # W-31
    other = await scene.template("fail.sh", name="Other")
    await ran(scene, template, FIRST, "success", wait=4, seconds=10)
    await ran(scene, template, FIRST, "error", wait=8, seconds=20)
    await ran(scene, template, FIRST, "success", wait=0, seconds=60.5)
    await ran(scene, other, SECOND, "success", seconds=7)
    await ran(scene, template, SECOND, "waiting")
    at = f"/project/{scene.project.id}"
    newest = {"date": "2026-03-02", "count_by_status": {"success": 1, "waiting": 1}, "avg_duration": 7, "avg_wait": 0}
    first = {"date": "2026-03-01", "count_by_status": {"error": 1, "success": 2}, "avg_duration": 30, "avg_wait": 4}
    assert await admin.read(f"{at}/stats") == [newest, first]
    waiting = {"date": "2026-03-02", "count_by_status": {"waiting": 1}, "avg_duration": 0, "avg_wait": 0}
    assert await admin.read(f"{at}/templates/{template.id}/stats") == [waiting, first]
    assert await admin.read(f"{at}/stats?end=2026-03-02") == [first]
    (after,) = await admin.read(f"{at}/stats?start=2026-03-02")
    assert after["count_by_status"] == {"success": 1}  # what never began drops out, as on the wire
    assert await admin.read(f"{at}/stats?user_id=999") == []
    assert (await admin.get(f"{at}/templates/999/stats")).status == 404


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("start=yesterday", "Invalid start date"),
        ("end=2026-02-30", "Invalid end date"),
        ("start=20260301", "Invalid start date"),
        ("user_id=me", "Invalid user_id"),
    ],
)
async def test_malformed_spans_are_refused(admin, pid, query, error):
    reply = await admin.get(f"/project/{pid}/stats?{query}")
    assert (reply.status, reply.error) == (400, error)


async def test_lists_of_results_are_empty_and_never_null(admin, scene, template):
    task = await ran(scene, template, FIRST, "success", seconds=1)
    for part in ("stages", "ansible/hosts", "ansible/errors"):
        assert await admin.read(f"/project/{scene.project.id}/tasks/{task.id}/{part}") == []
        assert (await admin.get(f"/project/{scene.project.id}/tasks/999/{part}")).status == 400
        assert (await admin.call("HEAD", f"/project/{scene.project.id}/tasks/{task.id}/{part}")).status == 200


async def test_results_are_told_in_the_shapes_of_the_wire(admin, hub, scene, template):
    task = await ran(scene, template, FIRST, "success", seconds=1)
    times = {"start": "2026-03-01T22:00:00Z", "end": "2026-03-01T22:00:09Z"}
    await add_result(hub, task.id, "stages", {"stages": [{"name": "init", **times}, {"name": "plan", **times}]})
    await add_result(hub, task.id, "ansible_hosts", {"hosts": [{"host": "one", "ok": 3, "failed": 1}, {"host": "two"}]})
    await add_result(hub, task.id, "ansible_errors", {"errors": [{"host": "one", "task": "Copy", "error": "no space"}]})
    at = f"/project/{scene.project.id}/tasks/{task.id}"
    stages = await admin.read(f"{at}/stages")
    assert [(one["id"], one["type"], one["result"]) for one in stages] == [
        (1, "init", None),
        (2, "terraform_plan", None),
    ]
    assert set(stages[0]) == {"id", "task_id", "type", "start", "end", "start_output_id", "end_output_id", "result"}
    first, second = await admin.read(f"{at}/ansible/hosts")
    assert (first["host"], first["ok"], first["failed"], second["ok"], second["id"]) == ("one", 3, 1, 0, 2)
    assert {"changed", "ignored", "rescued", "skipped", "unreachable", "created", "project_id"} < set(first)
    (error,) = await admin.read(f"{at}/ansible/errors")
    assert (error["host"], error["task"], error["error"]) == ("one", "Copy", "no space")
