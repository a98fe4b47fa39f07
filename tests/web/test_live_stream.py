"""The event stream of one task over a real server: nothing missing, nothing twice, wherever it is cut. W-45."""

from __future__ import annotations

import asyncio
import random

import pytest

from hub.models import Membership, Session, Task, Token
from hub.services import log, sessions
from hub.services.log import Piece
from hub.services.tasks import dispatch, leases, stop
from hub.testing.carriers import SETUPS
from hub.testing.scene import commit_files
from hub.web import live
from hub.web.actor import COOKIE

from .live_server import live_server, person

both_setups = pytest.mark.parametrize("setup", SETUPS)


@pytest.fixture
async def server(scene):
    async with live_server(scene.hub) as one:
        yield one


async def claimed(scene, lines: list[str]) -> int:
    number = await scene.launch(await scene.template("hello.sh"))
    await dispatch.admit(scene.hub)
    times = [[0, 0], [len(lines) // 2, 30]] if len(lines) > 1 else [[0, 0]]
    piece = Piece("\n".join(lines), len(lines), scene.hub.clock(), times)
    await leases.claim(scene.hub, number, lambda _: piece)
    return number


@both_setups
async def test_a_finished_task_is_told_whole_with_its_state_last(stage, server):
    task = await stage.run(await stage.template("four_hundred.sh"))
    stream = server.stream(await server.token(stage.actor), stage.project.id, task["id"])
    await stream.read()
    assert stream.lines == await stage.lines(task["id"])
    assert stream.numbers == list(range(len(stream.lines)))
    assert [name for name, _ in stream.events[-2:]] == ["state", "end"]
    state = stream.events[-2][1]
    assert (state["type"], state["status"], state["task_id"]) == ("update", "success", task["id"])
    assert state["log_lines"] == len(stream.lines)
    assert state["start"].endswith("Z")


@pytest.mark.parametrize("first", [0, 1, 5, 9, 10, 400, 10**12])
async def test_it_begins_at_any_line(scene, server, first):
    wanted = [f"line {number}" for number in range(10)]
    number = await claimed(scene, wanted)
    await log.append(scene.hub, scene.project.id, number, 1, 10, Piece("ten\neleven", 2, scene.hub.clock()))
    await stop.stop(scene.hub, scene.actor, scene.project.id, number)
    await leases.recover(scene.hub, [scene.hub.node])
    for how in ({"from": first}, {}):
        stream = server.stream(await server.token(scene.actor), scene.project.id, number)
        stream.last_id = "" if how else str(first)
        await stream.read(**how)
        assert stream.lines == [*wanted, "ten", "eleven"][first:]
        assert stream.over


@pytest.mark.parametrize("odd", ["-1", "x", "1e3", "٣", ""])
async def test_an_odd_place_to_begin_is_the_beginning(scene, server, odd):
    number = await claimed(scene, ["only"])
    await leases.recover(scene.hub, [scene.hub.node])
    stream = server.stream(await server.token(scene.actor), scene.project.id, number)
    await stream.read(**{"from": odd})
    assert stream.lines == ["only"]


@both_setups
@pytest.mark.parametrize("seed", range(3))
async def test_cut_at_random_places_nothing_is_missing_and_nothing_twice(stage, server, seed):
    choose = random.Random(seed)
    script = "for i in $(seq 1 60); do seq 1 40; sleep 0.02; done; seq 1 9000; echo end\n"
    commit_files(stage.folder, {"fast.sh": script}, "fast")
    number = await stage.launch(await stage.template("fast.sh"))
    stream = server.stream(await server.token(stage.actor), stage.project.id, number)
    for _ in range(12):
        await stream.read(cut_after=choose.choice([10, 1500, 4000]))
    assert not stream.over
    while not stream.over:
        await stream.read(cut_after=200_000)
    assert stream.numbers == list(range(len(stream.numbers)))
    assert stream.lines == await stage.lines(number)
    assert stream.lines[-1] == "end"
    assert stream.states[-1] == "success"


async def test_a_reader_sees_a_task_from_waiting_to_its_end(stage, server):
    commit_files(stage.folder, {"slow.sh": "echo one; sleep 0.3; echo two\n"}, "slow")
    number = await stage.launch(await stage.template("slow.sh"))
    stream = server.stream(await server.token(stage.actor), stage.project.id, number)
    await stream.read()
    assert stream.lines[-2:] == ["one", "two"]
    assert stream.states[-1] == "success"
    order = ["waiting", "starting", "running", "success"]
    assert [order.index(one) for one in stream.states] == sorted(order.index(one) for one in stream.states)


@both_setups
async def test_an_unfinished_line_is_told_and_then_the_whole_one(stage, server):
    commit_files(stage.folder, {"ask.sh": "printf 'Continue? '; sleep 600\n"}, "ask")
    number = await stage.launch(await stage.template("ask.sh"))
    stream = server.stream(await server.token(stage.actor), stage.project.id, number)
    reading = asyncio.create_task(stream.read())
    async with asyncio.timeout(60):
        while not any(name == "unfinished" for name, _ in stream.events):
            await asyncio.sleep(0.02)
    told = [data for name, data in stream.events if name == "unfinished"]
    assert told == [{"n": len(stream.lines), "s": "Continue? "}]
    later = server.stream(await server.token(stage.actor), stage.project.id, number)
    coming = asyncio.create_task(later.read(**{"from": len(stream.lines)}))
    async with asyncio.timeout(60):
        while not any(name == "unfinished" for name, _ in later.events):
            await asyncio.sleep(0.02)
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    await asyncio.gather(reading, coming)
    assert "Continue? " in stream.lines
    assert "Continue? " in later.lines
    assert stream.lines == await stage.lines(number)


async def test_a_slow_reader_gets_everything_and_holds_up_nobody(stage, server):
    commit_files(stage.folder, {"much.sh": "seq 1 120000\n"}, "much")
    number = await stage.launch(await stage.template("much.sh"))
    token = await server.token(stage.actor)
    slow = server.stream(token, stage.project.id, number)
    reading = asyncio.create_task(slow.read(cut_after=1))
    assert (await stage.until(number))["status"] == "success"
    await reading
    await slow.read()
    assert slow.lines[-120000:] == [str(one) for one in range(1, 120001)]


async def test_a_reader_whose_membership_was_taken_away_is_shown_out(scene, server, monkeypatch):
    monkeypatch.setattr(live, "POLL", 0.2)
    reader = await person(scene, "reader", role="guest")
    number = await claimed(scene, ["secret plans"])
    stream = server.stream(await server.token(reader), scene.project.id, number)
    reading = asyncio.create_task(stream.read())
    async with asyncio.timeout(20):
        while not stream.lines:
            await asyncio.sleep(0.02)
        await Membership.filter(user_id=reader.user_id).delete()
        await reading
    assert not stream.over
    await stream.read()
    assert stream.status == 404


@pytest.mark.parametrize("how", ["token", "session"])
async def test_a_reader_who_is_signed_out_is_shown_out(scene, server, monkeypatch, how):
    monkeypatch.setattr(live, "POLL", 0.2)
    number = await claimed(scene, ["line"])
    stream = server.stream(await server.token(scene.actor), scene.project.id, number)
    if how == "session":
        secret = await sessions.open_session(scene.hub, scene.actor.user_id, ip="127.0.0.1", user_agent="a browser")
        stream.cookie = f"{COOKIE}={secret}"
    reading = asyncio.create_task(stream.read())
    async with asyncio.timeout(20):
        while not stream.lines:
            await asyncio.sleep(0.02)
        await (Token if how == "token" else Session).all().delete()
        await reading
    assert not stream.over


async def test_a_task_that_is_deleted_ends_its_streams(scene, server, monkeypatch):
    monkeypatch.setattr(live, "POLL", 0.2)
    number = await claimed(scene, ["line"])
    stream = server.stream(await server.token(scene.actor), scene.project.id, number)
    reading = asyncio.create_task(stream.read())
    async with asyncio.timeout(20):
        while not stream.lines:
            await asyncio.sleep(0.02)
        await Task.filter(id=number).delete()
        await reading


async def test_strangers_hear_nothing(scene, server):
    number = await claimed(scene, ["line"])
    stranger = await person(scene, "stranger")
    for token, status in ((await server.token(stranger), 404), ("wrong", 401)):
        stream = server.stream(token, scene.project.id, number)
        await stream.read()
        assert (stream.status, stream.lines) == (status, [])
    unknown = server.stream(await server.token(scene.actor), scene.project.id, 4711)
    await unknown.read()
    assert unknown.status == 404


async def test_a_silent_stream_gives_signs_of_life(scene, server, monkeypatch):
    import httpx

    monkeypatch.setattr(live, "POLL", 0.1)
    number = await claimed(scene, ["line"])
    stream = server.stream(await server.token(scene.actor), scene.project.id, number)
    headers = {"Authorization": f"Bearer {stream.token}"}
    async with httpx.AsyncClient(verify=False) as client, client.stream("GET", stream.url, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        seen = b""
        async with asyncio.timeout(20):
            async for piece in response.aiter_raw():
                seen += piece
                if seen.count(b": still here\n\n") >= 2:
                    break


async def test_streams_end_at_once_when_the_server_stops(scene):
    async with live_server(scene.hub) as server:
        number = await claimed(scene, ["line"])
        stream = server.stream(await server.token(scene.actor), scene.project.id, number)
        reading = asyncio.create_task(stream.read())
        async with asyncio.timeout(20):
            while not stream.lines:
                await asyncio.sleep(0.02)
        server.stop.set()
        async with asyncio.timeout(live.POLL / 2):
            await reading
    assert not stream.over
