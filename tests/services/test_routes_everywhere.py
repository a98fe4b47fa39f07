"""What the API's tests show on SQLite of schedules, figures, groups and repeated requests holds on PostgreSQL, too."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.errors import Conflict, InUse, Reused
from hub.models import Environment, Project, Schedule, Task, Template
from hub.services import demo, environments, idempotency, repositories, schedules, stats, templates, vaulting
from hub.services.idempotency import Asked, Kept
from hub.services.schedules import ScheduleDraft
from hub.services.stats import Span
from hub.services.tasks import brief
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.template_drafts import TemplateDraft
from hub.testing.booted import administrator, booted
from hub.vault import place

pytest_plugins = ["hub.testing.databases"]

EVENING = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.fixture
async def anywhere(url, plugins):
    """A hub with a demo project, on each database."""
    async with booted(plugins=plugins, database_url=url) as hub:
        await demo.ensure_demo(hub)
        yield hub


async def test_figures_are_the_same_on_every_database(anywhere):  # W-31
    actor, build = await administrator(), await Template.get(type="build")
    for status, wait, seconds in (("success", 2, 10), ("error", 4, 20.5), ("success", 0, 60)):
        start = EVENING + timedelta(seconds=wait)
        await Task.create(
            project_id=build.project_id, template_id=build.id, status=status, created=EVENING, start=start,
            end=start + timedelta(seconds=seconds), user_id=actor.user_id,
        )  # fmt: skip
    await Task.create(
        project_id=build.project_id, template_id=build.id, status="waiting", created=EVENING + timedelta(hours=1)
    )
    first = {"date": "2026-03-01", "count_by_status": {"error": 1, "success": 2}, "avg_duration": 30, "avg_wait": 2}
    second = {"date": "2026-03-02", "count_by_status": {"waiting": 1}, "avg_duration": 0, "avg_wait": 0}
    assert await stats.of_project(actor, build.project_id, Span()) == [second, first]
    assert await stats.of_template(actor, build.project_id, build.id, Span(end=date(2026, 3, 2))) == [first]
    begun = Span(start=date(2026, 3, 1), end=date(2026, 3, 3), user_id=actor.user_id)
    assert await stats.of_project(actor, build.project_id, begun) == [first]
    assert await stats.of_project(actor, build.project_id, Span(start=date(2026, 3, 2))) == []


async def test_schedules_are_kept_on_every_database(anywhere):
    actor, build = await administrator(), await Template.get(type="build")
    body = {
        "template_id": build.id, "name": "Nightly", "cron_format": "CRON_TZ=Asia/Tokyo 0 3 * * *", "active": True,
        "repository_id": build.repository_id, "task_params": {"message": "x", "secret": '{"word": "abra"}'},
    }  # fmt: skip
    made = await schedules.create_schedule(anywhere, actor, build.project_id, ScheduleDraft.read(body))
    row = await Schedule.get(id=made["id"])
    assert row.next_run_at is not None
    assert (row.next_run_at.astimezone(UTC).hour, row.task_params) == (18, {"message": "x"})
    assert json.loads(anywhere.vault.open(str(row.secret), place("schedule", "secret", row.id))) == {"word": "abra"}
    report = await vaulting.check(anywhere)
    assert report.broken == []
    with pytest.raises(InUse, match="schedule of the template"):
        await repositories.delete_repository(anywhere, actor, build.project_id, await _only_watched(build, row))
    await schedules.delete_schedule(anywhere, actor, build.project_id, made["id"])
    assert await Schedule.all().count() == 0


async def _only_watched(build: Template, row: Schedule) -> int:
    """Let the schedule watch a repository that no template uses."""
    from hub.models import Key, Repository

    key = await Key.filter(project_id=build.project_id, type="none").first()
    other = await Repository.create(
        project_id=build.project_id, name="Watched", git_url="https://example.org/x.git", git_branch="main", ssh_key=key
    )
    await Schedule.filter(id=row.id).update(repository_id=other.id)
    return other.id


async def test_several_groups_are_merged_and_kept_from_deletion_on_every_database(anywhere):
    actor, project = await administrator(), await Project.get(name="Demo")
    build = await Template.get(type="build")
    groups = [
        await Environment.create(project=project, name=f"Group {number}", json=f'{{"n": {number}, "g{number}": true}}')
        for number in range(3)
    ]
    shape = await templates.get_template(actor, project.id, build.id)
    draft = TemplateDraft.read({**shape, "environment_ids": [groups[2].id, groups[1].id]})
    await templates.update_template(anywhere, actor, project.id, build.id, draft)
    task = await launch(anywhere, actor, project.id, TaskDraft(template_id=build.id))
    given = (await brief.load(anywhere, task["id"])).variables
    assert (given["n"], given["g1"], given["g2"], "g0" in given) == (1, True, True, False)
    with pytest.raises(InUse):
        await environments.delete_environment(anywhere, actor, project.id, groups[1].id)
    await environments.delete_environment(anywhere, actor, project.id, groups[0].id)


async def test_one_of_many_gets_an_idempotency_key_on_every_database(anywhere):
    asked = Asked.of(await administrator(), "POST /api/projects", "key", b"{}")

    async def claim() -> str:
        try:
            return "mine" if await idempotency.claim(anywhere, asked) is None else "kept"
        except Conflict:
            return "later"

    assert sorted(await asyncio.gather(*(claim() for _ in range(6)))) == ["later"] * 5 + ["mine"]
    await idempotency.keep(anywhere, asked, Kept(201, "application/json", '{"id": 1}\n'))
    assert await idempotency.claim(anywhere, asked) == Kept(201, "application/json", '{"id": 1}\n')
    with pytest.raises(Reused):
        await idempotency.claim(anywhere, Asked(asked.digest, "another"))
