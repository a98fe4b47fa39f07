"""Pages of lists, on every database: none repeats a row or leaves one out, whatever the order is and what is null."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.models import Inventory, Key, Project, Repository, Task, Template
from hub.services import templates
from hub.services.listing import Asked, Page
from hub.services.tasks import read
from hub.testing.booted import administrator
from hub.testing.carriers import SETUPS

both_setups = pytest.mark.parametrize("setup", SETUPS)
START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["", "a", "A", "b", "Ü", "ü", "я", "%", "_", "a b", "\\"]
ORDERS = [
    ("templates", sort, order)
    for sort in ("", "name", "inventory", "repository", "autorun", "tasks", "view_id", "git_branch", "id")
    for order in ("", "asc", "desc")
] + [
    ("tasks", sort, order)
    for sort in ("", "start", "end", "created", "version", "status", "tpl_alias", "user_name", "exit_code")
    for order in ("", "asc", "desc")
]  # fmt: skip


@pytest.fixture
async def shelf(hub):
    """A project with a template; (actor, project id, repository id)."""
    actor = await administrator()
    project = await Project.create(name="Shelf", created=START)
    key = await Key.create(project=project, name="None", type="none")
    repository = await Repository.create(project=project, name="code", git_url="/x", ssh_key=key)
    return actor, project.id, repository.id


row = st.fixed_dictionaries({
    "name": st.sampled_from(NAMES), "inventory": st.sampled_from([None, "", "x", "X", "y"]),
    "branch": st.sampled_from([None, "", "main", "Main"]), "tasks": st.integers(-2, 2), "autorun": st.booleans(),
    "start": st.sampled_from([None, 0, 1, 1.5, 2]), "version": st.sampled_from([None, "", "1", "10", "2"]),
    "code": st.sampled_from([None, 0, 1]),
})  # fmt: skip


async def fill(shelf: Any, rows: list[dict[str, Any]]) -> None:
    _, project_id, repository_id = shelf
    await Template.filter(project_id=project_id).delete()
    await Inventory.filter(project_id=project_id).delete()
    at = {"project_id": project_id}
    for one in rows:
        inventory = one["inventory"] is not None and await Inventory.create(name=one["inventory"], type="static", **at)
        template = await Template.create(
            name=one["name"], repository_id=repository_id, inventory_id=inventory.id if inventory else None,
            git_branch=one["branch"], tasks=one["tasks"], autorun=one["autorun"], **at,
        )  # fmt: skip
        start = None if one["start"] is None else START + timedelta(seconds=one["start"])
        await Task.create(
            template=template, status="success", created=START, start=start, version=one["version"],
            exit_code=one["code"], **at,
        )  # fmt: skip


async def fetch(shelf: Any, kind: str, asked: Asked) -> Page[dict[str, Any]]:
    actor, project_id, _ = shelf
    found = templates.list_templates if kind == "templates" else read.list_tasks
    return await found(actor, project_id, asked)


def ids(page: list[dict[str, Any]]) -> list[int]:
    return [one["id"] for one in page]


async def walk(shelf: Any, kind: str, asked: Asked) -> tuple[list[list[int]], list[list[int]]]:
    """Go to the end by `after`, and back by `before`; the pages of both ways, in the order of the list."""
    forth, back = [], []
    page = await fetch(shelf, kind, asked)
    assert page.previous == ""
    while page:
        forth.append(ids(page))
        if not page.following:
            break
        page = await fetch(shelf, kind, replace(asked, after=page.following))
    while page:
        back.insert(0, ids(page))
        if not page.previous:
            break
        page = await fetch(shelf, kind, replace(asked, before=page.previous))
    return forth, back


@both_setups
async def test_walking_forth_and_back_gives_every_row_once(shelf, setup):
    loop = asyncio.get_running_loop()

    async def check(rows: list[dict[str, Any]], limit: int, order: tuple[str, str, str]) -> None:
        await fill(shelf, rows)
        kind, sort, direction = order
        asked = Asked(sort=sort, order=direction)
        whole = ids(await fetch(shelf, kind, asked))
        assert len(whole) == len(set(whole)) == len(rows)
        forth, back = await walk(shelf, kind, replace(asked, limit=limit))
        for pages in (forth, back):
            assert [one for page in pages for one in page] == whole
            assert all(0 < len(page) <= limit for page in pages)

    @settings(
        max_examples=40 if setup == "embedded" else 20, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.lists(row, max_size=9), st.integers(1, 4), st.sampled_from(ORDERS))
    def examples(rows: list[dict[str, Any]], limit: int, order: tuple[str, str, str]) -> None:
        asyncio.run_coroutine_threadsafe(check(rows, limit, order), loop).result()

    await asyncio.to_thread(examples)


@both_setups
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
async def test_every_order_is_walked_with_many_equal_and_null_values(shelf, order):
    same = {"name": "a", "inventory": None, "branch": None, "tasks": 0, "autorun": False, "start": None,
            "version": None, "code": None}  # fmt: skip
    other = {**same, "name": "b", "inventory": "x", "branch": "m", "tasks": 1, "autorun": True, "start": 1,
             "version": "1", "code": 0}  # fmt: skip
    await fill(shelf, [same, other, same, other, same])
    kind, sort, direction = order
    asked = Asked(sort=sort, order=direction)
    whole = ids(await fetch(shelf, kind, asked))
    for limit in (1, 2, 3):
        forth, back = await walk(shelf, kind, replace(asked, limit=limit))
        assert [one for page in forth for one in page] == [one for page in back for one in page] == whole


@both_setups
async def test_a_row_that_goes_or_comes_meanwhile_disturbs_no_page(shelf):
    rows = [{"name": name, "inventory": None, "branch": None, "tasks": 0, "autorun": False, "start": None,
             "version": None, "code": None} for name in ("a", "b", "c", "d")]  # fmt: skip
    await fill(shelf, rows)
    first = await fetch(shelf, "templates", Asked(limit=2))
    assert [one["name"] for one in first] == ["a", "b"]
    await Template.filter(id=first[1]["id"]).delete()  # the very row that the cursor is of
    await Template.create(project_id=shelf[1], repository_id=shelf[2], name="aa")
    second = await fetch(shelf, "templates", Asked(limit=2, after=first.following))
    assert [one["name"] for one in second] == ["c", "d"]
    before = await fetch(shelf, "templates", Asked(limit=5, before=second.previous))
    assert [one["name"] for one in before] == ["a", "aa"]


@both_setups
async def test_a_search_is_for_texts_in_any_case_and_any_alphabet(shelf):
    names = ("Ünïcode Größe", "Привет мир", "100% sure", "a_b", "axb", "back\\slash", "quo'te")
    await fill(shelf, [
        {"name": name, "inventory": None, "branch": None, "tasks": 0, "autorun": False, "start": None,
         "version": None, "code": None} for name in names
    ])  # fmt: skip

    async def found(**asked: Any) -> list[str]:
        return sorted(one["name"] for one in await fetch(shelf, "templates", Asked(**asked)))

    assert await found(q="ÜNÏ grö") == ["Ünïcode Größe"]
    assert await found(q="привет МИР") == ["Привет мир"]
    assert await found(q="%") == ["100% sure"]
    assert await found(q="a_b") == ["a_b"]
    assert await found(q="_") == ["a_b"]
    assert await found(q="\\") == ["back\\slash"]
    assert await found(q="quo'te") == ["quo'te"]
    assert await found(q="sure nothing") == []
    assert await found(filters={"name__contains": "BACK\\"}) == ["back\\slash"]
    assert await found(filters={"name__startswith": "при"}) == ["Привет мир"]
    assert await found(filters={"name": "A_B"}) == []
    assert await found(filters={"name": "x" * 5000}) == []
    assert len(await found(filters={"name__not": "a_b"})) == 6


@both_setups
async def test_tasks_are_found_by_what_they_say_and_who_started_them(shelf):
    actor, project_id, _ = shelf
    blank = {"name": "Nightly", "inventory": None, "branch": None, "tasks": 0, "autorun": False, "start": None,
             "version": None, "code": None}  # fmt: skip
    await fill(shelf, [blank, {**blank, "name": "Other"}])
    first, second = await Task.all().order_by("id")
    await Task.filter(id=first.id).update(
        message="Deploy to Bern", commit_hash="abc123", commit_message="Fix it", user_id=actor.user_id, version="7",
        start=START + timedelta(hours=1), exit_code=0,
    )  # fmt: skip

    async def found(**asked: Any) -> list[int]:
        return ids(await read.list_tasks(actor, project_id, Asked(**asked)))

    for text in ("bern", "ABC12", "fix", actor.name, "nightly", f"#{first.id}", "deploy nightly"):
        assert first.id in await found(q=text), text
        assert second.id not in await found(q=text), text
    assert await found(filters={"start__gte": "2026-01-01T01:00:00Z"}) == [first.id]
    assert await found(filters={"start__null": "true"}) == [second.id]
    assert await found(filters={"exit_code": "0"}) == [first.id]
    assert await found(filters={"exit_code__not": "0"}) == [second.id]
    assert await found(filters={"status": "error,success"}) == [second.id, first.id]
    assert await found(filters={"user_id": str(actor.user_id), "tpl_alias": "Nightly"}) == [first.id]


def forged(*data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


@both_setups
@pytest.mark.parametrize("cursor", [
    "x", "=", "....", "a" * 9000, "null", forged(), forged(2, "name", False, "a", 1), forged(1, "id", False, 1, 1),
    forged(1, "name", False, 5, 1), forged(1, "name", False, None, 1), forged(1, "name", False, ["a"], 1),
    forged(1, "name", False, "a", True), forged(1, "name", False, "a", 2**40), forged(1, "name", False, "x" * 101, 1),
    forged(1, "name", False, "a\0", 1), forged(1, "name", 0, "a", 1), forged(1, "name", True, "a", 1), "17",
])  # fmt: skip
async def test_a_cursor_that_is_none_of_the_list_is_refused(shelf, cursor):
    for which in ("before", "after"):
        with pytest.raises(Invalid):
            await fetch(shelf, "templates", Asked(**{which: cursor}))


@both_setups
async def test_a_forged_cursor_is_nothing_but_a_place(shelf):
    """Whoever makes one up sees what a page would have shown anyway."""
    await fill(shelf, [])
    assert await fetch(shelf, "templates", Asked(after=forged(1, "name", False, "'; --", -5))) == []
    assert await fetch(shelf, "tasks", Asked(sort="start", after=forged(1, "start", False, None, 1))) == []
    for moment in ("2026-01-01T00:00:00", "soon", "9999-99-99T00:00:00+00:00"):
        with pytest.raises(Invalid):
            await fetch(shelf, "tasks", Asked(sort="start", after=forged(1, "start", False, moment, 1)))
    for flag in (1, "true", None):
        with pytest.raises(Invalid):
            await fetch(shelf, "templates", Asked(sort="autorun", after=forged(1, "autorun", False, flag, 1)))
