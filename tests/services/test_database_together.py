"""An UPDATE and what is inserted with it land together or not at all; models read by fixed statements."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest
from tortoise.exceptions import IntegrityError

from hub.db import Row, brief, every, insert, on_commit, one, unit, update
from hub.models import App, Event, Option, Project

pytest_plugins = ["hub.testing.databases"]

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
CHANGE = 'UPDATE "option" SET "value" = ? WHERE "key" = ?'


def event(text: str, **columns) -> Row:
    return Row("event", {"created": NOW, "description": text, "changes": None, **columns})


async def values() -> list[str]:
    return list(await Option.all().order_by("key").values_list("value", flat=True))


async def texts() -> list[str]:
    return list(await Event.all().order_by("id").values_list("description", flat=True))


@pytest.fixture
async def option(db):
    return await Option.create(key="a", value="before")


async def test_an_update_that_found_its_row_inserts_what_goes_with_it(option):
    for around in (unit, brief):
        told = [
            event("one", object_id=7),
            Row("option", {"key": "b", "value": "“%s” ?"}),
            event("two", changes={"ü": 1}),
        ]
        assert await around(partial(update, CHANGE, ["x", "a"], *told))
        assert await values() == ["x", "“%s” ?"]
        first, second = await Event.all().order_by("description")
        assert (first.description, first.created, first.object_id, first.changes) == ("one", NOW, 7, None)
        assert second.changes == {"ü": 1}
        assert await around(partial(update, CHANGE, ["before", "a"]))
        await Event.all().delete()
        await Option.filter(key="b").delete()


async def test_what_found_nothing_inserts_nothing_and_what_cannot_be_inserted_undoes_the_update(option):
    again = Row("option", {"key": "a", "value": "twice"})
    for around in (unit, brief):
        assert not await around(partial(update, CHANGE, ["x", "missing"], event("one"), event("two")))
        assert not await around(partial(update, CHANGE, ["x", "missing"]))
        with pytest.raises(IntegrityError):
            await around(partial(update, CHANGE, ["x", "a"], event("one"), again))
        assert (await values(), await texts()) == (["before"], [])


async def test_it_belongs_to_the_unit_around_it(option):
    async def fails() -> None:
        assert await brief(partial(update, CHANGE, ["x", "a"], event("one")))
        await insert(event("two"))
        raise LookupError

    with pytest.raises(LookupError):
        await unit(fails)
    assert (await values(), await texts()) == (["before"], [])


async def test_who_is_cancelled_meanwhile_waits_for_the_end_and_what_follows_is_told(option):
    begun, told = asyncio.Event(), []

    async def tell() -> None:
        told.append(await values())

    async def work() -> bool:
        begun.set()
        await asyncio.sleep(0)
        done = await update(CHANGE, ["x", "a"], event("one"))
        await on_commit(tell)
        return done

    caller = asyncio.create_task(brief(work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert (await values(), await texts(), told) == (["x"], ["one"], [["x"]])


def columns(model) -> list[str]:
    return list(model._meta.fields_db_projection)


async def test_a_model_is_read_as_the_orm_reads_it(db):
    project = await Project.create(name="p", created=NOW)
    await App.create(id="a", args=["-x", "ü"], active=True)
    await App.create(id="b", title="B", active=False)
    for app in await App.all():
        found = await one(App, id=app.id)
        assert found is not None
        assert [getattr(found, name) for name in columns(App)] == [getattr(app, name) for name in columns(App)]
    assert [app.id for app in await every(App, active=True)] == ["a"]
    assert await one(App, id="missing") is None
    found = await one(Project, name="p", id=project.id)
    assert found is not None
    assert found.created == NOW
    found.name = "r"
    await found.save()
    assert (await Project.get(id=project.id)).name == "r"
