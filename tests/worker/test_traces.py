"""Traces: a request, the launch in it, and the task, whose trace follows from its number and its moment."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hub import traces
from hub.models import Task
from hub.services import sessions
from hub.testing.scene import commit_files
from hub.web.app import make_app

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter():
    kept = InMemorySpanExporter()
    with traces.collected(SimpleSpanProcessor(kept)):
        yield kept


async def spans_of(exporter, task_id, count):
    """Wait until so many spans of a task's trace have ended."""
    trace, _ = traces.ids_of(task_id, (await Task.get(id=task_id)).created)
    async with asyncio.timeout(60):
        while len(found := [one for one in exporter.get_finished_spans() if one.context.trace_id == trace]) < count:
            await asyncio.sleep(0.01)
    return {one.name: one for one in found}


async def test_a_task_is_traced_from_the_request_to_its_process(stage, exporter):
    commit_files(stage.folder, {"trace.sh": 'echo "parent=$TRACEPARENT"\n'}, "trace")
    template = await stage.template("trace.sh")
    token = (await sessions.create_token(stage.hub, stage.actor, sessions.TokenDraft()))["id"]
    headers = {"Authorization": f"Bearer {token}", "traceparent": CALLER}
    reply = await make_app(stage.hub).test_client().post(
        f"/api/project/{stage.project.id}/tasks", json={"template_id": template.id}, headers=headers
    )  # fmt: skip
    assert reply.status_code == 201
    number = (await reply.get_json())["id"]
    await stage.until(number, "success")
    spans = await spans_of(exporter, number, 5)
    assert set(spans) >= {"task", "wait", "checkout", "execute", "process"}
    first = spans["task"]
    assert (first.context.trace_id, first.context.span_id) == traces.ids_of(number, (await Task.get(id=number)).created)
    assert first.parent is None
    assert spans["execute"].parent.span_id == first.context.span_id
    assert spans["process"].parent.span_id == spans["execute"].context.span_id
    assert first.start_time < first.end_time
    by_name = {one.name: one for one in exporter.get_finished_spans()}
    asked, launch = by_name["POST /api/project/{project_id}/tasks"], by_name["launch"]
    assert f"{asked.context.trace_id:032x}" == CALLER.split("-")[1]
    assert asked.attributes["http.response.status_code"] == 201
    assert launch.parent.span_id == asked.context.span_id
    assert [link.context.span_id for link in launch.links] == [first.context.span_id]
    ran = [one.context for one in exporter.get_finished_spans() if one.name == "process"]
    lent = {f"parent=00-{one.trace_id:032x}-{one.span_id:016x}" for one in ran}
    assert lent & {one.rpartition("-")[0] for one in await stage.lines(number)}
    assert token not in repr([(one.name, dict(one.attributes), one.status) for one in exporter.get_finished_spans()])


async def test_what_fails_is_marked_without_what_was_said(exporter):
    with pytest.raises(ValueError, match="hunter2"), traces.span("outer"):
        raise ValueError("hunter2")
    (found,) = exporter.get_finished_spans()
    assert found.status.status_code.name == "ERROR"
    assert "hunter2" not in found.to_json()


async def test_a_second_pass_goes_on_in_the_trace_of_the_first(exporter):
    created = datetime(2030, 1, 2, 3, 4, 5, 6, UTC)
    with traces.task(7, created, {}, again=False):
        pass
    with traces.task(7, created, {}, again=True):
        pass
    by_name = {one.name: one for one in exporter.get_finished_spans()}
    assert by_name["pass"].parent.span_id == by_name["task"].context.span_id
    assert len({one.context.trace_id for one in by_name.values()}) == 1


def test_without_the_setting_nothing_of_it_is_imported():
    program = (
        "import sys; from hub import boot, traces; from hub.web import app\n"
        "with traces.span('x'), traces.task(1, None, {}, again=False): pass\n"
        "assert traces.environment() == {}\n"
        "sys.exit(any(name.startswith(('opentelemetry', 'prometheus_client')) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
