"""Outages are told of when they are over, with what was away and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from hub.db import current, rows
from hub.felt import FELT
from hub.models import Event
from hub.services.outages import FORGOT, Outages, met, trying
from hub.services.tasks import dispatch


class Queue:
    """One that answers, or does not."""

    def __init__(self) -> None:
        self.away = False
        self.empty = False
        self.sent: list[int] = []

    async def send(self, lane: str, number: int) -> None:
        self.sent.append(number)

    async def ping(self) -> None:
        if self.away:
            raise OSError("connection refused")

    async def forgot(self) -> bool:
        forgot, self.empty = self.empty, False
        return forgot


@pytest.fixture(autouse=True)
def nothing_met() -> None:
    """What earlier tests of this process have met is none of these."""
    FELT.taken()


async def told() -> list[str]:
    return [one.description for one in await Event.filter(object_type="system").order_by("id")]


async def test_a_queue_that_was_away_is_told_of_once_when_it_is_back(hub: Any) -> None:
    queue, now = Queue(), hub.clock()
    current = now
    times = iter(now + timedelta(seconds=seconds) for seconds in (0, 2, 12, 32, 33, 34))
    watched = replace(hub, queue=queue, clock=lambda: current)
    outages = Outages(watched)
    seen = []
    for away in (False, True, True, False, False, False):
        queue.away, current = away, next(times)
        await outages.look()
        seen.append(len(await told()))
    assert seen == [0, 0, 0, 1, 1, 1]
    assert await told() == [f"The queue did not answer {hub.node} for 30 s; it does again"]


async def test_a_database_that_was_away_is_told_of_when_it_takes_the_event(
    hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    outages = Outages(hub)

    async def refused(*_: object) -> None:
        raise OSError("the server closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr("hub.services.outages.rows", refused)
        await outages.look()
    assert await told() == []
    await outages.look()
    (text,) = await told()
    assert text.startswith(f"The database did not answer {hub.node} for ")


async def test_what_somebody_met_between_two_looks_is_told_once(hub: Any) -> None:
    outages = Outages(hub)
    for _ in range(3):
        FELT.note("queue")
    seen = []
    for _ in range(3):
        await outages.look()
        seen.append(len(await told()))
    assert seen == [0, 1, 1]
    assert await told() == [f"The queue did not answer {hub.node} for 1 s; it does again"]


async def test_a_full_database_is_told_of_when_whoever_met_it_got_through(hub: Any) -> None:
    outages = Outages(hub)
    (size,) = await rows("PRAGMA page_count")
    await current().root.execute_script(f"PRAGMA max_page_count = {size['page_count']}")
    with trying() as met:
        with pytest.raises(OperationalError) as full:
            await Event.bulk_create([Event(object_type="noise", description="x" * 4000, created=hub.clock())] * 1000)
        met(full.value)
        await current().root.execute_script("PRAGMA max_page_count = 1000000000")
        for _ in range(2):
            await outages.look()
            assert await told() == []
    await outages.look()
    assert await told() == [f"The database had no room for what {hub.node} wrote for 1 s; it has room again"]


async def test_errors_of_what_was_asked_are_no_outage(hub: Any) -> None:
    with pytest.raises(OperationalError) as wrong:
        await rows("SELECT nothing FROM nowhere")
    met(wrong.value)
    met(FileNotFoundError("a file of somebody's"))
    assert FELT.taken() == {}


async def test_what_a_queue_has_lost_is_sent_again_at_once_and_told(scene: Any) -> None:
    queue = Queue()
    hub = replace(scene.hub, queue=queue)
    outages = Outages(hub)
    await outages.look()
    number = await scene.launch(await scene.template("hello.sh"))
    await dispatch.admit(hub)
    assert queue.sent == [number]
    queue.empty = True
    for _ in range(2):
        await outages.look()
    assert queue.sent == [number] * 2
    assert await told() == [FORGOT]
