"""What both queues promise."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from hub.queue import QUESTIONS, TASKS, Queue

from .inbox import Inbox, serving


async def test_a_message_sent_before_anybody_serves_arrives(queue: Queue, inbox: Inbox) -> None:
    await queue.send(TASKS, 7)
    async with serving(queue, inbox.work):
        await inbox.until(lambda: inbox.ended == [(TASKS, 7)])


async def test_a_message_sent_while_somebody_serves_arrives(queue: Queue, inbox: Inbox) -> None:
    async with serving(queue, inbox.work):
        for number in range(3):
            await queue.send(TASKS, number)
            await inbox.until(lambda number=number: inbox.ended[-1:] == [(TASKS, number)])


async def test_messages_of_one_lane_start_in_the_order_they_were_sent(queue: Queue, inbox: Inbox) -> None:
    for number in (5, 3, 9):
        await queue.send(TASKS, number)
        await asyncio.sleep(0.002)  # arq orders by the millisecond
    async with serving(queue, inbox.work, slots=1):
        await inbox.until(lambda: len(inbox.ended) == 3)
    assert [number for _, number in inbox.arrived] == [5, 3, 9]


async def test_lanes_are_isolated(queue: Queue, inbox: Inbox) -> None:
    other = Inbox()
    await queue.send("tasks:gpu", 1)
    async with serving(queue, inbox.work, lanes=[TASKS, QUESTIONS]):
        await queue.send(TASKS, 1)
        await queue.send(QUESTIONS, 2)
        await inbox.until(lambda: len(inbox.ended) == 2)
        async with serving(queue, other.work, lanes=["tasks:gpu"]):
            await other.until(lambda: other.ended)
    assert set(inbox.arrived) == {(TASKS, 1), (QUESTIONS, 2)}
    assert other.arrived == [("tasks:gpu", 1)]


async def test_slots_are_respected_exactly_over_all_lanes(queue: Queue, inbox: Inbox) -> None:
    inbox.gate.clear()
    lanes = [TASKS, QUESTIONS]
    for number in range(8):
        await queue.send(lanes[number % 2], number)
    async with serving(queue, inbox.work, lanes=lanes, slots=3):
        await inbox.until(lambda: len(inbox.arrived) == 3)
        for number in range(8, 12):  # further wake-ups change nothing
            await queue.send(TASKS, number)
        inbox.gate.set()
        await inbox.until(lambda: len(inbox.ended) == 12)
    assert inbox.most_at_once == 3


async def test_a_busy_lane_does_not_starve_another(queue: Queue, inbox: Inbox) -> None:
    for number in range(50):
        await queue.send(TASKS, number)
    await queue.send(QUESTIONS, 1)
    async with serving(queue, inbox.work, lanes=[TASKS, QUESTIONS], slots=1):
        await inbox.until(lambda: len(inbox.ended) == 51)
    assert inbox.arrived.index((QUESTIONS, 1)) <= 2


async def test_work_that_raises_is_logged_and_does_not_end_serving(
    queue: Queue, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(lane: str, number: int) -> None:
        if number == 1:
            raise ValueError("boom")
        await inbox.work(lane, number)

    async with serving(queue, work, slots=1):
        await queue.send(TASKS, 1)
        await queue.send(TASKS, 2)
        await inbox.until(lambda: inbox.ended)
    assert inbox.ended == [(TASKS, 2)]
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "Number 1 of lane tasks" in record.getMessage()


async def test_work_that_cancels_itself_gives_its_slot_back(queue: Queue, inbox: Inbox) -> None:
    async def work(lane: str, number: int) -> None:
        if number == 1:
            raise asyncio.CancelledError
        await inbox.work(lane, number)

    async with serving(queue, work, slots=1):
        await queue.send(TASKS, 1)
        await queue.send(TASKS, 2)
        await inbox.until(lambda: inbox.ended)


async def test_a_number_waits_once_however_often_it_was_sent(queue: Queue, inbox: Inbox) -> None:
    for _ in range(5):
        await queue.send(TASKS, 1)
    await queue.send(TASKS, 2)
    async with serving(queue, inbox.work, slots=1):
        await inbox.until(lambda: (TASKS, 2) in inbox.ended)
    assert Counter(inbox.arrived) == {(TASKS, 1): 1, (TASKS, 2): 1}


async def test_a_number_sent_again_while_it_is_under_way_arrives_again(queue: Queue, inbox: Inbox) -> None:
    inbox.gate.clear()
    async with serving(queue, inbox.work):
        await queue.send(TASKS, 1)
        await inbox.until(lambda: len(inbox.arrived) == 1)
        await queue.send(TASKS, 1)
        await inbox.until(lambda: len(inbox.arrived) == 2)
        inbox.gate.set()


async def test_whoever_sends_during_work_is_seen_by_a_later_call(queue: Queue, inbox: Inbox) -> None:
    """However send and take overlap, a call begins after each send: what was committed before it is never missed."""
    ready = seen = 0

    async def work(lane: str, number: int) -> None:
        nonlocal seen
        seen = ready
        await inbox.work(lane, number)

    async with serving(queue, work):
        for count in range(1, 201):
            ready = count
            await queue.send(TASKS, 1)
            if count % 10 == 0:
                await inbox.until(lambda count=count: seen == count)


async def test_cancelling_waits_for_the_work_under_way_and_takes_nothing_new(queue: Queue, inbox: Inbox) -> None:
    inbox.gate.clear()
    async with serving(queue, inbox.work, slots=2) as server:
        await queue.send(TASKS, 1)
        await queue.send(TASKS, 2)
        await inbox.until(lambda: len(inbox.arrived) == 2)
        await queue.send(TASKS, 3)
        server.cancel()
        done, _ = await asyncio.wait({server}, timeout=0.1)
        assert not done
        inbox.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await server
    assert len(inbox.ended) == 2
    assert (TASKS, 3) not in inbox.arrived

    successor = Inbox()
    async with serving(queue, successor.work):
        await successor.until(lambda: successor.ended == [(TASKS, 3)])


async def test_five_hundred_numbers_all_arrive(queue: Queue, inbox: Inbox) -> None:
    async with serving(queue, inbox.work, slots=8):
        await asyncio.gather(*(queue.send(TASKS, number) for number in range(500)))
        await inbox.until(lambda: len(inbox.ended) == 500)
    assert Counter(number for _, number in inbox.arrived) == Counter(range(500))
    assert inbox.most_at_once <= 8


async def test_two_servers_share_a_lane_without_doubling(queue: Queue, inbox: Inbox) -> None:
    async with serving(queue, inbox.work, slots=2), serving(queue, inbox.work, slots=2):
        await asyncio.gather(*(queue.send(TASKS, number) for number in range(100)))
        await inbox.until(lambda: len(inbox.ended) == 100)
    assert Counter(number for _, number in inbox.arrived) == Counter(range(100))
    assert inbox.most_at_once <= 4


async def test_a_server_without_slots_is_refused(queue: Queue, inbox: Inbox) -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        await queue.serve([TASKS], inbox.work, slots=0)


async def test_quiet_service_writes_nothing_to_the_log(
    queue: Queue, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(queue, inbox.work):
            await queue.send(TASKS, 1)
            await inbox.until(lambda: inbox.ended)
    assert not caplog.records
