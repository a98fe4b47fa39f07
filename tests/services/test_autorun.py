"""Deployments follow a build that ended well, once, and nothing else. W-03, W-10."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.bell.memory import MemoryBell
from hub.models import Event, Freeze, Task, TaskMove
from hub.plugin import Outcome
from hub.services.tasks import brief, dispatch, finish, stop
from hub.services.tasks.moves import subject_of

from .task_steps import claim, run, status


async def chain(scene, **members):
    """A build and what is to follow it."""
    build = await scene.template("hello.sh", name="build", type="build", start_version="1.0.0")
    deploy = await scene.template(
        "hello.sh", name="deploy", type="deploy", build_template=build, **({"autorun": True} | members)
    )  # fmt: skip
    return build, deploy


async def built(scene, template, outcome=None):
    number = await scene.launch(template)
    await dispatch.admit(scene.hub)
    await run(scene.hub, number, outcome)
    return number


async def followed(number: int) -> list[int]:
    return list(await Task.filter(build_task_id=number).values_list("id", flat=True))


async def test_a_deployment_follows_its_build_and_knows_its_version(scene):
    build, deploy = await chain(scene)
    further = await scene.template("hello.sh", name="further", type="deploy", build_template=deploy, autorun=True)
    number = await built(scene, build)
    (follower,) = await followed(number)
    task = await scene.task(follower)
    assert (task["template_id"], task["status"], task["build_task_id"]) == (deploy.id, "waiting", number)
    assert "user_id" not in task
    assert (await brief.load(scene.hub, follower)).incoming_version == "1.0.0"
    assert await TaskMove.filter(task_id=follower, actor=f"task {number}").count() == 1
    await dispatch.admit(scene.hub)
    await run(scene.hub, follower)
    (last,) = await followed(follower)
    assert (await scene.task(last))["template_id"] == further.id
    assert (await brief.load(scene.hub, last)).incoming_version == "1.0.0"


async def test_only_what_is_to_follow_by_itself_does(scene):
    build, _ = await chain(scene, autorun=False)
    assert await followed(await built(scene, build)) == []


@pytest.mark.parametrize("how", ["error", "stopped", "rejected", "awaiting"])
async def test_nothing_follows_what_did_not_end_well_w03(scene, how):
    build, _ = await chain(scene)
    hub, actor = scene.hub, scene.actor
    if how == "error":
        number = await built(scene, build, Outcome.failure(1))
    elif how == "stopped":
        number = await scene.launch(build)
        await dispatch.admit(hub)
        assert await claim(hub, number)
        await stop.stop(hub, actor, scene.project.id, number)
        assert await finish.finish(hub, await subject_of(number), Outcome.success())
        assert await status(number) == "stopped"
    else:
        number = await built(scene, build, Outcome.awaiting("Really?", {}, {}))
        if how == "rejected":
            await stop.reject(hub, actor, scene.project.id, number)
    assert await followed(number) == []


async def test_it_follows_once_however_often_the_end_is_told(scene):
    build, _ = await chain(scene)
    number = await built(scene, build)
    assert not await finish.finish(scene.hub, await subject_of(number), Outcome.success())
    assert len(await followed(number)) == 1


async def test_it_follows_also_when_whoever_ended_the_build_dies_with_the_commit(scene):
    """Nothing after the commit happens: no ring, no word to anybody. The next look of any node finds the deployment."""
    build, _ = await chain(scene)
    number = await scene.launch(build)
    await dispatch.admit(scene.hub)
    assert await claim(scene.hub, number)
    dying = replace(scene.hub, bell=Mute())
    assert await finish.finish(dying, await subject_of(number), Outcome.success())
    (follower,) = await followed(number)
    assert await dispatch.admit(scene.hub) == 1
    assert await status(follower) == "starting"


class Mute(MemoryBell):
    """A bell of a process that is gone."""

    async def ring(self, topic: str) -> None:
        raise ConnectionError


async def test_a_build_whose_end_is_not_stored_starts_nothing(scene, monkeypatch):
    build, _ = await chain(scene)
    number = await scene.launch(build)
    await dispatch.admit(scene.hub)
    assert await claim(scene.hub, number)

    async def fail(*_):
        raise ConnectionError

    monkeypatch.setattr(finish, "follow", fail)
    with pytest.raises(ConnectionError):
        await finish.finish(scene.hub, await subject_of(number), Outcome.success())
    assert await status(number) == "running"
    assert await followed(number) == []


async def test_a_deployment_that_must_not_start_now_is_passed_over_with_a_word(scene):
    build, deploy = await chain(scene)
    needy = await scene.template(
        "hello.sh", name="needy", type="deploy", build_template=build, autorun=True,
        survey_vars=[{"name": "where", "title": "Where", "required": True}],
    )  # fmt: skip
    number = await built(scene, build)
    assert await status(number) == "success"
    assert [task.template_id for task in await Task.filter(build_task_id=number)] == [deploy.id]
    told = await Event.get(object_type="template", object_id=needy.id)
    assert told.description == f"Template needy was not started after task ID {number}: Where is required."


async def test_nothing_follows_during_a_freeze_of_everything(scene):
    build, _ = await chain(scene)
    number = await scene.launch(build)
    await dispatch.admit(scene.hub)
    now, hour = scene.hub.clock(), timedelta(hours=1)
    await Freeze.create(
        project=scene.project, name="Holidays", everything=True, starts=now - hour, ends=now + hour
    )  # fmt: skip
    await run(scene.hub, number)
    assert await status(number) == "success"
    assert await followed(number) == []
    assert await Event.filter(object_type="template", description__contains="Holidays").count() == 1
