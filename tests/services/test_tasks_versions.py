"""Versions that builds get, and that deploys take over (execution.md 3.2, W-10)."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Invalid
from hub.models import Schedule, Task
from hub.services.actor import Actor
from hub.services.tasks import brief, versions
from hub.testing.carriers import SETUPS

from .launching import start


@pytest.mark.parametrize(
    ("first", "last", "following"),
    [
        ("1.0.0", None, "1.0.0"),
        ("1.0.0", "1.0.9", "1.0.10"),
        ("v1.2.3-rc", "v1.2.7-rc", "v1.2.8-rc"),
        ("5", "3", "5"),
        ("5", "5", "6"),
        ("1.0", "2.7", "1.0"),
        ("1.0", "1.0", "1.1"),
        ("1.0", "nonsense", "1.0"),
        ("no-digits", "no-digits", "no-digits"),
        ("a1b", "a1", "a1b"),
        ("1.9", "1.99999999999", "1.100000000000"),
        ("10", "1", "10"),
        ("x.1.x", "x.1.x.x", "x.1.x"),
    ],
)
def test_the_next_version_follows_the_last(first, last, following):
    assert versions.next_version(first, last) == following


async def test_builds_at_once_never_share_a_version_w10(scene):
    template = await scene.template("hello.sh", type="build", start_version="1.0.0", allow_parallel_tasks=True)
    tasks = await asyncio.gather(*[start(scene, scene.actor, template) for _ in range(12)])
    assert sorted(task.version for task in tasks) == sorted(f"1.0.{number}" for number in range(12))


@pytest.mark.parametrize("setup", SETUPS[1:])
async def test_builds_at_once_never_share_a_version_on_many_connections_w10(scene, setup):
    await test_builds_at_once_never_share_a_version_w10(scene)


async def test_a_deploy_takes_the_version_of_its_build_also_through_another_deploy(scene):
    build = await scene.template("hello.sh", type="build", start_version="2.0")
    deploy = await scene.template("hello.sh", name="deploy", type="deploy", build_template=build)
    further = await scene.template("hello.sh", name="further", type="deploy", build_template=deploy)
    built = await start(scene, scene.actor, build)
    deployed = await start(scene, scene.actor, deploy, build_task_id=built.id)
    last = await start(scene, scene.actor, further, build_task_id=deployed.id)
    for task in (deployed, last):
        assert (await brief.load(scene.hub, task.id)).incoming_version == "2.0"


async def test_a_build_task_of_another_template_is_refused(scene):
    build = await scene.template("hello.sh", type="build", start_version="2.0")
    deploy = await scene.template("hello.sh", name="deploy", type="deploy", build_template=build)
    wrong = await start(scene, scene.actor, await scene.template("hello.sh", name="plain"))
    with pytest.raises(Invalid):
        await start(scene, scene.actor, deploy, build_task_id=wrong.id)


async def test_a_schedule_deploys_the_newest_successful_build(scene):
    build = await scene.template("hello.sh", type="build", start_version="2.0")
    deploy = await scene.template("hello.sh", name="deploy", type="deploy", build_template=build)
    schedule = await Schedule.create(project=scene.project, template=deploy, name="Nightly", cron_format="0 3 * * *")
    actor = Actor(kind="schedule", source_id=schedule.id)
    assert (await start(scene, actor, deploy)).build_task_id is None
    good, newer, failed = [await start(scene, scene.actor, build) for _ in range(3)]
    await Task.filter(id__in=[good.id, newer.id]).update(status="success")
    await Task.filter(id=failed.id).update(status="error")
    assert (await start(scene, actor, deploy)).build_task_id == newer.id
    assert (await start(scene, actor, deploy, build_task_id=good.id)).build_task_id == good.id
    assert (await start(scene, scene.actor, deploy)).build_task_id is None, "a person chooses"
