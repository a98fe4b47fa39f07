"""The wire's WebSocket over a real server: api.md section 5."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub.models import Membership, Project, Repository, Template, Token
from hub.services.tasks import stop
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.carriers import SETUPS
from hub.testing.scene import commit_files
from hub.web import live
from hub.web.serve import GRACE

from .live_server import ended, live_server, messages, person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


both_setups = pytest.mark.parametrize("setup", SETUPS)


@pytest.fixture
async def server(scene):
    async with live_server(scene.hub) as one:
        yield one


async def other_template(scene) -> Template:
    """A template of a project that only administrators see."""
    project = await Project.create(name="Other", created=scene.hub.clock())
    repository = await Repository.create(
        project=project, name="o", git_url=str(scene.folder), git_branch="main", ssh_key_id=scene.repository.ssh_key_id
    )
    return await Template.create(project=project, repository=repository, app="bash", playbook="hello.sh", name="other")


@both_setups
async def test_a_run_is_told_in_the_wires_order(stage, server):
    async with server.socket(await server.token(stage.actor)) as socket:
        number = await stage.launch(await stage.template("hello.sh", name="Hello"))
        told = await messages(socket, ended(number))
    assert {one["task_id"] for one in told} == {number}
    order = [one["status"] if one["type"] == "update" else one["output"] for one in told]
    assert order[:2] == ["waiting", "starting"]
    assert order[2:6] == [f"Task Hello {number} added to queue", f"Started: {number}",
                          "Run TaskRunner with template: Hello", "running"]  # fmt: skip
    assert order[-2:] == ["hello", "success"]


async def test_messages_have_the_wires_members(stage, server):
    async with server.socket(await server.token(stage.actor)) as socket:
        number = await stage.launch(await stage.template("hello.sh", type="build", start_version="1.0"))
        told = await messages(socket, ended(number))
    task = await stage.task(number)
    for one in told:
        assert one["project_id"] == stage.project.id
        if one["type"] == "log":
            assert set(one) == {"type", "project_id", "task_id", "output", "time", "seq"}
            assert TIME.fullmatch(one["time"])
            assert not one["output"].endswith("\n")
        else:
            assert set(one) == {"type", "project_id", "template_id", "task_id", "status", "start", "end", "version"}
            assert (one["template_id"], one["version"]) == (task["template_id"], "1.0")
    updates = [one for one in told if one["type"] == "update"]
    assert [one["start"] is not None for one in updates] == [False, False, True, True]
    assert [one["end"] is not None for one in updates] == [False, False, False, True]
    assert TIME.fullmatch(updates[-1]["end"])
    assert [one["seq"] for one in told if one["type"] == "log"] == list(range(len(told) - len(updates)))


async def test_frames_are_one_json_object_each_without_a_newline(stage, server):
    async with server.socket(await server.token(stage.actor)) as socket:
        await stage.launch(await stage.template("hello.sh"))
        for _ in range(4):
            frame = await socket.recv()
            assert isinstance(frame, str)
            assert not frame.endswith("\n")
            assert isinstance(json.loads(frame), dict)


async def test_every_line_of_a_long_task_arrives_for_every_client(stage, server):
    commit_files(stage.folder, {"long.sh": "seq 1 10000\n"}, "long")
    token = await server.token(stage.actor)
    async with server.socket(token) as one, server.socket(token) as two:
        number = await stage.launch(await stage.template("long.sh"))
        for told in await asyncio.gather(*[messages(socket, ended(number)) for socket in (one, two)]):
            lines = [message["output"] for message in told if message["type"] == "log"]
            assert lines == await stage.lines(number)
            assert told[-1]["status"] == "success"


@both_setups
async def test_tasks_at_the_same_time_are_all_told_whole(stage, server):
    template = await stage.template("four_hundred.sh", allow_parallel_tasks=True)
    async with server.socket(await server.token(stage.actor)) as socket:
        numbers = [await stage.launch(template) for _ in range(12)]
        told = await messages(socket, ended(*numbers))
    for number in numbers:
        mine = [one for one in told if one["task_id"] == number]
        assert [one["output"] for one in mine if one["type"] == "log"] == await stage.lines(number)
        statuses = [one["status"] for one in mine if one["type"] == "update"]
        assert statuses == ["waiting", "starting", "running", "success"]
        assert mine[-1]["type"] == "update"


async def test_a_stop_is_told_as_stopping_and_stopped(stage, server):
    async with server.socket(await server.token(stage.actor)) as socket:
        number = await stage.launch(await stage.template("wait.sh"))
        await stage.until_line(number, "begun")
        await stop.stop(stage.hub, stage.actor, stage.project.id, number)
        told = await messages(socket, ended(number))
    assert [one["status"] for one in told if one["type"] == "update"][-2:] == ["stopping", "stopped"]


async def test_of_a_task_that_ran_before_only_what_is_new_is_told(stage, server, tmp_path):
    go = tmp_path / "go"
    script = f"echo before; while [ ! -e {go} ]; do sleep 0.05; done; echo after\n"
    commit_files(stage.folder, {"two.sh": script}, "two")
    number = await stage.launch(await stage.template("two.sh"))
    await stage.until_line(number, "before")
    async with server.socket(await server.token(stage.actor)) as socket:
        go.touch()
        told = await messages(socket, ended(number))
    assert [one.get("output", one.get("status")) for one in told] == ["after", "success"]


@both_setups
async def test_nothing_is_told_of_projects_that_one_may_not_see(stage, server):
    member = await person(stage, "member", role="guest")
    hidden = await other_template(stage)
    admin = await server.token(stage.actor)
    async with server.socket(await server.token(member)) as narrow, server.socket(admin) as wide:
        secret = await launch(stage.hub, stage.actor, hidden.project_id, TaskDraft(template_id=hidden.id))
        number = await stage.launch(await stage.template("hello.sh"))
        seen = await messages(narrow, ended(number))
        everything = await messages(wide, ended(number, secret["id"]))
    assert {one["task_id"] for one in seen} == {number}
    assert {one["task_id"] for one in everything} == {number, secret["id"]}


async def test_a_membership_that_was_taken_away_silences_at_once(stage, server):
    member = await person(stage, "member", role="guest")
    template = await stage.template("hello.sh", allow_parallel_tasks=True)
    async with server.socket(await server.token(member)) as socket:
        first = await stage.launch(template)
        await messages(socket, ended(first))
        await Membership.filter(user_id=member.user_id).delete()
        await stage.run(template)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await socket.recv()


async def test_a_token_that_was_deleted_closes_the_connection(scene, server, monkeypatch):
    monkeypatch.setattr(live, "POLL", 0.2)
    async with server.socket(await server.token(scene.actor)) as socket:
        await Token.all().delete()
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(20):
                await socket.recv()


async def test_nobody_connects_without_being_known(server):
    with pytest.raises(InvalidStatus) as refusal:
        async with server.socket("wrong"):
            raise AssertionError("it let a stranger in")
    assert refusal.value.response.status_code == 401


async def test_a_page_of_another_site_cannot_use_our_cookie_w62(scene, server):
    from websockets.asyncio.client import connect

    headers = {"Cookie": "semaphore=whatever"}
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(
            f"ws://127.0.0.1:{server.port}/api/ws", additional_headers=headers, origin="https://evil.example.org"
        ):
            raise AssertionError("it let a foreign page in")
    assert refusal.value.response.status_code == 403


async def test_what_a_client_says_is_ignored(stage, server):
    async with server.socket(await server.token(stage.actor)) as socket:
        for words in ("hello", "{}", '{"type": "subscribe"}', b"\0\xff", ""):
            await socket.send(words)
        number = await stage.launch(await stage.template("hello.sh"))
        assert (await messages(socket, ended(number)))[-1]["status"] == "success"


async def test_a_client_that_says_too_much_is_shown_out(scene, server):
    async with server.socket(await server.token(scene.actor)) as socket:
        await socket.send("x" * 512)
        await socket.send("x" * 513)
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(20):
                await socket.recv()


async def test_a_slow_client_gets_everything_and_holds_up_nobody_w45(stage, server):
    commit_files(stage.folder, {"long.sh": "seq 1 30000\n"}, "long")
    token = await server.token(stage.actor)
    async with server.socket(token) as slow:
        slow.transport.pause_reading()
        number = await stage.launch(await stage.template("long.sh"))
        assert (await stage.until(number))["status"] == "success"
        slow.transport.resume_reading()
        told = await messages(slow, ended(number))
    assert [one["output"] for one in told if one["type"] == "log"] == await stage.lines(number)


@both_setups
async def test_a_ring_that_says_anything_may_be_new_is_answered_with_all_that_is(stage, server):
    """As when Redis was away: what was launched and ended meanwhile is told as well."""
    async with server.socket(await server.token(stage.actor)) as socket:
        bell = stage.hub.bell
        local = getattr(bell, "_local", bell)
        real, local.sound = local.sound, lambda topic: None if topic.startswith("task/") else real(topic)
        try:
            number = await stage.launch(await stage.template("hello.sh"))
            assert (await stage.until(number))["status"] == "success"
        finally:
            del local.sound
        local.sound_everything()
        told = await messages(socket, ended(number))
    statuses = [one["status"] for one in told if one["type"] == "update"]
    assert statuses == ["waiting", "starting", "running", "success"]


async def test_connections_end_at_once_when_the_server_stops(scene):
    async with live_server(scene.hub) as server, server.socket(await server.token(scene.actor)) as socket:
        server.stop.set()
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(live.POLL / 2):
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        async with asyncio.timeout(GRACE / 2):
            await asyncio.wait({server.serving})


async def test_a_connection_that_was_closed_does_not_hold_the_server(scene):
    """Its pings must end with it."""
    async with live_server(scene.hub) as server:
        async with server.socket(await server.token(scene.actor)):
            pass
        server.stop.set()
        async with asyncio.timeout(GRACE / 2):
            await asyncio.wait({server.serving})
