"""Letting tasks through: limits hold exactly, the oldest goes first, nobody starves. W-08, W-42."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.models import Event, Project, Repository, Task, Template
from hub.plugin import Outcome
from hub.services.tasks import dispatch, finish, leases, stop
from hub.services.tasks.moves import subject_of
from hub.services.tasks.states import HELD
from hub.testing.booted import booted
from hub.testing.carriers import MARIADB, SETUPS
from hub.testing.scene import Scene, make_scene

from .task_steps import claim, later, run, status, statuses


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def limited(plugins, carriers):
    """Opens a hub with that limit and a project in it."""

    def open_hub(limit: int) -> Any:
        return booted(plugins=plugins, max_parallel_tasks=limit, **carriers)

    return open_hub


async def scene_of(hub) -> Scene:
    return await make_scene(hub, {"hello.sh": "echo hello\n"})


async def launched(scene: Scene, template: Template, count: int) -> list[int]:
    return [await scene.launch(template) for _ in range(count)]


async def test_the_limit_of_the_hub_holds(limited):
    async with limited(3) as hub:
        scene = await scene_of(hub)
        numbers = await launched(scene, await scene.template("hello.sh", allow_parallel_tasks=True), 5)
        assert await dispatch.admit(hub) == 3
        assert await dispatch.admit(hub) == 0
        assert await statuses(*numbers) == ["starting"] * 3 + ["waiting"] * 2
        await run(hub, numbers[0])
        assert await dispatch.admit(hub) == 1
        assert await status(numbers[3]) == "starting"


async def test_no_limit_lets_all_through(limited):
    async with limited(0) as hub:
        scene = await scene_of(hub)
        await launched(scene, await scene.template("hello.sh", allow_parallel_tasks=True), 40)
        assert await dispatch.admit(hub) == 40


async def test_a_project_has_a_limit_of_its_own(limited):
    async with limited(10) as hub:
        scene = await scene_of(hub)
        await Project.filter(id=scene.project.id).update(max_parallel_tasks=2)
        numbers = await launched(scene, await scene.template("hello.sh", allow_parallel_tasks=True), 3)
        assert await dispatch.admit(hub) == 2
        reason = "It waits for 2 tasks of project Scene, which runs 2 at once."
        assert (await scene.task(numbers[2]))["reason"] == reason
        await run(hub, numbers[0])
        await dispatch.admit(hub)
        task = await scene.task(numbers[2])
        told = "No worker is there; the task begins as soon as one comes."
        assert (task["status"], task["reason"]) == ("starting", told)


async def test_a_template_without_parallel_tasks_runs_one_at_a_time(limited):
    async with limited(10) as hub:
        scene = await scene_of(hub)
        single, other = await scene.template("hello.sh"), await scene.template("hello.sh", name="other")
        first, second = await launched(scene, single, 2)
        third = await scene.launch(other)
        assert await dispatch.admit(hub) == 2
        assert await statuses(first, second, third) == ["starting", "waiting", "starting"]
        reason = f"It waits for task {first} of the same template, which runs one task at a time."
        assert (await scene.task(second))["reason"] == reason


async def test_the_oldest_goes_first_and_what_is_blocked_is_passed_by(limited):
    async with limited(2) as hub:
        scene = await scene_of(hub)
        single = await scene.template("hello.sh")
        parallel = await scene.template("hello.sh", name="parallel", allow_parallel_tasks=True)
        numbers = [await scene.launch(one) for one in (single, single, parallel, parallel)]
        await dispatch.admit(hub)
        assert await statuses(*numbers) == ["starting", "waiting", "starting", "waiting"]
        await run(hub, numbers[0])
        await dispatch.admit(hub)
        assert await statuses(*numbers) == ["success", "starting", "starting", "waiting"]


async def test_many_blocked_tasks_starve_nobody_behind_them(limited):
    """More than one batch of tasks of a template that runs already, and behind them one that may go."""
    async with limited(10) as hub:
        scene = await scene_of(hub)
        single = await scene.template("hello.sh")
        now = hub.clock()
        rows = [
            Task(project_id=scene.project.id, template_id=single.id, created=now, status="waiting")
            for _ in range(dispatch.BATCH + 60)
        ]
        await Task.bulk_create(rows, batch_size=300)
        last = await scene.launch(await scene.template("hello.sh", name="other"))
        assert await dispatch.admit(hub) == 2
        assert await status(last) == "starting"


async def test_waiting_again_and_again_writes_nothing(limited):
    async with limited(1) as hub:
        scene = await scene_of(hub)
        await launched(scene, await scene.template("hello.sh", allow_parallel_tasks=True), 30)
        await dispatch.admit(hub)
        before = await Event.all().count()
        for _ in range(10):
            await dispatch.admit(hub)
        assert await Event.all().count() == before


async def test_limits_hold_exactly_however_many_passes_race(limited):
    """Passes, runs and stops on many connections at once; after each, what is held is counted in the database."""
    async with limited(5) as hub:
        scene = await scene_of(hub)
        await Project.filter(id=scene.project.id).update(max_parallel_tasks=4)
        other = await Project.create(name="Other", created=hub.clock())
        repository = await Repository.create(
            project=other, name="Other", git_url=str(scene.folder), git_branch="main",
            ssh_key_id=scene.repository.ssh_key_id,
        )  # fmt: skip
        parallel = await scene.template("hello.sh", allow_parallel_tasks=True)
        single = await scene.template("hello.sh", name="single")
        foreign = await Template.create(
            project=other, repository=repository, app="bash", playbook="hello.sh", name="foreign",
            allow_parallel_tasks=True,
        )  # fmt: skip
        rows = [
            Task(project_id=one.project_id, template_id=one.id, created=hub.clock(), status="waiting")
            for one in [parallel, single, foreign] * 20
        ]
        await Task.bulk_create(rows)
        crowd = Crowd(scene, single.id)
        async with asyncio.timeout(60):
            await asyncio.gather(*[crowd.somebody() for _ in range(6)])
        assert not crowd.broken
        assert set(await Task.all().values_list("status", flat=True)) <= {"success", "stopped"}


class Crowd:
    """People, dispatchers and workers who all act at once, and look whether a limit is broken."""

    def __init__(self, scene: Scene, single: int) -> None:
        self.scene, self.hub, self.single = scene, scene.hub, single
        self.broken: list[Counter[Any]] = []
        self._choose = random.Random(1)

    async def somebody(self) -> None:
        while waiting := await Task.filter(status__in=["waiting", "starting"]).values_list("id", "status"):
            await dispatch.admit(self.hub)
            await self._look()
            number, at = self._choose.choice(waiting)
            if at == "starting":
                await self._run_or_stop(number)

    async def _run_or_stop(self, number: int) -> None:
        if self._choose.random() < 0.2:
            await stop.stop(self.hub, self.scene.actor, (await Task.get(id=number)).project_id, number)
        elif await claim(self.hub, number):
            await self._look()
            await finish.finish(self.hub, await subject_of(number), Outcome.success())

    async def _look(self) -> None:
        held = await Task.filter(status__in=list(HELD)).values_list("project_id", "template_id")
        projects, templates = Counter(one for one, _ in held), Counter(one for _, one in held)
        if len(held) > 5 or projects[self.scene.project.id] > 4 or templates[self.single] > 1:
            self.broken.append(projects + templates)


async def test_passes_that_race_admit_each_task_once(limited):
    async with limited(0) as hub:
        scene = await scene_of(hub)
        await launched(scene, await scene.template("hello.sh", allow_parallel_tasks=True), 30)
        assert sum(await asyncio.gather(*[dispatch.admit(hub) for _ in range(8)])) == 30


async def test_an_admitted_task_whose_message_was_lost_is_sent_again_w40(limited, monkeypatch):
    async with limited(10) as hub:
        scene = await scene_of(hub)
        sent: list[int] = []

        async def away(lane: str, number: int) -> None:
            raise Unavailable("Redis is away.")

        async def note(lane: str, number: int) -> None:
            sent.append(number)

        monkeypatch.setattr(type(hub.queue), "send", lambda _, lane, number: away(lane, number))
        number = await scene.launch(await scene.template("hello.sh"))
        await dispatch.admit(hub)
        assert await status(number) == "starting"
        monkeypatch.setattr(type(hub.queue), "send", lambda _, lane, number: note(lane, number))
        await leases.sweep(later(hub, leases.UNCLAIMED / 2))
        assert sent == []
        await leases.sweep(later(hub, leases.UNCLAIMED))
        assert sent == [number]
        await leases.sweep(later(hub, leases.UNCLAIMED * 1.5))
        assert sent == [number]


async def test_a_task_goes_to_the_lane_of_its_tag(limited, monkeypatch):
    async with limited(10) as hub:
        scene = await scene_of(hub)
        sent: list[tuple[str, int]] = []

        async def note(_, lane: str, number: int) -> None:
            sent.append((lane, number))

        monkeypatch.setattr(type(hub.queue), "send", note)
        plain = await scene.launch(await scene.template("hello.sh"))
        tagged = await scene.launch(await scene.template("hello.sh", name="tagged", runner_tag="gpu"))
        await dispatch.admit(hub)
        assert sent == [("tasks", plain), ("tasks:gpu", tagged)]
