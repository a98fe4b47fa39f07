"""The tally: both twins count alike, and the shared one counts for all nodes."""

from __future__ import annotations

import asyncio

from hub.context import utc_now
from hub.tally import Charge, Tally
from hub.testing.redis_server import RedisServer

from .conftest import redis_tally

FEW = Charge("few", 3, 300.0)
MANY = Charge("many", 100, 300.0)


async def test_a_burst_passes_and_then_one_has_to_wait(tally: Tally) -> None:
    assert [await tally.take([FEW, MANY], utc_now()) for _ in range(3)] == [0, 0, 0]
    assert 99 < await tally.take([FEW, MANY], utc_now()) <= 100


async def test_many_at_once_gain_nothing(tally: Tally) -> None:
    waits = await asyncio.gather(*[tally.take([FEW], utc_now()) for _ in range(20)])
    assert waits.count(0) == 3


async def test_a_refused_attempt_takes_no_place_anywhere(tally: Tally) -> None:
    for _ in range(200):
        await tally.take([FEW, MANY], utc_now())
    assert [await tally.take([MANY], utc_now()) for _ in range(97)] == [0] * 97


async def test_places_come_back_with_time(tally: Tally) -> None:
    quick = Charge("quick", 2, 0.4)
    await tally.take([quick], utc_now())
    await tally.take([quick], utc_now())
    async with asyncio.timeout(20):
        while wait := await tally.take([quick], utc_now()):
            assert wait <= 0.2
            await asyncio.sleep(wait)


async def test_what_is_forgiven_can_be_taken_again(tally: Tally) -> None:
    for _ in range(3):
        await tally.take([FEW], utc_now())
    await tally.give_back(FEW, utc_now())
    assert await tally.take([FEW], utc_now()) == 0
    assert await tally.take([FEW], utc_now()) > 0
    await tally.forget(FEW.key)
    assert [await tally.take([FEW], utc_now()) for _ in range(3)] == [0, 0, 0]


async def test_giving_back_too_much_makes_no_more_places(tally: Tally) -> None:
    for _ in range(10):
        await tally.give_back(FEW, utc_now())
    assert [bool(await tally.take([FEW], utc_now())) for _ in range(4)] == [False, False, False, True]


async def test_nodes_count_together(server: RedisServer) -> None:
    nodes = [redis_tally(server.url) for _ in range(3)]
    assert [await one.take([FEW], utc_now()) for one in nodes] == [0, 0, 0]
    assert all([await one.take([FEW], utc_now()) for one in nodes])
    for one in nodes:
        await one.aclose()


async def test_without_redis_each_node_counts_for_itself(server: RedisServer) -> None:
    node = redis_tally(server.url)
    server.stop()
    assert [bool(await node.take([FEW], utc_now())) for _ in range(4)] == [False, False, False, True]
    await node.forget(FEW.key)
    assert await node.take([FEW], utc_now()) == 0
    server.start()
    async with asyncio.timeout(20):
        while not (await node.take([FEW], utc_now())) > 0:
            pass
    await node.aclose()


async def test_the_queue_tells_whether_its_carrier_answers(server: RedisServer) -> None:
    import pytest

    from hub.errors import Unavailable

    from .conftest import redis_queue

    queue = redis_queue(server.url)
    await queue.ping()
    server.stop()
    with pytest.raises(Unavailable):
        await queue.ping()
    await queue.aclose()
