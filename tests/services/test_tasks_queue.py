"""Who is next, what a waiting task is told to wait for, and how long it may. W-78."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from hub.context import utc_now
from hub.db import current
from hub.models import Event, Project, Schedule, Task, TaskMove, Template, Worker
from hub.plugin import Outcome
from hub.services.tasks import dispatch, leases, overdue, queued, stop
from hub.services.tasks.moves import subject_of
from hub.testing.booted import booted
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene, make_scene

from .task_steps import claim, later, run, status, statuses


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def narrow(plugins, carriers):
    """A project in a hub that runs one task at a time."""
    async with booted(plugins=plugins, max_parallel_tasks=1, **carriers) as hub:
        yield await make_scene(hub, {"hello.sh": "echo hello\n"})


async def elsewhere(scene: Scene, name: str, **members: object) -> Template:
    """A template of another project."""
    project = await Project.create(name=name, created=scene.hub.clock())
    return await Template.create(
        project=project, repository=scene.repository, app="bash", playbook="hello.sh", name="hello.sh",
        **({"allow_parallel_tasks": True} | members),
    )  # fmt: skip


async def waiting(template: Template, count: int = 1) -> list[int]:
    """Tasks as a launch stores them, without all that a launch checks."""
    made = [
        await Task.create(
            project_id=template.project_id, template=template, created=utc_now(), tag=template.runner_tag or ""
        )
        for _ in range(count)
    ]  # fmt: skip
    return [int(task.id) for task in made]


async def order_of(scene: Scene, numbers: list[int]) -> list[int]:
    """Let one after the other through and run it; return the order in which they went."""
    order: list[int] = []
    while len(order) < len(numbers):
        assert await dispatch.admit(scene.hub) == 1
        (number,) = await Task.filter(status="starting").values_list("id", flat=True)
        order.append(number)
        await run(scene.hub, number)
    return order


async def test_a_higher_priority_goes_first_and_equals_go_by_age(narrow):
    low, middle, high = [
        await narrow.template("hello.sh", name=f"of {priority}", priority=priority, allow_parallel_tasks=True)
        for priority in (-5, 0, 7)
    ]
    a, b, c, d = [(await waiting(one))[0] for one in (low, middle, middle, high)]
    places = [(await narrow.task(number))[queued.POSITION] for number in (a, b, c, d)]
    assert places == [4, 2, 3, 1]
    assert await order_of(narrow, [a, b, c, d]) == [d, b, c, a]


async def test_a_free_slot_goes_to_the_project_with_the_fewest_tasks_under_way(plugins, carriers):
    async with booted(plugins=plugins, max_parallel_tasks=4, **carriers) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        crowd = await waiting(await scene.template("hello.sh", allow_parallel_tasks=True), 8)
        others = await waiting(await elsewhere(scene, "Other"), 2)
        places = [row[queued.POSITION] for row in await told([*crowd[:3], *others])]
        assert places == [1, 3, 5, 2, 4]
        assert await dispatch.admit(hub) == 4
        assert await statuses(*crowd[:3], *others) == ["starting", "starting", "waiting", "starting", "starting"]


async def told(numbers: list[int]) -> list[dict]:
    rows = [dict(row) for row in await Task.filter(id__in=numbers).order_by("id").values("id", "status", "reason")]
    await queued.explain(rows, positions=True)
    return rows


async def test_whoever_waits_is_passed_only_by_what_the_rule_puts_before_it(plugins):
    """For random projects and limits: nobody goes while somebody unblocked stands before it. So nobody starves."""
    choose = random.Random(20)
    async with booted(plugins=plugins, max_parallel_tasks=3) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        templates = [await elsewhere(scene, f"P{number % 3}", priority=choose.choice([0, 0, 5])) for number in range(6)]
        for _ in range(30):
            await waiting(choose.choice(templates))
        facts = {template.id: template for template in templates}
        while await Task.filter(status="waiting").exists():
            before = await Task.filter(status="waiting").values_list("id", "template_id")
            busy = Counter(await Task.filter(status__in=["starting", "running"]).values_list("project_id", flat=True))
            await dispatch.admit(hub)
            gone = [one for one in before if await status(one[0]) == "starting"]
            expected: list[tuple[int, int]] = []
            left = list(before)
            while left and len(expected) < len(gone):
                best = min(left, key=lambda one: (-facts[one[1]].priority, busy[facts[one[1]].project_id], one[0]))
                left.remove(best)
                expected.append(best)
                busy[facts[best[1]].project_id] += 1
            assert sorted(gone) == sorted(expected)
            under_way = await Task.filter(status="starting").order_by("id").values_list("id", flat=True)
            await run(hub, choose.choice(list(under_way)))


async def test_one_task_of_a_concurrency_group_runs_at_a_time(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    one = await scene.template("hello.sh", name="migrate", concurrency_group="db", allow_parallel_tasks=True)
    two = await scene.template("hello.sh", name="dump", concurrency_group="db", allow_parallel_tasks=True)
    foreign = await elsewhere(scene, "Other", concurrency_group="db")
    first, second, third = [(await waiting(template))[0] for template in (one, two, foreign)]
    assert await dispatch.admit(hub) == 2
    assert await statuses(first, second, third) == ["starting", "waiting", "starting"]
    reason = f"It waits for task {first} of the same concurrency group “db”."
    assert (await scene.task(second))["reason"] == reason
    await run(hub, first)
    assert await dispatch.admit(hub) == 1
    assert await status(second) == "starting"


async def test_of_a_schedule_that_queues_one_task_runs_at_a_time(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    queue, parallel = [
        await Schedule.create(project=scene.project, template=template, overlap=overlap)
        for overlap in ("queue", "parallel")
    ]
    started = await waiting(template, 7)
    for numbers, schedule in ((started[:3], queue), (started[3:5], parallel)):
        await Task.filter(id__in=numbers).update(schedule_id=schedule.id)
    assert await dispatch.admit(hub) == 5
    assert await statuses(*started) == ["starting", "waiting", "waiting", *["starting"] * 4]
    reason = f"It waits for task {started[0]} of the same schedule, which runs one after the other."
    assert (await scene.task(started[2]))["reason"] == reason
    await run(hub, started[0])
    assert await dispatch.admit(hub) == 1
    assert await statuses(*started[1:3]) == ["starting", "waiting"]


async def test_what_a_person_judges_keeps_its_group_until_it_is_over(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    plan = await scene.template("hello.sh", name="plan", concurrency_group="state")
    urgent = await scene.template("hello.sh", name="urgent", concurrency_group="state", priority=9)
    (asking,) = await waiting(plan)
    await dispatch.admit(hub)
    await run(hub, asking, Outcome.awaiting("Really?", {"changes": 1}, {"plan": "p"}))
    (other,) = await waiting(urgent)
    assert await dispatch.admit(hub) == 0
    await stop.confirm(hub, scene.actor, scene.project.id, asking)
    assert await dispatch.admit(hub) == 1
    assert await statuses(asking, other) == ["starting", "waiting"]
    await run(hub, asking)
    assert await dispatch.admit(hub) == 1


async def test_a_task_that_nothing_stands_in_the_way_of_is_told_of_free_slots(narrow):
    first, second = await waiting(await narrow.template("hello.sh", allow_parallel_tasks=True), 2)
    await dispatch.admit(narrow.hub)
    await Task.filter(id=second).update(created=narrow.hub.clock() - timedelta(seconds=5))
    assert (await narrow.task(second))["reason"] == "It waits for a free slot; the hub runs 1 task at the moment."
    assert queued.POSITION not in await narrow.task(first)


async def worker(hub, node: str, *tags: str, slots: int = 2, **members: object) -> Worker:
    now = hub.clock()
    return await Worker.create(
        **({"node": node, "host": node, "version": "1", "tags": list(tags), "slots": slots} | members),
        started=now, seen=now,
    )  # fmt: skip


async def test_a_task_waits_for_a_worker_with_its_tag_and_holds_nobody_up(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    await worker(hub, "plain")
    (tagged,) = await waiting(await scene.template("hello.sh", name="gpu", runner_tag="gpu"))
    (plain,) = await waiting(await scene.template("hello.sh"))
    assert await dispatch.admit(hub) == 1
    assert await status(plain) == "starting"
    assert (await scene.task(tagged))["reason"] == "No worker with the tag gpu is there."
    able = await worker(hub, "able", "gpu", draining=True)
    assert await dispatch.admit(hub) == 0
    assert (await scene.task(tagged))["reason"] == "Every worker with the tag gpu is being drained."
    await Worker.filter(id=able.id).update(draining=False)
    assert await dispatch.admit(hub) == 1


async def test_no_more_is_let_through_than_the_workers_have_slots_for(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    await worker(hub, "big", "gpu", slots=2)
    await worker(hub, "small", slots=1)
    gpu = await waiting(
        await scene.template("hello.sh", name="gpu", runner_tag="gpu", allow_parallel_tasks=True), 3
    )  # fmt: skip
    plain = await waiting(await scene.template("hello.sh", allow_parallel_tasks=True), 3)
    assert await dispatch.admit(hub) == 3
    assert await statuses(*gpu, *plain) == ["starting", "starting", "waiting", "starting", "waiting", "waiting"]
    reason = "It waits for a free slot of a worker{0}; all {1} are taken."
    assert (await scene.task(gpu[2]))["reason"] == reason.format(" with the tag gpu", 2)
    assert (await scene.task(plain[1]))["reason"] == reason.format("", 3)


async def test_what_no_worker_would_take_keeps_no_slot_and_waits_again(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    gpu = await waiting(await scene.template("hello.sh", name="gpu", runner_tag="gpu", allow_parallel_tasks=True), 3)
    assert await dispatch.admit(hub) == 3  # no worker has told of itself yet
    await worker(hub, "plain")
    (plain,) = await waiting(await scene.template("hello.sh"))
    assert await dispatch.admit(hub) == 1
    await leases.sweep(later(hub, leases.UNCLAIMED))
    assert await statuses(*gpu, plain) == ["waiting", "waiting", "waiting", "starting"]
    assert (
        await TaskMove.filter(task_id=gpu[0]).order_by("-id").first()
    ).note == "No worker with the tag gpu is there."
    assert not await claim(hub, gpu[0])
    await worker(hub, "able", "gpu", slots=3)
    assert await dispatch.admit(hub) == 3


async def test_a_worker_that_is_silent_has_no_slots(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    await worker(hub, "alive", slots=1)
    await worker(hub, "silent", slots=5)
    await Worker.filter(node="silent").update(seen=hub.clock() - timedelta(seconds=60))
    await waiting(await scene.template("hello.sh", allow_parallel_tasks=True), 3)
    assert await dispatch.admit(hub) == 1


async def test_a_task_that_waited_too_long_ends_once_with_the_reason(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    template = await scene.template("hello.sh", queue_limit=60)
    late, sent = await scene.launch(template), await scene.launch(await scene.template("hello.sh", name="free"))
    assert await overdue.end_overdue(later(hub, 59)) == 0
    ended = [await overdue.end_overdue(later(hub, 61)) for _ in range(2)]
    assert ended == [1, 0]
    task = await scene.task(late)
    assert (task["status"], task["reason"]) == ("error", overdue.LATE.format(limit=60))
    assert "start" not in task
    assert await TaskMove.filter(task_id=late, target="error").count() == 1
    assert await Event.filter(object_type="task", object_id=late, description__endswith="ERROR").count() == 1
    assert await status(sent) == "waiting"


async def test_a_task_that_began_in_time_is_not_late(hub):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    number = await scene.launch(await scene.template("hello.sh", queue_limit=60))
    await dispatch.admit(hub)
    assert await claim(hub, number)
    assert await overdue.end_overdue(later(hub, 61)) == 0
    assert (await subject_of(number)) is not None
    assert await status(number) == "running"


async def test_ten_thousand_waiting_tasks_cost_a_pass_a_handful_of_statements(hub, monkeypatch):
    scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
    single = await scene.template("hello.sh")
    await Task.bulk_create(
        [Task(project_id=scene.project.id, template_id=single.id, created=hub.clock()) for _ in range(10_000)],
        batch_size=500,
    )  # fmt: skip
    assert await dispatch.admit(hub) == 1
    asked = counted(monkeypatch)
    assert await dispatch.admit(hub) == 0
    assert sum(asked.values()) <= 4, asked
    newest = await Task.all().order_by("-id").first()
    assert newest is not None
    assert (await scene.task(newest.id))[queued.POSITION] == 9_999


def counted(monkeypatch) -> Counter[str]:
    """Counts what is asked of the database from now on."""
    asked: Counter[str] = Counter()
    client = type(current().client)
    for name in ("execute_query", "execute_query_dict"):
        monkeypatch.setattr(client, name, counting(asked, getattr(client, name)))
    return asked


def counting(asked: Counter[str], real):
    async def execute(self, sql, *rest):
        asked[" ".join(sql.split())[:60]] += 1
        return await real(self, sql, *rest)

    return execute
