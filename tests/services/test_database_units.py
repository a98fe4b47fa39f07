"""Units of work: together or not at all, deaf to cancellation, and announced when they have landed."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import IntegrityError, TransactionManagementError

from hub.db import database, exclusive, in_unit, on_commit, rows, unit
from hub.errors import Unavailable
from hub.models import App, NodeLock, Option, Project

from .option_rows import names, storing

pytest_plugins = ["hub.testing.databases"]

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


async def test_a_unit_lands_as_a_whole(db):
    async def work():
        await Option.create(key="a", value="")
        await Option.create(key="a", value="")

    with pytest.raises(IntegrityError):
        await unit(work)
    assert await names() == set()
    assert await unit(storing("b")) == "b"
    assert await names() == {"b"}


async def test_the_cancellation_is_raised_when_the_unit_has_ended(db):
    inside, proceed = asyncio.Event(), asyncio.Event()

    async def work():
        inside.set()
        await proceed.wait()
        await Option.create(key="a", value="")

    task = asyncio.create_task(unit(work))
    await inside.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    proceed.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names() == {"a"}


async def test_a_time_limit_around_a_unit_is_told_when_the_unit_has_ended(db):
    async def work():
        async with asyncio.timeout(None):
            await asyncio.sleep(0.05)
        await Option.create(key="a", value="")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await unit(work)
    assert await names() == {"a"}


async def test_a_failure_that_nobody_waits_for_is_logged(db, caplog):
    inside, proceed = asyncio.Event(), asyncio.Event()

    async def work():
        inside.set()
        await proceed.wait()
        raise ValueError("lost")

    task = asyncio.create_task(unit(work))
    await inside.wait()
    task.cancel()
    await asyncio.sleep(0)
    proceed.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "whose caller went away" in caplog.text
    assert "lost" in caplog.text


async def test_a_unit_sees_the_context_of_its_caller(db):
    actor = contextvars.ContextVar("actor", default="nobody")
    actor.set("ann")

    async def work():
        return actor.get()

    assert await unit(work) == "ann"


async def test_a_unit_within_a_unit_lands_with_it(db):
    async def work():
        await unit(storing("inner"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await unit(work)
    assert await names() == set()


async def test_a_unit_within_a_unit_can_fail_alone(db):
    said = []

    async def inner():
        await on_commit(note(said, "inner"))
        await Option.create(key="outer", value="")

    async def work():
        await on_commit(note(said, "outer"))
        await Option.create(key="outer", value="")
        with contextlib.suppress(IntegrityError):
            await unit(inner)
        await unit(storing("after"))

    await unit(work)
    assert await names() == {"outer", "after"}
    assert said == ["outer"]


async def test_units_side_by_side_within_a_unit_take_turns(db):
    async def failing():
        await Option.create(key="bad", value="")
        await asyncio.sleep(0)
        raise ValueError("no")

    async def work():
        return await asyncio.gather(
            unit(storing("a")), unit(failing), unit(storing("b")), unit(storing("c")), return_exceptions=True
        )

    answers = await unit(work)
    assert [answer for answer in answers if isinstance(answer, str)] == ["a", "b", "c"]
    assert await names() == {"a", "b", "c"}


def note(said, word):
    async def callback():
        assert not in_unit()
        said.append((word, await names()) if word == "look" else word)

    return callback


async def test_what_follows_a_commit_sees_it_and_keeps_its_order(db):
    said = []

    async def work():
        await on_commit(note(said, "first"))
        await Option.create(key="a", value="")
        await on_commit(note(said, "look"))
        assert said == []

    await unit(work)
    assert said == ["first", ("look", {"a"})]


async def test_what_was_to_follow_a_rolled_back_unit_never_happens(db):
    said = []

    async def work():
        await on_commit(note(said, "never"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await unit(work)
    assert said == []


async def test_outside_of_a_unit_it_happens_at_once(db):
    said = []
    await on_commit(note(said, "now"))
    assert said == ["now"]


async def test_a_failure_after_the_commit_is_logged_and_stops_nothing(db, caplog):
    said = []

    async def broken():
        raise RuntimeError("the bell is broken")

    async def work():
        await Option.create(key="a", value="")
        await on_commit(broken)
        await on_commit(note(said, "next"))

    with caplog.at_level(logging.ERROR):
        await unit(work)
    assert said == ["next"]
    assert "the bell is broken" in caplog.text
    assert await names() == {"a"}


async def test_what_landed_is_announced_though_the_caller_went_away(db):
    said, landing = [], asyncio.Event()

    async def work():
        await on_commit(note(said, "told"))
        await Option.create(key="a", value="")
        landing.set()

    task = asyncio.create_task(unit(work))
    await landing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said == ["told"]


async def test_a_task_that_outlives_its_unit_cannot_write_into_the_next(db):
    proceed = asyncio.Event()

    async def late():
        await proceed.wait()
        assert not in_unit()
        await Option.create(key="late", value="")

    async def work():
        await Option.create(key="a", value="")
        return asyncio.create_task(late())

    task = await unit(work)
    proceed.set()
    with pytest.raises((TransactionManagementError, Exception), match=r"ended|released back to the pool"):
        await task
    assert await names() == {"a"}


async def test_a_task_that_outlives_its_unit_can_open_one_of_its_own(db):
    proceed = asyncio.Event()

    async def late():
        await proceed.wait()
        return await unit(storing("late"))

    async def work():
        return asyncio.create_task(late())

    task = await unit(work)
    proceed.set()
    assert await task == "late"
    assert await names() == {"late"}


async def test_reads_do_not_wait_for_a_unit_and_do_not_see_into_it(db):
    inside, proceed = asyncio.Event(), asyncio.Event()

    async def work():
        await Option.create(key="a", value="")
        assert await names() == {"a"}
        assert await Option.all().count() == 1
        inside.set()
        await proceed.wait()

    task = asyncio.create_task(unit(work))
    await inside.wait()
    assert await asyncio.wait_for(names(), 10) == set()
    assert await asyncio.wait_for(Option.all().count(), 10) == 0
    proceed.set()
    await task
    assert await Option.all().count() == 1


async def test_an_exclusive_name_is_held_by_one_unit_at_a_time(db):
    await NodeLock.create(name="counter", owner="0")

    async def work():
        await exclusive("count")
        row = await NodeLock.get(name="counter")
        await asyncio.sleep(0)
        await NodeLock.filter(name="counter").update(owner=str(int(row.owner) + 1))

    await asyncio.gather(*(unit(work) for _ in range(20)))
    assert (await NodeLock.get(name="counter")).owner == "20"


async def test_an_exclusive_name_outside_of_a_unit_is_a_mistake(db):
    with pytest.raises(RuntimeError, match="inside a unit"):
        await exclusive("count")


PROCESS = """
import asyncio, sys
from hub.db import database, exclusive, unit
from hub.models import NodeLock

