"""What is kept for how long: by number, age and size, of a project and of the hub. W-29, W-71."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.errors import Forbidden, NotFound
from hub.models import Event, Project, Task, TaskChunk
from hub.services import artifacts, election, projects, retention, retention_round
from hub.services.actor import Actor
from hub.testing.carriers import SETUPS

from .kept_steps import kept, old_task
from .task_steps import node


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def with_settings(scene, **settings):
    """The same project in a hub with other settings."""
    return replace(scene, hub=replace(scene.hub, settings=scene.hub.settings.model_copy(update=settings)))


async def seen(scene, **wished):
    found = await retention.look(scene.hub, scene.actor, scene.project.id, wished)
    return found["over_tasks"], found["over_logs"]


async def test_tasks_go_by_number_and_by_age_and_are_counted_before(scene):
    template, other = await scene.template("a.sh"), await scene.template("b.sh")
    numbers = [await old_task(scene, template, days=10.5 - one) for one in range(6)]
    elsewhere = await old_task(scene, other, days=30)
    assert await seen(scene) == (0, 0)
    assert await seen(scene, keep_tasks=4) == (2, 0)
    assert await seen(scene, keep_days=7) == (5, 0)
    await Project.filter(id=scene.project.id).update(keep_tasks=4, keep_days=9)
    assert await seen(scene) == (3, 0)
    removed = await retention_round.run(scene.hub)
    assert removed is not None
    assert removed[scene.project.id].tasks == 3
    assert await kept(scene.hub) == numbers[2:]
    assert not await TaskChunk.filter(task_id__in=[*numbers[:2], elsewhere]).exists()
    told = await Event.filter(project_id=scene.project.id).order_by("-id").first()
    assert told.description == "Retention removed 3 tasks, and of tasks that stay 0 logs"
    assert told.actor == "system"


async def test_what_is_not_finished_and_what_a_deployment_was_built_from_stay(scene):
    template = await scene.template("a.sh")
    build = await old_task(scene, template, days=90)
    running = await old_task(scene, template, days=90, status="running", end=None)
    asking = await old_task(scene, template, days=90, status="waiting_confirmation", end=None)
    gone = await old_task(scene, template, days=90)
    deploy = await old_task(scene, await scene.template("b.sh"), days=1, build_task_id=build)
    small = with_settings(scene, keep_days=30, max_tasks_per_template=1, keep_log_days=1)
    await retention_round.run(small.hub)
    assert await kept(scene.hub) == [build, running, asking, deploy]
    assert gone not in await kept(scene.hub)
    assert (await Task.get(id=running)).log_place == ""
    await Task.filter(id=deploy).delete()
    await retention_round.run(small.hub)
    assert await kept(scene.hub) == [running, asking]


async def test_logs_go_by_age_while_their_tasks_stay(scene):
    template = await scene.template("a.sh")
    old, fresh = [await old_task(scene, template, days=days) for days in (20, 2)]
    small = with_settings(scene, keep_log_days=7)
    assert await seen(small) == (0, 1)
    await retention_round.run(small.hub)
    found = {one.id: one for one in await Task.all()}
    assert (found[old].log_place, found[old].log_lines, found[old].log_bytes) == ("gone", 0, 0)
    assert (found[fresh].log_place, found[fresh].log_lines) == ("", 40)
    assert await scene.text(old) == ""
    assert len(await scene.lines(fresh)) == 40
    assert await seen(small) == (0, 0)


@pytest.mark.parametrize("where", ["project", "hub"])
async def test_logs_go_by_size_the_oldest_first(scene, where):
    template = await scene.template("a.sh")
    numbers = [await old_task(scene, template, days=10 - one) for one in range(4)]
    await Task.all().update(log_bytes=400 * 1024)
    small = with_settings(scene, keep_log_mib=1) if where == "hub" else scene
    if where == "project":
        await Project.filter(id=scene.project.id).update(keep_log_mib=1)
        assert await seen(scene) == (0, 2)
    await retention_round.run(small.hub)
    places = dict(await Task.all().order_by("id").values_list("id", "log_place"))
    assert places == dict(zip(numbers, ["gone", "gone", "", ""], strict=True))
    assert "of tasks that stay 2 logs" in (await Event.all().order_by("-id").first()).description


async def test_long_logs_and_artifacts_go_with_their_task(scene, tmp_path):
    template = await scene.template("a.sh")
    number = await old_task(scene, template, days=90, chunks=3)
    await Task.filter(id=number).update(log_chunks=1200)  # one that is emptied before it goes
    file = tmp_path / "plan"
    file.write_text("the plan")
    await artifacts.keep(scene.hub, number, "plan", file)
    await retention_round.run(with_settings(scene, keep_days=30).hub)
    assert await kept(scene.hub) == []
    assert not await TaskChunk.all().exists()
    with pytest.raises(NotFound):
        await artifacts.fetch(scene.hub, [number], "plan", tmp_path / "back")


async def test_files_of_tasks_that_went_otherwise_are_cleared_away(scene, tmp_path):
    template = await scene.template("a.sh")
    numbers = [await old_task(scene, template, days=1) for _ in range(2)]
    file = tmp_path / "plan"
    file.write_text("the plan")
    for number in numbers:
        await artifacts.keep(scene.hub, number, "plan", file)
    await Task.filter(id=numbers[0]).delete()
    assert await retention_round.clear_orphans(scene.hub) == 1
    with pytest.raises(NotFound):
        await artifacts.fetch(scene.hub, [numbers[0]], "plan", tmp_path / "back")
    await artifacts.fetch(scene.hub, [numbers[1]], "plan", tmp_path / "back")


async def test_one_node_of_all_does_the_round(scene):
    assert await retention_round.run(scene.hub) == {}
    other = node(scene.hub, "other")
    assert await retention_round.run(other) is None
    assert await retention_round.run(other, at_once=True) == {}
    await election.take(scene.hub, retention_round.AT_WORK, retention_round.ROUND)
    assert await retention_round.run(other, at_once=True) is None
    await election.give_back(scene.hub, retention_round.AT_WORK)
    ahead = replace(other, clock=lambda: scene.hub.clock() + retention_round.ROUND + timedelta(seconds=1))
    assert await retention_round.run(ahead) == {}
    assert await retention_round.run(scene.hub) is None


async def test_events_are_kept_as_long_as_told(scene):
    for days in (90, 1):
        await Event.create(created=scene.hub.clock() - timedelta(days=days), description=f"{days} days ago")
    await retention_round.run(with_settings(scene, keep_event_days=30).hub)
    assert await Event.all().values_list("description", flat=True) == ["1 days ago"]


async def test_sizes_of_logs_from_before_they_were_kept_are_found(scene):
    number = await old_task(scene, await scene.template("a.sh"), days=1, chunks=2)
    size = (await Task.get(id=number)).log_bytes
    await Task.filter(id=number).update(log_bytes=0)
    await retention_round.run(scene.hub)
    assert (await Task.get(id=number)).log_bytes == size > 100


async def test_strangers_learn_nothing_of_a_projects_limits(scene):
    with pytest.raises(NotFound):
        await retention.look(scene.hub, Actor("user", 99, "stranger"), scene.project.id)


async def test_limits_that_a_client_does_not_know_stay(scene):
    draft = projects.ProjectDraft(name="Scene", keep_tasks=5, keep_log_mib=7)
    await projects.update_project(scene.hub, scene.actor, scene.project.id, draft)
    await projects.update_project(scene.hub, scene.actor, scene.project.id, projects.ProjectDraft(name="Renamed"))
    found = await projects.get_project(scene.actor, scene.project.id)
    assert (found["name"], found["keep_tasks"], found["keep_log_mib"], found.get("keep_days")) == (
        "Renamed",
        5,
        7,
        None,
    )
    runner = Actor("token", scene.actor.user_id, "admin", scopes=frozenset({"run"}), everywhere=True)
    with pytest.raises(Forbidden):
        await projects.update_project(scene.hub, runner, scene.project.id, draft)
