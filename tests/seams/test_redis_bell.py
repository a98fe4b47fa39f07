"""What the bell does between processes, and when Redis goes away."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
from collections.abc import Callable

import pytest

from hub.bell import Bell, Ears
from hub.bell.memory import LIMIT
from hub.testing.redis_server import RedisServer

Open = Callable[[], Bell]

PATIENCE = 20.0


async def hears(ears: Ears, topic: str) -> bool:
    """Wait until `topic` is among what was rung."""
    async with asyncio.timeout(PATIENCE):
        while topic not in await ears.wait():
            pass
    return True


OTHER = """
    import asyncio, sys
    from hub.bell.redis import RedisBell

    async def main():
        bell = RedisBell(sys.argv[1])
        async with bell.listen("ask") as ears:
            print("listening", flush=True)
            for topic in await ears.wait(20):
                await bell.ring(topic.replace("ask", "answer"))
        await bell.aclose()

    asyncio.run(main())
"""


async def test_a_ring_crosses_processes_both_ways(server: RedisServer, open_bell: Open) -> None:
    bell = open_bell()
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(OTHER), server.url, stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout
    async with bell.listen("answer") as ears:
        async with asyncio.timeout(PATIENCE):
            assert await other.stdout.readline() == b"listening\n"
        await bell.ring("ask/7")
        assert await ears.wait(PATIENCE) == {"answer/7"}
    assert await other.wait() == 0


async def test_once_entered_no_ring_of_another_process_is_missed(open_bell: Open) -> None:
    ringer = open_bell()
    for number in range(20):
        listener = open_bell()
        async with listener.listen("task") as ears:
            await ringer.ring(f"task/1/{number}")
            assert await ears.wait(PATIENCE) == {f"task/1/{number}"}


async def test_a_flush_does_not_disturb_the_bell(server: RedisServer, open_bell: Open) -> None:
    ringer, listener = open_bell(), open_bell()
    async with listener.listen("task") as ears:
        server.flush()
        await ringer.ring("task/1/7")
        assert await ears.wait(PATIENCE) == {"task/1/7"}


async def test_a_connection_found_again_rings_every_prefix(
    server: RedisServer, open_bell: Open, caplog: pytest.LogCaptureFixture
) -> None:
    ringer, listener = open_bell(), open_bell()
    with caplog.at_level(logging.INFO):
        async with listener.listen("task/1", "stop") as ears, listener.listen("queue") as others:
            for _ in range(2):
                server.stop()
                assert await ears.wait(0.3) == set()
                server.start()
                assert await ears.wait(PATIENCE) == {"task/1", "stop"}
                assert await others.wait(PATIENCE) == {"queue"}
                await ringer.ring("task/1/7")
                assert await hears(ears, "task/1/7")
    assert len([message for message in caplog.messages if "does not serve the bell" in message]) == 2
    assert len([message for message in caplog.messages if "serves the bell again" in message]) == 2
    assert len(caplog.messages) == 4


async def test_a_broken_connection_alone_rings_every_prefix(server: RedisServer, open_bell: Open) -> None:
    listener = open_bell()
    async with listener.listen("task") as ears:
        server.command("CLIENT", "KILL", "TYPE", "pubsub")
        assert await ears.wait(PATIENCE) == {"task"}


async def test_a_connection_that_died_without_a_word_is_noticed(
    server: RedisServer, open_bell: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.redis_link._ANSWER", 0.2)
    monkeypatch.setattr("hub.redis_link._SILENCE", 0.2)
    listener = open_bell()
    async with listener.listen("task") as ears:
        assert await ears.wait(1.0) == set()  # a silent Redis that answers pings is not lost
        server.freeze()
        assert await ears.wait(1.0) == set()
        server.thaw()
        assert await ears.wait(PATIENCE) == {"task"}


async def test_listening_begins_without_redis_and_rings_when_it_comes(server: RedisServer, open_bell: Open) -> None:
    server.stop()
    listener = open_bell()
    async with listener.listen("task") as ears:
        await listener.ring("task/1/7")  # within one process a ring needs no Redis
        assert await ears.wait(PATIENCE) == {"task/1/7"}
        server.start()
        assert await ears.wait(PATIENCE) == {"task"}


async def test_rings_made_while_redis_is_away_are_sent_when_it_is_back(server: RedisServer, open_bell: Open) -> None:
    ringer, listener = open_bell(), open_bell()
    async with listener.listen("task") as ears:
        await ringer.ring("task/0")
        assert await hears(ears, "task/0")
        server.stop()
        await ringer.ring("task/1/7")
        server.start()
        assert await ears.wait(PATIENCE) <= {"task", "task/1/7"}
    async with asyncio.timeout(PATIENCE):
        while ringer._outbox:
            await asyncio.sleep(0.01)


async def test_rings_wait_in_bounded_memory(server: RedisServer, open_bell: Open) -> None:
    ringer = open_bell()
    server.stop()
    for number in range(2 * LIMIT):
        await ringer.ring(f"task/{number}")
    assert len(ringer._outbox) <= LIMIT


async def test_closing_sends_the_last_rings(open_bell: Open) -> None:
    ringer, listener = open_bell(), open_bell()
    async with listener.listen("task") as ears:
        await ringer.ring("task/1/7")
        await ringer.aclose()
        assert await ears.wait(PATIENCE) == {"task/1/7"}


async def test_closing_without_redis_does_not_hang(server: RedisServer, open_bell: Open) -> None:
    server.stop()
    ringer = open_bell()
    await ringer.ring("task/1/7")
    async with asyncio.timeout(PATIENCE):
        await ringer.aclose()
