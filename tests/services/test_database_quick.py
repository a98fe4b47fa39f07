"""Reads of SQLite without a thread: the same rows, and never for long."""

from __future__ import annotations

import asyncio
import sqlite3
from itertools import count

import pytest

from hub.db import current, rows
from hub.db.quick import MOST, Quick
from hub.models import Project

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000000) SELECT max(i) AS m FROM n"


@pytest.fixture
def quick(tmp_path):
    path = tmp_path / "quick.sqlite3"
    with sqlite3.connect(path) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
        writer.executemany("INSERT INTO thing (name) VALUES (?)", [("a",)] * (MOST + 1))
    writer.close()
    one = Quick(str(path))
    yield one
    one.close()


def test_a_few_rows_are_found_at_once(quick):
    found = quick.rows("SELECT id, name FROM thing WHERE id = ?", [7])
    assert [tuple(row) for row in found] == [(7, "a")]


def test_what_computes_for_long_is_broken_off_and_left_to_the_thread_the_next_time_too(quick, monkeypatch):
    moments = count()
    monkeypatch.setattr("hub.db.quick.time.monotonic", lambda: next(moments) / 1000)
    monkeypatch.setattr("hub.db.quick.time.thread_time", lambda: next(moments) / 1000)
    assert quick.rows(ENDLESS, []) is None
    assert ENDLESS in quick._slow
    assert quick.rows(ENDLESS, []) is None
    assert quick.rows("SELECT id FROM thing WHERE id = ?", [1]) is not None


def test_what_waits_for_long_goes_to_the_thread_this_once(quick, monkeypatch):
    moments = iter(range(100))
    monkeypatch.setattr("hub.db.quick.time.monotonic", lambda: float(next(moments)))
    monkeypatch.setattr("hub.db.quick.time.thread_time", lambda: 0.0)
    assert quick.rows(ENDLESS, []) is None
    assert ENDLESS not in quick._slow


def test_an_answer_of_many_rows_is_left_to_the_thread(quick):
    assert quick.rows("SELECT id FROM thing", []) is None
    assert len(quick.rows(f"SELECT id FROM thing LIMIT {MOST}", [])) == MOST


def test_what_is_wrong_is_left_to_the_thread_which_tells(quick):
    assert quick.rows("SELECT nothing FROM nowhere", []) is None
    assert quick.rows("SELECT id FROM thing WHERE id = ?", []) is None
    assert quick.rows("DELETE FROM thing", []) is None


def test_the_version_changes_with_every_commit_elsewhere_and_only_then(quick, tmp_path):
    first = quick.version()
    assert first is not None
    assert quick.version() == first
    writer = sqlite3.connect(tmp_path / "quick.sqlite3", isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM thing WHERE id = 1")
        assert quick.version() == first
        writer.execute("COMMIT")
        assert quick.version() != first
    finally:
        writer.close()


def test_versions_of_two_openings_never_agree(quick, tmp_path):
    again = Quick(str(tmp_path / "quick.sqlite3"))
    assert again.version() != quick.version()
    again.close()


async def test_the_loop_turns_to_others_between_reads_that_take_their_time(quick):
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: turned.set_result(None))
    while not turned.done():
        await quick.turn()
        sum(range(10_000))


async def test_a_long_read_gives_the_same_through_the_database(hub):
    assert current().client.version() is not None
    await Project.create(name="one", created=hub.clock())
    assert await rows(f'SELECT "found"."m" FROM ({ENDLESS}) AS "found"') == [{"m": 5_000_000}]
    assert await rows('\n  SELECT "name" FROM "project"') == [{"name": "one"}]
