"""What servers do that a file does not: units that meet, texts and moments compared, connections that break."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tortoise.exceptions import BaseORMException, OperationalError, TransactionManagementError

from hub.db import current, execute, hold_still, open_database, planned_for_values, rows, transaction, unit
from hub.errors import SettingsError, Unavailable
from hub.models import NodeLock, Option, Project
from hub.testing.databases import mariadb

pytest_plugins = ["hub.testing.databases"]

on_servers = pytest.mark.parametrize("dialect", ["postgres", "mysql"])
on_postgres = pytest.mark.parametrize("dialect", ["postgres"])
on_mariadb = pytest.mark.parametrize("dialect", ["mysql"])


async def options(*keys):
    for key in keys:
        await Option.create(key=key, value="")


async def write(key, value):
    await Option.filter(key=key).update(value=value)


@on_servers
async def test_units_that_wait_for_one_another_all_land(db):
    await options("a", "b")
    both, tries = asyncio.Barrier(2), []

    def swap(first, second):
        async def work():
            tries.append(first)
            await write(first, f"by {first}")
            if len(tries) <= 2:
                await both.wait()
            await write(second, f"by {first}")
            return first

        return work

    async with asyncio.timeout(60):
        assert await asyncio.gather(unit(swap("a", "b")), unit(swap("b", "a"))) == ["a", "b"]
    assert len(tries) > 2
    assert len({one.value for one in await Option.all()}) == 1


@on_mariadb
async def test_what_comes_after_a_deadlock_never_lands_alone(db):
    await options("a", "b")
    ready, met = asyncio.Event(), asyncio.Event()

    async def heavy():
        await options(*(f"more{number}" for number in range(50)))  # the server takes back who wrote less
        await write("b", "heavy")
        ready.set()
        await met.wait()
        await write("a", "heavy")

    async def light():
        async with transaction():
            await write("a", "light")
            await ready.wait()
            met.set()
            with pytest.raises(OperationalError, match=r"(?i)deadlock"):
                await write("b", "light")
            with pytest.raises(OperationalError, match=r"(?i)deadlock"):
                await options("after")

    other = asyncio.create_task(unit(heavy))
    with pytest.raises(OperationalError, match=r"(?i)deadlock"):
        await light()
    await other
    found = await Option.filter(key__in=["a", "b", "after"])
    assert {one.key: one.value for one in found} == {
        "a": "heavy",
        "b": "heavy",
    }


@on_servers
async def test_a_unit_that_holds_still_sees_one_moment_and_others_see_the_newest(db):
    await options("a")
    begun, changed = asyncio.Event(), asyncio.Event()

    async def seen(still):
        if still:
            await hold_still()
        first = (await Option.get(key="a")).value
        begun.set()
        await changed.wait()
        return first, (await Option.get(key="a")).value

    for still, wanted in ((True, ("", "")), (False, ("1", "2"))):
        begun.clear(), changed.clear()
        looking = asyncio.create_task(unit(lambda still=still: seen(still)))
        await begun.wait()
        await write("a", "1" if still else "2")
        changed.set()
        assert await looking == wanted


@on_mariadb
async def test_a_unit_that_has_begun_to_write_cannot_hold_still(db):
    async def work():
        await options("a")
        await hold_still()

    with pytest.raises(TransactionManagementError, match="from its first statement on"):
        await unit(work)
    assert not await Option.all().exists()


@on_mariadb
async def test_texts_are_told_apart_letter_by_letter(db):
    names = ["b", "B", "a", "A", "ä", "a ", "Z", "😀", "Ж"]
    for name in names:
        await Option.create(key=name, value=name)
    found = [row["key"] for row in await rows('SELECT "key" FROM "option" ORDER BY "key"')]
    assert found == sorted(names)
    assert (await Option.get(key="a ")).value == "a "
    assert [one.key for one in await Option.filter(key__contains="😀")] == ["😀"]
    assert [one.key for one in await Option.filter(key__startswith="A")] == ["A"]
    assert [one.key for one in await Option.filter(key__icontains="ж")] == ["Ж"]
    for odd in ("50%", "a_b", "back\\slash", "it's", 'say "hi"', "%s"):
        await Option.create(key=odd, value=f"x{odd}y")
        assert [one.key for one in await Option.filter(value__contains=f"x{odd}")] == [odd]
        assert [row["key"] for row in await rows('SELECT "key" FROM "option" WHERE "value" = ?', [f"x{odd}y"])] == [odd]


@on_mariadb
async def test_moments_are_stored_in_utc_to_the_microsecond_whatever_zone_they_come_in(db):
    far = datetime(2026, 7, 1, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=9, minutes=30)))
    await Project.create(name="p", created=far)
    (row,) = await rows('SELECT "created", CAST("created" AS CHAR) AS "text" FROM "project"', times=["created"])
    assert row == {"created": far.astimezone(UTC), "text": "2026-06-30 15:32:03.456789"}
    assert await Project.filter(created__gte=far).exists()
    assert await execute('UPDATE "project" SET "name" = ? WHERE "created" < ?', ["q", far]) == 0
    assert await execute('UPDATE "project" SET "name" = ? WHERE "created" <= ?', ["q", far]) == 1


@on_mariadb
async def test_what_does_not_fit_is_refused_and_never_cut(db):
    with pytest.raises(BaseORMException, match=r"(?i)too long"):
        await execute('INSERT INTO "node_lock" ("name") VALUES (?)', ["x" * 51])
    with pytest.raises(BaseORMException, match=r"(?i)out of range"):
        await execute('INSERT INTO "project" ("name", "created", "max_parallel_tasks") VALUES (?, ?, ?)',
                      ["p", datetime.now(UTC), 2**40])  # fmt: skip
    assert (await NodeLock.all().count(), await Project.all().count()) == (0, 0)


@on_mariadb
async def test_a_statement_that_is_too_large_is_told_and_costs_one_connection(db):
    (limit,) = await rows("SELECT @@max_allowed_packet AS size")
    with pytest.raises(BaseORMException, match=r"(?i)packet|lost connection|gone away"):
        await rows('SELECT "key" FROM "option" WHERE "key" = ?', ["x" * limit["size"]])
    assert await Option.all().count() == 0


@on_mariadb
async def test_a_server_that_was_restarted_is_used_again(db):
    server = await mariadb()
    await options("a")
    await server.interrupt()
    with pytest.raises((BaseORMException, Unavailable)):
        await unit(lambda: options("b"))
    with pytest.raises((BaseORMException, Unavailable)):
        await Option.all().count()
    await server.resume()
    await unit(lambda: options("c"))
    assert {one.key for one in await Option.all()} == {"a", "c"}


@on_mariadb
async def test_a_server_that_does_not_answer_in_time_is_given_up(db):
    (mine,) = await rows("SELECT CONNECTION_ID() AS id")
    current().root.command_timeout = 0.2
    with pytest.raises(OperationalError, match=r"did not answer within 0\.2 s"):
        await rows("SELECT SLEEP(60) AS zero")
    current().root.command_timeout = 60
    (other,) = await rows("SELECT CONNECTION_ID() AS id")
    assert other != mine


@on_mariadb
async def test_a_closing_database_lets_units_end_and_waits_for_no_one_for_ever(url, monkeypatch):
    first = await open_database(url)
    inside = asyncio.Event()

    async def work():
        await options("a")
        inside.set()
        await options("b")

    landing = asyncio.create_task(unit(work))
    await inside.wait()
    await first.close()
    await landing
    monkeypatch.setattr("hub.db.mysql.CLOSE_AFTER", 0.1)
    second = await open_database(url)
    assert await Option.all().count() == 2
    endless = asyncio.create_task(rows("SELECT SLEEP(60) AS zero"))
    async with asyncio.timeout(30):
        while not second.root._pool._used:
            await asyncio.sleep(0)
        await second.close()
    with pytest.raises(BaseORMException):
        await endless


@on_mariadb
async def test_who_is_refused_is_told_and_who_is_not_there_is_too(empty_url):
    with pytest.raises(SettingsError, match=r"MySQL database 'hub_.*refused the connection: Access denied") as refusal:
        await open_database(empty_url.replace("://hub:of", "://hub:wrong"))
    assert "wrong" not in str(refusal.value)
    with pytest.raises(Unavailable, match=r"does not answer: Can't connect to MySQL server") as silence:
        await open_database(empty_url.replace("/sock", "/none"))
    assert "test" not in str(silence.value)


@on_postgres
async def test_a_plan_for_the_values_at_hand_is_made_each_time_and_not_kept(db):
    await options(*(f"often{number}" for number in range(5)))
    kept = 'SELECT "statement" FROM pg_prepared_statements WHERE "statement" LIKE ?'

    async def statements_with(word):
        return len(await rows(kept, [f"%{word}%"]))

    async with transaction():  # one connection, which is asked what it has kept
        assert len(await Option.filter(key__startswith="often").order_by("key")) == 5
        assert await statements_with('ORDER BY "key"') == 1
    with planned_for_values():
        assert len(await Option.filter(key__startswith="often").order_by("-key").values("key")) == 5
        assert len(await Option.filter(key__startswith="often").order_by("-key")) == 5
    assert await statements_with('"key" DESC') == 0
