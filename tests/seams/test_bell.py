"""What both bells promise."""

from __future__ import annotations

import asyncio

import pytest

from hub.bell import Bell
from hub.bell.memory import LIMIT

PATIENCE = 20.0


async def test_a_ring_between_listen_and_wait_is_not_missed(bell: Bell) -> None:
    async with bell.listen("task/1/7") as ears:
        await bell.ring("task/1/7")
        assert await ears.wait(PATIENCE) == {"task/1/7"}


async def test_a_ring_wakes_who_already_waits(bell: Bell) -> None:
    async with bell.listen("task/1/7") as ears:
        waiting = asyncio.create_task(ears.wait(PATIENCE))
        await asyncio.sleep(0)
        await bell.ring("task/1/7")
        assert await waiting == {"task/1/7"}


async def test_rings_between_two_waits_are_all_told_and_each_topic_once(bell: Bell) -> None:
    async with bell.listen("task") as ears:
        for topic in ("task/1/7", "task/1/8", "task/1/7", "task/1/7"):
            await bell.ring(topic)
        assert await ears.wait(PATIENCE) == {"task/1/7", "task/1/8"}
        assert await ears.wait(0.05) == set()


async def test_a_ring_is_heard_once_by_its_own_process(bell: Bell) -> None:
    async with bell.listen("queue") as ears:
        await bell.ring("queue")
        assert await ears.wait(PATIENCE) == {"queue"}
        assert await ears.wait(0.1) == set()


async def test_silence_ends_with_nothing(bell: Bell) -> None:
    async with bell.listen("queue") as ears:
        assert await ears.wait(0.01) == set()
        assert await ears.wait(0) == set()


@pytest.mark.parametrize(
    ("prefix", "heard"),
    [
        ("task/1", {"task/1", "task/1/7"}),
        ("task/1/", {"task/1", "task/1/7"}),
        ("task/1/7", {"task/1/7"}),
        ("task", {"task/1", "task/1/7", "task/12/7"}),
        ("", {"task/1", "task/1/7", "task/12/7", "queue"}),
        ("stop", set()),
    ],
)
async def test_a_prefix_covers_whole_parts_of_a_path(bell: Bell, prefix: str, heard: set[str]) -> None:
    async with bell.listen(prefix) as ears:
        for topic in ("task/1", "task/1/7", "task/12/7", "queue"):
            await bell.ring(topic)
        assert await ears.wait(0.01) == heard


async def test_one_listener_hears_several_prefixes(bell: Bell) -> None:
    async with bell.listen("task/1", "stop", "task") as ears:
        for topic in ("task/1/7", "stop/7", "queue"):
            await bell.ring(topic)
        assert await ears.wait(PATIENCE) == {"task/1/7", "stop/7"}


async def test_every_listener_hears_the_same_ring(bell: Bell) -> None:
    async with bell.listen("task") as first, bell.listen("task/1") as second:
        await bell.ring("task/1/7")
        assert await first.wait(PATIENCE) == await second.wait(PATIENCE) == {"task/1/7"}


async def test_who_left_is_forgotten(bell: Bell) -> None:
    async with bell.listen("task") as ears:
        pass
    await bell.ring("task/1/7")
    assert await ears.wait(0.01) == set()


async def test_a_cancelled_wait_loses_no_ring(bell: Bell) -> None:
    async with bell.listen("task") as ears:
        waiting = asyncio.create_task(ears.wait(None))
        await asyncio.sleep(0)
        await bell.ring("task/1/7")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await ears.wait(PATIENCE) == {"task/1/7"}


async def test_a_listener_that_never_waits_costs_bounded_memory(bell: Bell) -> None:
    async with bell.listen("task", "stop") as ears:
        for number in range(LIMIT):
            await bell.ring(f"task/1/{number}")
        await bell.ring("task/1/one-too-many")
        await bell.ring("task/1/and-another")
        assert await ears.wait(PATIENCE) == {"task", "stop"}
        await bell.ring("task/1/7")
        assert "task/1/7" in await ears.wait(PATIENCE)


async def test_a_listener_names_what_it_listens_to(bell: Bell) -> None:
    with pytest.raises(ValueError, match="at least one prefix"):
        async with bell.listen():
            pass


async def test_a_closed_bell_is_silent_and_never_raises(bell: Bell) -> None:
    await bell.aclose()
    await bell.ring("queue")
