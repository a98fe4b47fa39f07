"""Metrics: off unless switched on, for those who may see them, in the format that Prometheus reads."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub import __version__, meters, server_log
from hub.server_log import formatter
from hub.services.tasks import dispatch
from hub.testing.booted import booted
from hub.testing.ports import answers, free_port
from hub.testing.scene import make_scene
from hub.web.alone import serve_metrics
from hub.web.app import make_app
from hub.web.front.metrics import measured
from tests.services.task_steps import claim, run

TOKEN = "scrape-me-4711"


@pytest.fixture(autouse=True)
def fresh():
    meters.clear()
    yield
    meters.clear()


@pytest.fixture
async def watched(plugins):
    """A project in a hub that is watched."""
    async with booted(plugins=plugins, metrics=True, metrics_token=TOKEN) as hub:
        yield await make_scene(hub, {"hello.sh": "echo hello\n"})


async def scrape(client, token=TOKEN):
    reply = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    return samples_of((await reply.get_data(as_text=False)).decode())


def samples_of(text):
    """Every sample, by name and labels; what the library does not read is an error."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation or family.type == "gauge", family
        for sample in family.samples:
            assert (sample.name, tuple(sorted(sample.labels.items()))) not in found
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))))


async def test_nothing_is_told_unless_it_is_switched_on(hub):
    client = make_app(hub).test_client()
    assert (await client.get("/metrics")).status_code == 404
    assert not meters.REQUESTS.values


@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x"])
async def test_whoever_has_no_token_is_refused(watched, header):
    reply = await make_app(watched.hub).test_client().get("/metrics", headers={"Authorization": header})
    assert reply.status_code == 403
    assert b"HUB_METRICS_TOKEN" in await reply.get_data(as_text=False)


@pytest.mark.parametrize(("address", "status"), [("10.1.2.3", 200), ("192.0.2.1", 403), ("nowhere", 403)])
async def test_a_network_needs_no_token(watched, address, status):
    settings = type(watched.hub.settings)(metrics=True, metrics_networks="10.0.0.0/8")
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "root_path": "",
        "headers": [],
        "client": (address, 1),
    }
    await measured(None, replace(watched.hub, settings=settings))(scope, None, send)
    assert sent[0]["status"] == status


async def test_requests_are_counted_by_the_pattern_of_their_route(watched):
    client = make_app(watched.hub).test_client()
    for path in ("/api/ping", "/api/ping", "/api/project/1", "/api/project/2", "/auth/login", "/nothing/at/all"):
        await client.get(path)
    samples = await scrape(client)
    assert value(samples, "hub_http_requests_total", method="GET", route="/api/ping", status="2xx") == 2
    at = {"method": "GET", "route": "/api/project/{project_id}"}
    assert value(samples, "hub_http_requests_total", **at, status="4xx") == 2
    assert value(samples, "hub_http_request_seconds_count", **at) == 2
    assert value(samples, "hub_http_request_seconds_bucket", **at, le="+Inf") == 2
    assert value(samples, "hub_http_requests_total", method="GET", route="/auth/login", status="2xx") == 1
    assert value(samples, "hub_http_requests_total", method="GET", route="", status="4xx") == 1
    assert not [name for name in samples if "project/1" in repr(name)]


async def test_tasks_workers_and_logs_are_told(watched):
    hub, scene = watched.hub, watched
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    tagged = await scene.template("hello.sh", name="tagged", runner_tag="blue")
    numbers = [await scene.launch(template) for _ in range(3)]
    await dispatch.admit(hub)
    await scene.launch(tagged)
    await run(hub, numbers[0])
    assert await claim(hub, numbers[1])
    samples = await scrape(make_app(hub).test_client())
    assert value(samples, "hub_tasks", status="running") == 1
    assert value(samples, "hub_tasks", status="waiting") == 1
    assert value(samples, "hub_queue_tasks", tag="blue") == 1
    assert value(samples, "hub_queue_tasks", tag="") == 1
    assert value(samples, "hub_queue_oldest_seconds") >= 0
    labels = {"status": "success", "app": "bash", "project_id": "", "template_id": ""}
    assert value(samples, "hub_tasks_finished_total", **labels) == 1
    assert value(samples, "hub_task_seconds_count", **labels) == 1
    assert value(samples, "hub_task_start_seconds_count", app="bash") == 2
    assert value(samples, "hub_leases_lost_total") == 0
    assert value(samples, "hub_info", version=__version__) == 1


async def test_without_its_database_a_node_tells_what_it_counted_itself(watched, monkeypatch):
    async def broken(*_):
        raise ConnectionRefusedError("no route to host db.internal")

    client = make_app(watched.hub).test_client()
    meters.SIGN_INS.add("failure")
    assert value(await scrape(client), "hub_database_up") == 1
    monkeypatch.setattr("hub.services.figures.rows", broken)
    told = await scrape(client)
    assert (value(told, "hub_database_up"), value(told, "hub_sign_ins_total", outcome="failure")) == (0, 1)
    assert not [
        name for name, _ in told if name.startswith(("hub_tasks", "hub_queue", "hub_workers")) and "total" not in name
    ]


def test_a_meter_never_holds_more_series_than_it_may(monkeypatch):
    monkeypatch.setattr(meters, "MOST", 3)
    counter = meters.Counter("x", "X.", ("a", "b"))
    spread = meters.Spread("y", "Y.", (1.0, 2.0), ("a",))
    for number in range(10):
        counter.add(str(number), "b")
        spread.see(number, str(number))
    assert counter.values[meters.OTHER, meters.OTHER] == 7
    assert len(counter.values) == len(spread.values) == 4
    assert spread.values[("1",)] == [1, 0, 0, 1]
    assert spread.values[meters.OTHER,][:3] == [0, 0, 7]


def test_a_log_of_objects_holds_request_task_and_error():
    record = logging.LogRecord("hub.x", logging.INFO, "f", 1, "two\nlines %s", ("here",), None)
    tokens = server_log.request_id.set("abcdefgh"), server_log.task_id.set(7)
    try:
        told = json.loads(formatter("json", "node1").format(record))
        assert formatter("text").format(record).endswith("two\\nlines here [abcdefgh task 7]")
    finally:
        server_log.request_id.reset(tokens[0])
        server_log.task_id.reset(tokens[1])
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "info", "logger": "hub.x", "message": "two\nlines here", "request_id": "abcdefgh", "task_id": 7,
        "node": "node1",
    }  # fmt: skip
    error = ValueError("broken")
    failed = logging.LogRecord("hub.x", logging.ERROR, "f", 1, "It failed.", (), (type(error), error, None))
    line = formatter("json").format(failed)
    assert "\n" not in line
    assert json.loads(line)["error"].endswith("ValueError: broken")


async def test_a_worker_answers_on_a_port_of_its_own_and_nothing_else(plugins):
    port = free_port()
    async with booted(plugins=plugins, metrics=True, metrics_networks="localhost", metrics_port=port) as hub:
        serving = asyncio.create_task(serve_metrics(hub))
        try:
            await answers(port, "the worker")
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                told = samples_of((await client.get("/metrics")).text)
                assert value(told, "hub_workers", state="active") == 0
                assert (await client.get("/api/ping")).status_code == 404
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
