"""Lists of very many rows: how far one page looks, what it then says, and that indexes serve what is asked most."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.db import current
from hub.models import Event, Task, User
from hub.services import audit, dashboard, events, stats
from hub.services.listing import Asked, Page
from hub.services.tasks import read
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene

both_setups = pytest.mark.parametrize("setup", SETUPS)
START = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 40
REACH = 5


@pytest.fixture
async def history(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Forty tasks an hour apart, every tenth of which holds a word; a page looks through five."""
    monkeypatch.setattr(read, "LISTING", replace(read.LISTING, reach=REACH))
    template = await scene.template("hello.sh")
    await Task.bulk_create(
        Task(
            project_id=scene.project.id, template_id=template.id, created=START + timedelta(hours=number),
            status=("success", "error", "stopped")[number % 3], message="needle" if number % 10 == 0 else "hay",
        )
        for number in range(COUNT)
    )  # fmt: skip
    return scene


async def pages(scene: Scene, asked: Asked) -> list[list[int]]:
    """Ids of every page from the first to the last, and then back to the first, which holds the same."""
    forth: list[list[int]] = []
    page: Page[dict[str, Any]] = await read.list_tasks(scene.actor, scene.project.id, asked)
    while True:
        forth.append([one["id"] for one in page])
        if not page.following:
            break
        page = await read.list_tasks(scene.actor, scene.project.id, replace(asked, after=page.following))
    back: list[int] = []
    while page.previous:
        page = await read.list_tasks(scene.actor, scene.project.id, replace(asked, before=page.previous))
        back = [*(one["id"] for one in page), *back]
    assert [*back, *forth[-1]] == [one for found in forth for one in found]
    return forth


async def wanted(**which: Any) -> list[int]:
    return [one.id for one in await Task.filter(**which).order_by("-id")]


@both_setups
@pytest.mark.parametrize("order", ["", "asc"])
async def test_a_search_goes_on_where_the_page_before_stopped_looking(history: Scene, order: str) -> None:
    found = await pages(history, Asked("needle", order=order, limit=3))
    whole = await wanted(message="needle")
    assert [one for page in found for one in page] == (whole if not order else whole[::-1])
    assert [] in found, "a page without any says where to go on"
    assert len(found) >= COUNT // REACH


@both_setups
async def test_a_search_for_what_is_nowhere_ends(history: Scene) -> None:
    assert not any(await pages(history, Asked("nowhere")))


@both_setups
@pytest.mark.parametrize("filters", [{"created__gte": "2026-01-01T07:00:00Z", "created__lt": "2026-01-02T08:00:00Z"},
                                     {"created__gt": "2026-01-01T10:00:00Z"}])  # fmt: skip
@pytest.mark.parametrize("q", ["", "needle"])
async def test_a_span_of_time_is_walked_in_its_own_order(history: Scene, filters: dict[str, str], q: str) -> None:
    found = await pages(history, Asked(q, limit=3, filters=filters))
    spans = {name: datetime.fromisoformat(text) for name, text in filters.items()}
    assert [one for page in found for one in page] == await wanted(**spans, **({"message": q} if q else {}))


@both_setups
async def test_the_wires_ids_turn_pages_of_a_span_of_time(history: Scene) -> None:
    filters = {"created__lt": "2026-01-01T20:00:00Z"}
    first = await read.list_tasks(history.actor, history.project.id, Asked(limit=3, filters=filters))
    asked = Asked(limit=3, filters=filters, before=str(first[-1]["id"]))
    second = await read.list_tasks(history.actor, history.project.id, asked)
    whole = await wanted(created__lt=datetime.fromisoformat(filters["created__lt"]))
    assert [one["id"] for one in (*first, *second)] == whole[:6]


@both_setups
async def test_several_statuses_are_one_list(history: Scene) -> None:
    found = await pages(history, Asked(limit=4, filters={"status": "error,stopped,waiting"}))
    assert [one for page in found for one in page] == await wanted(status__in=["error", "stopped"])
    assert all(len(page) == 4 for page in found[:-1])


