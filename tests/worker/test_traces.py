"""Traces: from a request over the launch and the task to its processes, and in the log the same by numbers."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hub import traces
from hub.models import Task
from hub.server_log import formatter
from hub.services import sessions
from hub.services.listing import Asked
from hub.services.tasks import read
from hub.services.tasks.origin import TRACE
from hub.testing.scene import commit_files
from hub.web.app import make_app

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter():
    kept = InMemorySpanExporter()
    with traces.collected(SimpleSpanProcessor(kept)):
        yield kept


async def spans_of(exporter, trace, count):
    """Wait until so many spans of a trace have ended."""
    async with asyncio.timeout(60):
        while len(found := [one for one in exporter.get_finished_spans() if one.context.trace_id == trace]) < count:
            await asyncio.sleep(0.01)
    return {one.name: one for one in found}


async def launched(stage, template, **headers):
    """Launch by a request and wait for the end; return the number of the task and the caller's token."""
    token = (await sessions.create_token(stage.hub, stage.actor, sessions.TokenDraft()))["id"]
    reply = await make_app(stage.hub).test_client().post(
        f"/api/project/{stage.project.id}/tasks", json={"template_id": template.id},
        headers={"Authorization": f"Bearer {token}", **headers},
    )  # fmt: skip
    assert reply.status_code == 201
    number = (await reply.get_json())["id"]
    await stage.until(number, "success")
    return number, token


@pytest.fixture
def lines():
    """What the hub logs, as its JSON lines; the ids in them are of where each was written."""
    told, hub = io.StringIO(), logging.getLogger("hub")
    keeper, level = logging.StreamHandler(told), hub.level
    keeper.setFormatter(formatter("json"))
    hub.addHandler(keeper)
    hub.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in told.getvalue().splitlines()]
    hub.setLevel(level)
    hub.removeHandler(keeper)


async def test_one_launch_is_followed_through_the_log_from_its_request_to_its_process(stage, lines):
    commit_files(stage.folder, {"pid.sh": 'echo "I am $$"\n'}, "pid")
    template = await stage.template("pid.sh")
    number, token = await launched(stage, template, **{"X-Request-ID": "a-request-of-mine"})
    mine = [one for one in lines() if one.get("task_id") == number]
    (asked,) = [one["message"] for one in mine if one.get("request_id") == "a-request-of-mine"]
    assert asked == f"Task {number} of template {template.id} in project {stage.project.id} was launched."
    pid = next(line for line in await stage.lines(number) if line.startswith("I am ")).removeprefix("I am ")
    told = [one["message"] for one in mine]
    way = [
        asked, f"Task {number} moved to starting.", f"Task {number} moved to running.", f"Process {pid} runs bash.",
        f"Process {pid} ended with 0.", f"Task {number} moved to success.",
    ]  # fmt: skip
    assert [line for line in told if line in way] == way
    assert token not in repr(lines())


async def test_a_task_is_traced_from_the_request_to_its_process(stage, exporter):
    commit_files(stage.folder, {"trace.sh": 'echo "parent=$TRACEPARENT"\n'}, "trace")
    template = await stage.template("trace.sh")
    number, token = await launched(stage, template, traceparent=CALLER)
    asking = "POST /api/project/{project_id}/tasks"
    spans = await spans_of(exporter, int(CALLER.split("-")[1], 16), 7)
    assert set(spans) >= {asking, "launch", "task", "wait", "checkout", "execute", "process"}
    first = spans["task"]
    assert first.context.span_id == traces.ids_of(number, (await Task.get(id=number)).created)[1]
    assert first.parent.span_id == spans["launch"].context.span_id
    assert spans["launch"].parent.span_id == spans[asking].context.span_id
    assert spans[asking].parent.span_id == int(CALLER.split("-")[2], 16)
    assert spans["execute"].parent.span_id == first.context.span_id
    assert spans["process"].parent.span_id == spans["execute"].context.span_id
    assert first.start_time < first.end_time
    assert spans[asking].attributes["http.response.status_code"] == 201
    assert await read.results_of(stage.actor, stage.project.id, number, Asked(filters={"kind": TRACE})) == []
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


@pytest.mark.parametrize("parent", [CALLER, ""])
async def test_a_second_pass_goes_on_in_the_trace_of_the_first(exporter, parent):
    first = traces.Traced(7, datetime(2030, 1, 2, 3, 4, 5, 6, UTC), parent)
    for about in (first, replace(first, again=True)):
        with traces.task(about, {}):
            pass
    by_name = {one.name: one for one in exporter.get_finished_spans()}
    assert by_name["pass"].parent.span_id == by_name["task"].context.span_id
    assert len({one.context.trace_id for one in by_name.values()}) == 1


def test_without_the_setting_nothing_of_it_is_imported():
    program = (
        "import sys; from hub import boot, traces; from hub.web import app\n"
        "with traces.span('x'), traces.task(traces.Traced(1, None), {}): pass\n"
        "assert traces.environment() == {}\n"
        "sys.exit(any(name.startswith(('opentelemetry', 'prometheus_client')) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
