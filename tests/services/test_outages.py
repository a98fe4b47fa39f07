"""Outages are told of when they are over, with what was away and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.models import Event
from hub.services.outages import Outages


class Queue:
    """One that answers, or does not."""

    def __init__(self) -> None:
        self.away = False

    async def ping(self) -> None:
        if self.away:
            raise OSError("connection refused")


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
    assert await told() == [f"The queue did not answer {hub.node} for 30 seconds; it does again"]


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
