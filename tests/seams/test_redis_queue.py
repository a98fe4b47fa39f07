"""What the queue does when Redis, a worker or a clock misbehaves."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from hub.errors import SettingsError, Unavailable
from hub.queue import QUESTIONS, TASKS, Queue
from hub.testing.redis_server import RedisServer

from .inbox import PATIENCE, Inbox, serving

Open = Callable[[], Queue]


async def send_when_it_can(queue: Queue, lane: str, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await queue.send(lane, number)
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_sending_without_redis_says_so_in_a_sentence(server: RedisServer, open_queue: Open) -> None:
    queue = open_queue()
    await queue.send(TASKS, 1)
    server.stop()
    with pytest.raises(Unavailable, match=r"^Redis at \S+ does not take work .*\.$"):
        await queue.send(TASKS, 2)
    server.start()
    await queue.send(TASKS, 3)


async def test_a_redis_that_lost_what_it_held_says_so_once_to_each(server: RedisServer, open_queue: Open) -> None:
    one, two = open_queue(), open_queue()
    assert [await queue.forgot() for queue in (one, two, one, two)] == [False] * 4
    server.flush()
    late = open_queue()
    assert [await queue.forgot() for queue in (late, one, two, one, two, late)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    server.stop()
    with pytest.raises(Unavailable):
        await one.forgot()
    server.start()
    assert [await queue.forgot() for queue in (one, one)] == [True, False]


async def test_a_redis_that_hangs_is_noticed_and_survived(
    server: RedisServer,
    open_queue: Open,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("hub.redis_link._ANSWER", 0.2)
    monkeypatch.setattr("hub.redis_link._SILENCE", 0.2)
    queue = open_queue()
    async with serving(queue, inbox.work):
        await queue.send(TASKS, 1)
        await inbox.until(lambda: len(inbox.ended) == 1)
        server.freeze()
        try:
            with pytest.raises(Unavailable):
                await queue.send(TASKS, 2)
            await said(caplog, "does not serve the queue")
        finally:
            server.thaw()
        await send_when_it_can(queue, TASKS, 3)
        await inbox.until(lambda: (TASKS, 3) in inbox.ended)


@pytest.mark.parametrize("slots", [1, 4])
async def test_serving_survives_redis_going_away_and_coming_back_empty(
    server: RedisServer, open_queue: Open, inbox: Inbox, slots: int, caplog: pytest.LogCaptureFixture
) -> None:
    queue, sender = open_queue(), open_queue()
    with caplog.at_level(logging.INFO):
        async with serving(queue, inbox.work, slots=slots):
            for number in range(1, 4):
                await sender.send(TASKS, number)
                await inbox.until(lambda number=number: (TASKS, number) in inbox.ended)
                caplog.clear()
                server.stop()
                await said(caplog, "does not serve the queue")
                await asyncio.sleep(0.3)  # time for several attempts
                server.start()
                await said(caplog, "serves the queue again")
                assert len(caplog.messages) == 2, caplog.messages
            await sender.send(TASKS, 4)
            await inbox.until(lambda: (TASKS, 4) in inbox.ended)


async def test_serving_may_begin_before_redis_is_there(server: RedisServer, open_queue: Open, inbox: Inbox) -> None:
    server.stop()
    queue = open_queue()
    async with serving(queue, inbox.work):
        with pytest.raises(Unavailable):
            await queue.send(TASKS, 1)
        server.start()
        await send_when_it_can(queue, TASKS, 1)
        await inbox.until(lambda: inbox.ended)


async def test_work_under_way_does_not_notice_that_redis_is_gone(
    server: RedisServer, open_queue: Open, inbox: Inbox
) -> None:
    queue = open_queue()
    inbox.gate.clear()
    async with serving(queue, inbox.work) as serving_task:
        await queue.send(TASKS, 1)
        await inbox.until(lambda: inbox.arrived)
        server.stop()
        serving_task.cancel()
        inbox.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await serving_task
    assert inbox.ended == [(TASKS, 1)]


async def test_a_flushed_redis_forgets_messages_but_not_how_to_serve(
    server: RedisServer, open_queue: Open, inbox: Inbox
) -> None:
    queue = open_queue()
    await queue.send(TASKS, 1)
    server.flush()
    async with serving(queue, inbox.work):
        await queue.send(TASKS, 2)
        await inbox.until(lambda: inbox.ended)
        server.flush()
        await queue.send(TASKS, 1)
        await inbox.until(lambda: len(inbox.ended) == 2)
    assert inbox.ended == [(TASKS, 2), (TASKS, 1)]


async def test_nothing_is_left_in_redis_when_all_work_is_done(
    server: RedisServer, open_queue: Open, inbox: Inbox
) -> None:
    queue = open_queue()
    inbox.gate.clear()
    async with serving(queue, inbox.work, lanes=[TASKS, QUESTIONS]):
        await queue.send(TASKS, 1)
        await queue.send(QUESTIONS, 1)
        await inbox.until(lambda: len(inbox.arrived) == 2)
        assert server.command("DBSIZE") == b":0\r\n"  # taken is forgotten, so a killed worker leaves nothing behind
        inbox.gate.set()


async def test_a_sender_whose_clock_is_ahead_is_served_at_once(open_queue: Open, inbox: Inbox) -> None:
    queue = open_queue()
    with mock.patch("hub.queue.arq.datetime") as clock:
        clock.now.return_value = datetime.now(UTC) + timedelta(hours=1)
        await queue.send(TASKS, 1)
    async with serving(queue, inbox.work):
        await inbox.until(lambda: inbox.ended)


async def test_rubbish_on_a_lane_is_thrown_away(
    server: RedisServer, open_queue: Open, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    queue = open_queue()
    for member in ("hub:lane:tasks:no-number", "hub:lane:questions:5", "../../x"):
        server.command("ZADD", "hub:lane:tasks", "1", member)
    server.command("SET", "arq:job:hub:lane:tasks:6", "\x80\x04cposix\nsystem\n(S'exit'\ntR.")
    server.command("ZADD", "hub:lane:tasks", "1", "hub:lane:tasks:6")
    async with serving(queue, inbox.work):
        await queue.send(TASKS, 7)
        await inbox.until(lambda: inbox.ended)
    assert inbox.arrived == [(TASKS, 7)]
    assert server.command("ZCARD", "hub:lane:tasks") == b":0\r\n"
    assert "thrown away" in caplog.text


async def test_a_password_in_the_address_is_never_told(open_queue: Open, caplog: pytest.LogCaptureFixture) -> None:
    from hub.queue.arq import ArqQueue

    queue = ArqQueue("redis://jane:hunter2@127.0.0.1:1/0")
    with pytest.raises(Unavailable) as failure:
        await queue.send(TASKS, 1)
    async with serving(queue, Inbox().work):
        await said(caplog, "127.0.0.1:1 does not serve")
    await queue.aclose()
    with pytest.raises(SettingsError) as malformed:
        ArqQueue("http://jane:hunter2@nowhere")
    told = f"{failure.value} {malformed.value} {caplog.text}"
    assert "hunter2" not in told
    assert "jane" not in told


WORKER = """
    import asyncio, sys
    from hub.queue.arq import ArqQueue

    async def work(lane, number):
        print(number, flush=True)
        await asyncio.sleep(3600)

    asyncio.run(ArqQueue(sys.argv[1]).serve(["tasks"], work, slots=2))
"""


async def test_a_number_whose_worker_was_killed_may_be_sent_again(
    server: RedisServer, open_queue: Open, inbox: Inbox
) -> None:
    queue = open_queue()
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(WORKER), server.url, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout
    await queue.send(TASKS, 1)
    async with asyncio.timeout(PATIENCE):
        assert await worker.stdout.readline() == b"1\n"
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    async with serving(queue, inbox.work):
        await queue.send(TASKS, 1)
        await inbox.until(lambda: inbox.ended == [(TASKS, 1)])


async def said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while words not in caplog.text:
            await asyncio.sleep(0.01)
