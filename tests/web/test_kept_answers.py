"""How answers are kept: until anything is written, up to a size, and not at all where that cannot be told."""

from __future__ import annotations

import sqlite3

import pytest

from hub.db import current, unit, version
from hub.models import Project
from hub.testing.carriers import SETUPS
from hub.web.api.kept import Kept, Sent


class Reader:
    """Reads an answer, and counts."""

    def __init__(self, status: int = 200, size: int = 1) -> None:
        self.status, self.size, self.count = status, size, 0

    async def __call__(self) -> Sent:
        self.count += 1
        return Sent(self.status, (), b"x" * self.size)


@pytest.mark.parametrize("setup", SETUPS)
async def test_an_answer_is_read_once_until_something_is_written_where_the_database_can_tell(hub, setup):
    kept, read = Kept(), Reader()
    for _ in range(3):
        await kept.answer("key", read)
    assert read.count == (1 if setup == "embedded" else 3)
    await Project.create(name="new", created=hub.clock())
    await kept.answer("key", read)
    assert read.count == (2 if setup == "embedded" else 4)
    assert (version() is None) == (setup == "scaled")


async def test_nothing_is_kept_that_was_read_while_something_was_written(hub):
    kept = Kept()
    texts = iter([b"before", b"after"])

    async def read() -> Sent:
        await Project.create(name="meanwhile", created=hub.clock())
        return Sent(200, (), next(texts))

    assert (await kept.answer("key", read)).body == b"before"
    assert (await kept.answer("key", read)).body == b"after"


async def test_errors_are_not_kept_and_nothing_is_inside_a_unit(hub):
    kept, failed, read = Kept(), Reader(404), Reader()
    await kept.answer("wrong", failed)
    await kept.answer("wrong", failed)
    assert failed.count == 2

    async def work() -> None:
        assert version() is None
        await kept.answer("key", read)
        await kept.answer("key", read)

    await unit(work)
    assert read.count == 2


async def test_what_is_kept_has_a_limit_and_the_oldest_goes_first(hub):
    kept = Kept(most=4 * 10_000)
    readers = {name: Reader(size=1000) for name in "abcde"}
    for name in ("a", "b", "c", "d", "a", "e", "a", "b"):
        await kept.answer(name, readers[name])
    assert {name: one.count for name, one in readers.items()} == {"a": 1, "b": 2, "c": 1, "d": 1, "e": 1}
    large = Reader(size=20_000)
    await kept.answer("large", large)
    await kept.answer("large", large)
    assert large.count == 2


async def test_a_quick_read_cannot_write(hub):
    with pytest.raises(sqlite3.OperationalError):
        current().client._quick._connection.execute('DELETE FROM "project"')
