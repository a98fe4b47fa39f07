"""Servers know of each other; one that is gone without a word is told of, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.models import Event, NodeLock
from hub.services.servers import SILENCE, Known
from hub.testing.carriers import MARIADB, SETUPS

from .task_steps import node


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def told() -> list[str]:
    return [one.description for one in await Event.filter(object_type="system").order_by("id")]


async def test_a_server_that_is_killed_is_told_of_once_and_one_that_leaves_never(hub):
    began = hub.clock()
    now = began

    def known(name):
        return Known(replace(node(hub, name), clock=lambda: now))

    killed, left, *others = (known(name) for name in ("killed", "left", "one", "two"))
    for one in (killed, left, *others):
        await one.look()
    await left.leave()
    while now <= began + SILENCE:
        assert await told() == []
        now += SILENCE / 5
        await asyncio.gather(*[one.look() for one in others])
    await asyncio.gather(*[one.look() for one in others])
    assert await told() == ["Server killed was killed, or cut off: it was not heard of for 10 s"]
    assert sorted(await NodeLock.filter(name__startswith="server/").values_list("owner", flat=True)) == ["one", "two"]


async def test_whoever_saw_nothing_for_long_gives_the_others_time_to_be_heard(hub):
    now = hub.clock()
    one, two = (Known(replace(node(hub, name), clock=lambda: now)) for name in ("one", "two"))
    for server in (one, two):
        await server.look()
    for gap in (timedelta(hours=1), timedelta(hours=-2)):  # a database that was away; a clock that jumped
        now += gap
        for server in (one, two, one):
            await server.look()
    assert await told() == []
