"""Cancelled at any moment, again and again, a database stays usable and never holds half of a unit."""

from __future__ import annotations

import asyncio
import contextlib

from tortoise.transactions import in_transaction

from hub.db import transaction, unit
from hub.models import Option

from .option_rows import names, storing

pytest_plugins = ["hub.testing.databases"]

ROUNDS = 400


async def cancelled_rounds(start):
    """Begin something over and over and cancel it at ever other moments, first by steps of the loop, then by time."""
    for number in range(ROUNDS):
        task = asyncio.create_task(start(number))
        if number % 2:
            for _ in range(number % 80):
                await asyncio.sleep(0)
        else:
            await asyncio.wait((task,), timeout=(number % 100) / 25_000)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_cancelled_units_leave_the_database_usable_and_what_began_is_whole(db):
    began = set()

    async def start(number):
        async def work():
            began.add(f"{number}")
            await Option.create(key=f"{number}", value="")
            await Option.create(key=f"{number}-too", value="")

        await unit(work)

    await cancelled_rounds(start)
    assert await asyncio.wait_for(unit(storing("last")), 10) == "last"
    assert await names() == began | {f"{key}-too" for key in began} | {"last"}
    assert len(began) > ROUNDS / 2


async def test_cancelled_transaction_blocks_leave_the_database_usable_and_never_half_done(db):
    async def start(number):
        async with transaction():
            await Option.create(key=f"{number}", value="")
            await Option.create(key=f"{number}-too", value="")

    await cancelled_rounds(start)
    assert await asyncio.wait_for(unit(storing("last")), 10) == "last"
    found = await names() - {"last"}
    assert {key for key in found if key.endswith("-too")} == {f"{key}-too" for key in found if "-" not in key}


async def test_what_the_orm_opens_by_itself_survives_cancellation_too(db):
    async def start(number):
        async with in_transaction():
            await Option.get_or_create(key=f"{number}", defaults={"value": ""})
        await Option.bulk_create([Option(key=f"{number}-{index}", value="") for index in range(3)])

    await cancelled_rounds(start)
    assert await asyncio.wait_for(unit(storing("last")), 10) == "last"


async def test_cancelled_reads_and_writes_outside_of_units_leave_the_database_usable(db):
    async def start(number):
        await Option.create(key=f"{number}", value="")
        await names()

    await cancelled_rounds(start)
    assert await asyncio.wait_for(unit(storing("last")), 10) == "last"