@both_setups
async def test_a_task_is_found_by_its_number_however_old_it_is(history: Scene) -> None:
    oldest = (await wanted())[-1]
    first = await read.list_tasks(history.actor, history.project.id, Asked(f"#{oldest}", limit=3))
    assert [one["id"] for one in first] == [oldest]
    assert first.following
    asked = Asked(f"#{oldest}", limit=3, after=first.following)
    while (page := await read.list_tasks(history.actor, history.project.id, asked)).following:
        assert not page, "it comes once"
        asked = replace(asked, after=page.following)
    assert not page


@both_setups
async def test_kinds_of_events_are_told_in_their_order(scene: Scene) -> None:
    await Event.all().delete()
    for kind in ("user", "key", "key", None, "task"):
        await Event.create(project_id=scene.project.id if kind == "key" else None, object_type=kind, created=START)
    assert await audit.kinds(scene.actor, None) == ["key", "task", "user"]
    assert await audit.kinds(scene.actor, scene.project.id) == ["key"]


@both_setups
async def test_figures_add_what_is_remembered_to_what_is_new(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    mine = {"project_id": scene.project.id, "template_id": template.id}
    where, today = '"project_id" = ?', scene.hub.clock()
    await Task.create(**mine, status="success", created=today - timedelta(days=9))
    before = await stats.by_day(where, [scene.project.id])
    await Task.create(**mine, status="error", created=today)
    after = await stats.by_day(where, [scene.project.id])
    assert [one["count_by_status"] for one in before] == [{"success": 1}]
    assert [one["count_by_status"] for one in after] == [{"error": 1}, {"success": 1}]


@pytest.fixture
async def steps(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Awaitable[list[str]]]]:
    """What SQLite does for every statement that is asked meanwhile."""
    asked: list[tuple[str, Any]] = []
    client = current().root
    for name in ("execute_query", "execute_query_dict"):
        real = getattr(client, name)

        async def noted(query: str, values: Any = None, *, real: Any = real) -> Any:
            asked.append((query, values))
            return await real(query, values)

        monkeypatch.setattr(client, name, noted)

    async def plans() -> list[str]:
        taken, found = list(asked), []
        for query, values in taken:
            if query.startswith("EXPLAIN"):
                continue
            found += [row["detail"] for row in await client.execute_query_dict(f"EXPLAIN QUERY PLAN {query}", values)]
        return found

    yield plans
    assert asked


def wasteful(plans: list[str]) -> list[str]:
    """Return the steps that read a whole long table, or sort what an index has in order."""
    return [one for one in plans if one in {"SCAN task", "SCAN event"} or "TEMP B-TREE FOR ORDER BY" in one]


async def of_tasks(scene: Scene, asked: Asked) -> None:
    await read.list_tasks(scene.actor, scene.project.id, asked)


async def of_events(scene: Scene, asked: Asked) -> None:
    await audit.list_audit(scene.actor, scene.project.id, asked)
    await events.list_for_project(scene.actor, scene.project.id, asked)


DAY = {"created__gte": "2026-01-01", "created__lt": "2026-01-02"}


@pytest.mark.parametrize("filters", [
    {}, {"status": "error"}, {"status": "waiting,running"}, {"user_id": "1"}, {"schedule_id__null": "false"}, DAY,
    {"status": "error", "user_id": "1"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("q", ["", "word"])
async def test_no_list_of_tasks_reads_the_whole_table(
    scene: Scene, steps: Callable[[], Awaitable[list[str]]], filters: dict[str, str], q: str
) -> None:
    await of_tasks(scene, Asked(q, limit=100, filters=filters))
    assert not wasteful(await steps())


@pytest.mark.parametrize("filters", [{}, {"user_id": "1"}, {"object_type": "key"}, DAY], ids=str)
@pytest.mark.parametrize("q", ["", "word"])
async def test_no_list_of_events_reads_the_whole_table(
    scene: Scene, steps: Callable[[], Awaitable[list[str]]], filters: dict[str, str], q: str
) -> None:
    await of_events(scene, Asked(q, limit=100, filters=filters))
    assert not wasteful(await steps())


async def test_what_is_at_work_and_what_fails_is_found_by_indexes(
    scene: Scene, steps: Callable[[], Awaitable[list[str]]]
) -> None:
    assert await User.exists()
    for project_id in (None, scene.project.id):
        scope = await dashboard.scope_of(scene.actor, project_id)
        await dashboard.at_work(scope)
        await dashboard.failing(scope)
    assert not [one for one in await steps() if one in {"SCAN task", "SCAN event"}]
