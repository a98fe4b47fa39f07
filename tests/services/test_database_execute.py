"""Plain writes: what they store is what the models read, on each database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.db import execute, in_unit, unit
from hub.models import App, Event, Option

pytest_plugins = ["hub.testing.databases"]

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


async def test_moments_nulls_and_texts_are_stored_as_models_store_them(db):
    await execute(
        'INSERT INTO "event" ("created", "description", "object_id", "project_id") VALUES (?, ?, ?, ?)',
        [NOW, "what's “this” ? “%s”", 7, None],
    )
    await Event.create(created=NOW, description="by the model")
    plain, modelled = await Event.all().order_by("id")
    assert (plain.created, plain.description, plain.object_id) == (NOW, "what's “this” ? “%s”", 7)
    assert plain.created == modelled.created
    assert await Event.filter(created__lte=NOW).count() == 2
    assert await Event.filter(created__lt=NOW).count() == 0


async def test_json_is_stored_as_models_store_it(db):
    await App.create(id="a", args=[])
    assert await execute('UPDATE "app" SET "args" = ? WHERE "id" = ?', [["-x", "ü", 1], "a"]) == 1
    assert (await App.get(id="a")).args == ["-x", "ü", 1]


async def test_an_update_says_how_many_rows_it_found(db):
    await Option.create(key="a", value="")
    await Option.create(key="b", value="")
    assert await execute('UPDATE "option" SET "value" = ?', ["x"]) == 2
    assert await execute('UPDATE "option" SET "value" = ? WHERE "key" = ?', ["y", "missing"]) == 0
    assert await execute('DELETE FROM "option" WHERE "key" = ?', ["a"]) == 1


async def test_it_belongs_to_the_unit_under_way(db):
    async def fails() -> None:
        assert in_unit()
        await execute('INSERT INTO "option" ("key", "value") VALUES (?, ?)', ["a", ""])
        raise LookupError

    with pytest.raises(LookupError):
        await unit(fails)
    assert await Option.all().count() == 0
