"""Schedules that watch a repository: they start their template for new commits, and tell when they cannot look."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.models import Schedule
from hub.services import firing
from hub.testing.carriers import SETUPS
from hub.testing.scene import commit_files

from .schedule_steps import answering, made, started, tick, told


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_one_that_watches_a_repository_starts_for_new_commits_only(scene, timed, clock):
    template = await timed.template("hello.sh", allow_parallel_tasks=True)
    schedule = await made(timed, template=template, repository_id=timed.repository.id)
    async with answering(scene.hub):
        for commits in (1, 1, 2):
            if commits == 2:
                newest = commit_files(timed.folder, {"new.txt": "new\n"}, "second")
            clock.forward(hours=1)
            await tick(timed.hub)
            assert await started(schedule) == commits
    assert (await Schedule.get(id=schedule.id)).last_commit_hash == newest


async def test_a_repository_that_cannot_be_asked_is_told_once_and_asked_again(scene, timed, clock):
    schedule = await made(timed, repository_id=timed.repository.id)
    await timed.repository.refresh_from_db()
    timed.repository.git_branch = "nowhere"
    await timed.repository.save()
    async with answering(scene.hub):
        for _ in range(2):
            clock.forward(hours=1)
            await tick(timed.hub)
        assert await started(schedule) == 0
        now = await Schedule.get(id=schedule.id)
        assert "nowhere" in now.last_error
        assert now.last_commit_hash is None
        assert len(await told(schedule)) == 2
        timed.repository.git_branch = "main"
        await timed.repository.save()
        clock.forward(hours=1)
        await tick(timed.hub)
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).last_error == ""


async def test_two_looks_that_find_the_same_commit_start_one_task(scene, timed, clock):
    schedule = await made(timed, repository_id=timed.repository.id)
    checks = []
    for _ in range(2):  # the first look takes so long that the next moment comes
        clock.forward(hours=1)
        (seen,) = await firing.due(timed.hub)
        checks.append(await firing.fire(timed.hub, seen))
    async with answering(scene.hub):
        await asyncio.gather(*(check() for check in checks))
    assert await started(schedule) == 1
    assert (await Schedule.get(id=schedule.id)).runs == 1


async def test_one_that_looks_once_and_finds_nothing_new_is_done_with(scene, timed, clock):
    at = (clock.now + timedelta(hours=1)).isoformat()
    body = {"cron_format": "", "type": "run_at", "run_at": at, "repository_id": timed.repository.id}
    schedule = await made(timed, **body)
    (commit,) = (timed.folder / ".git/refs/heads").glob("main")
    await Schedule.filter(id=schedule.id).update(last_commit_hash=commit.read_text().strip())
    clock.forward(hours=1)
    async with answering(scene.hub):
        await tick(timed.hub)
    now = await Schedule.get(id=schedule.id)
    assert (now.active, now.next_run_at, now.runs, now.last_error) == (False, None, 0, "")