async def add():
    await exclusive("count")
    row = await NodeLock.get(name="counter")
    row.owner = str(int(row.owner) + 1)
    await row.save()

async def main():
    async with database(sys.argv[1]):
        for _ in range(100):
            await unit(add)

asyncio.run(main())
"""


async def test_processes_that_read_and_write_together_lose_nothing(url):
    async with database(url):
        await NodeLock.create(name="counter", owner="0")
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, url) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    async with database(url):
        assert (await NodeLock.get(name="counter")).owner == "300"


async def test_a_busy_sqlite_is_told_and_not_wedged(tmp_path, monkeypatch):
    import sqlite3

    from hub.db import address, schema

    monkeypatch.setitem(address._SQLITE, "busy_timeout", 50)
    url = f"sqlite://{tmp_path / 'hub.db'}"
    await schema.upgrade(url)
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    async with database(url):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="The database is busy"):
            await unit(storing("a"))
        other.execute("ROLLBACK")
        other.close()
        assert await unit(storing("b")) == "b"


async def test_a_commit_that_fails_leaves_no_transaction_and_announces_nothing(db):
    said = []
    if db.dialect == "postgres":
        await db.client.execute_script(
            'ALTER TABLE "view" ALTER CONSTRAINT "view_project_id_fkey" DEFERRABLE INITIALLY DEFERRED'
        )

    async def work():
        if db.dialect == "sqlite":
            await db.client.execute_query("PRAGMA defer_foreign_keys=ON")
        await db.client.execute_query("""INSERT INTO "view" (project_id, title) VALUES (77, 'x')""")
        await on_commit(note(said, "never"))

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await unit(work)
    assert said == []
    assert await unit(storing("b")) == "b"
    assert await rows('SELECT * FROM "view"') == []


async def test_raw_rows_have_the_types_of_the_models(db):
    await Project.create(name="it's a ?", created=NOW, alert=True)
    await App.create(id="shell", args=["-x", 1])
    (row,) = await rows(
        """SELECT id, created, alert, alert_chat, 'why?' AS "why?" FROM "project" WHERE name = ? AND created <= ?""",
        ["it's a ?", NOW],
        times=["created"],
        flags=["alert"],
    )
    assert row == {"id": row["id"], "created": NOW, "alert": True, "alert_chat": None, "why?": "why?"}
    assert row["alert"] is True
    assert await rows('SELECT args FROM "app" WHERE active = ?', [True], documents=["args"]) == [{"args": ["-x", 1]}]


async def test_a_database_that_is_closed_lets_its_process_end(url):
    code = (
        "import asyncio, sys\nfrom hub.db import database\nfrom hub.models import Option\n"
        "async def main():\n    async with database(sys.argv[1]):\n        await Option.all().count()\n"
        "        raise SystemExit(7)\nasyncio.run(main())"
    )
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code, url], timeout=60, check=False)
    assert done.returncode == 7
