"""The schema's history on each database: complete, reversible, safe for rows, and one node at a time."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from tortoise.context import require_context

from hub.db import authoring, database, rows, schema
from hub.errors import Invalid, SettingsError
from hub.testing import schema_picture

pytest_plugins = ["hub.testing.databases"]

unlike_mariadb = pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
"""What is no other there, and takes its time: each change of a table is one of the server's files."""

KNOWN = sorted(path.stem for path in Path(schema.__file__).parents[1].glob("migrations/versions/[0-9]*.py"))


def models():
    return require_context().apps["models"].values()


async def picture_and_models(url):
    async with database(url) as db:
        return await schema_picture.found(db.client), schema_picture.wanted(models(), db.dialect)


async def test_the_models_have_nothing_that_the_migrations_lack():
    assert await authoring.changes() == []


async def test_a_migrated_database_has_exactly_what_the_models_describe(url):
    found, wanted = await picture_and_models(url)
    assert found == wanted


async def test_rows_survive_every_step_to_the_newest_schema_and_back(empty_url):
    kept = {}
    for step in KNOWN:
        assert await schema.upgrade(empty_url, step) == (step,)
        async with database(empty_url) as db:
            assert {table: await count(db, table) for table in kept} == kept
            kept |= await fill(db, without=kept)
    found, wanted = await picture_and_models(empty_url)
    assert found == wanted
    for step in reversed(KNOWN[:-1]):
        await schema.downgrade(empty_url, step)
        async with database(empty_url) as db:
            there = await schema_picture.found(db.client)
            kept = {table: number for table, number in kept.items() if table in there}
            assert {table: await count(db, table) for table in kept} == kept
    await schema.downgrade(empty_url, "zero")
    async with database(empty_url) as db:
        assert await schema_picture.found(db.client) == {}


@unlike_mariadb
async def test_the_way_back_and_forth_is_told(empty_url):
    assert await schema.check(empty_url) is schema.State.EMPTY
    assert await schema.upgrade(empty_url) == tuple(KNOWN)
    assert await schema.upgrade(empty_url) == ()
    standing = await schema.status(empty_url)
    assert (standing.applied, standing.pending, standing.head) == (tuple(KNOWN), (), KNOWN[-1])
    assert await schema.downgrade(empty_url, "zero") == tuple(KNOWN)
    assert await schema.check(empty_url) is schema.State.EMPTY
    with pytest.raises(Invalid, match="not an applied migration"):
        await schema.downgrade(empty_url, "0001")
    with pytest.raises(Invalid, match="not a pending migration"):
        await schema.upgrade(empty_url, "9999")
    assert await schema.upgrade(empty_url) == tuple(KNOWN)


async def test_a_look_at_a_database_that_does_not_exist_creates_none(tmp_path):
    assert await schema.check(f"sqlite://{tmp_path / 'hub.db'}") is schema.State.EMPTY
    assert list(tmp_path.iterdir()) == []


async def test_nodes_that_migrate_together_take_turns(empty_url):
    code = (
        "import asyncio, json, sys; from hub.db import schema; sys.stdin.read(1); "
        "print(json.dumps(asyncio.run(schema.upgrade(sys.argv[1]))))"
    )
    nodes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, empty_url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    answers = await asyncio.gather(*(node.communicate(b"\n") for node in nodes))
    assert [node.returncode for node in nodes] == [0, 0, 0]
    assert sorted(json.loads(out) for out, _ in answers) == [[], [], KNOWN]


@unlike_mariadb
async def test_an_embedded_database_is_brought_up_to_date_at_the_start(empty_url):
    await schema.prepare(empty_url, embedded=True)
    assert await schema.check(empty_url) is schema.State.CURRENT
    await schema.prepare(empty_url, embedded=False)


async def test_a_shared_database_is_left_to_its_administrator(empty_url):
    with pytest.raises(SettingsError, match=r"has no tables yet\. Run `hub db upgrade` once"):
        await schema.prepare(empty_url, embedded=False)
    assert await schema.check(empty_url) is schema.State.EMPTY


async def test_a_database_that_a_newer_hub_wrote_is_refused(url):
    async with database(url) as db:
        await db.client.execute_query(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '9999_future', '2030-01-01')"
        )
    assert await schema.check(url) is schema.State.AHEAD
    for embedded in (True, False):
        with pytest.raises(SettingsError, match="was written by a newer hub: it has 9999_future"):
            await schema.prepare(url, embedded=embedded)
    with pytest.raises(Invalid, match="newer hub"):
        await schema.upgrade(url)
    async with database(url) as db:  # another test gets this database
        await db.client.execute_query("DELETE FROM tortoise_migrations WHERE name = '9999_future'")


async def test_reserved_words_are_names_like_any_other(db):
    for table in ("user", "key", "option", "view", "session", "event", "template"):
        assert await rows(f'SELECT count(*) AS "count" FROM "{table}"') == [{"count": 0}]


async def count(db, table):
    (row,) = await db.client.execute_query_dict(f'SELECT count(*) AS n FROM "{table}"')
    return row["n"]


SAMPLES = {
    "int": "1",
    "bigint": "1",
    "integer": "1",
    "int(11)": "1",
    "bigint(20)": "1",
    "tinyint(1)": "true",
    "bool": "true",
    "boolean": "true",
    "timestamp": "'2026-01-01 00:00:00+00:00'",
    "timestamp with time zone": "'2026-01-01 00:00:00+00:00'",
    "datetime(6)": "'2026-01-01 00:00:00'",
    "json": "'{}'",
    "jsonb": "'{}'",
    "blob": "'x'",
    "bytea": "'x'",
    "text": "'x'",
    "longtext": "'[]'",  # MariaDB's JSON, too
}


async def fill(db, *, without=()):
    """One row in each table but those that have one, with every column and every reference set."""
    tables = {name: table for name, table in (await schema_picture.found(db.client)).items() if name not in without}
    circular = {("inventory", "template_id")} if "template" in tables else set()
    waiting = dict(tables)
    while waiting:
        free = [
            name
            for name, table in waiting.items()
            if not {to for column, to, _, _ in table.references if (name, column) not in circular}
            & (waiting.keys() - {name})
        ]
        assert free, f"references in a circle: {waiting.keys()}"
        for name in free:
            columns = {
                column: "NULL" if (name, column) in circular else SAMPLES.get(kind.lower(), "'x'")
                for column, (kind, _, _) in waiting.pop(name).columns.items()
            }
            names = ", ".join(f'"{column}"' for column in columns)
            await db.client.execute_query(f'INSERT INTO "{name}" ({names}) VALUES ({", ".join(columns.values())})')
    for table, column in circular:
        await db.client.execute_query(f'UPDATE "{table}" SET "{column}" = 1')
    return dict.fromkeys(tables, 1)
