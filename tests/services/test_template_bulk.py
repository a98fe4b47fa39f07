"""What is done with several templates at once: each by itself, and told of each."""

from __future__ import annotations

import pytest

from hub.errors import Forbidden, Invalid, NotFound
from hub.models import Event, Role, Schedule, Task, Template, TemplateRole, View
from hub.services.actor import Actor
from hub.services.template_bulk import MOST, Fate, Order, carry_out, plan
from hub.testing.scene import Scene

from .launching import member, variable


async def done(scene: Scene, action: str, *templates: Template, actor: Actor | None = None, **more: int) -> list[Fate]:
    order = Order(action, tuple(one.id for one in templates), **more)
    return await carry_out(scene.hub, actor or scene.actor, scene.project.id, order)


async def test_those_that_ask_nothing_are_started_and_of_the_others_it_is_said_why(scene: Scene) -> None:
    plain = await scene.template("hello.sh", name="plain")
    asks = await scene.template("hello.sh", name="asks", survey_vars=[variable("size")])
    build = await scene.template("hello.sh", name="build", type="build", start_version="1.0.0")
    deploy = await scene.template("hello.sh", name="deploy", type="deploy", build_template=build)
    gone = await scene.template("hello.sh", name="gone", app="no-such-app")
    order = Order("run", (plain.id, asks.id, deploy.id, gone.id, 999_999, plain.id))
    assert [one.outcome for one in await plan(scene.actor, scene.project.id, order)] == [
        "ready", "skipped", "skipped", "ready",
    ]  # fmt: skip
    assert await Task.all().count() == 0
    fates = await carry_out(scene.hub, scene.actor, scene.project.id, order)
    assert [(one.name, one.outcome) for one in fates] == [
        ("plain", "done"), ("asks", "skipped"), ("deploy", "skipped"), ("gone", "failed"),
    ]  # fmt: skip
    assert [one.sentence for one in fates[1:3]] == [
        "It asks questions before it runs; start it from its own page.",
        "It asks which build to deploy; start it from its own page.",
    ]
    assert "not installed" in fates[3].sentence
    assert [(task.id, task.template_id) for task in await Task.all()] == [(fates[0].task_id, plain.id)]


async def test_what_is_in_use_or_at_work_is_not_deleted_and_the_rest_is(scene: Scene) -> None:
    free = await scene.template("hello.sh", name="free")
    used = await scene.template("hello.sh", name="used", type="build", start_version="1")
    await scene.template("hello.sh", name="user", type="deploy", build_template=used)
    busy = await scene.template("hello.sh", name="busy")
    await scene.launch(busy)
    fates = await done(scene, "delete", free, used, busy)
    assert [one.outcome for one in fates] == ["done", "skipped", "skipped"]
    assert "“user”" in fates[1].sentence
    assert fates[2].sentence == "A task of it is not finished; stop it first."
    assert {one.name for one in await Template.all()} == {"used", "user", "busy"}
    assert [one.count for one in await done(scene, "stop", busy)] == [1]
    assert [one.outcome for one in await done(scene, "delete", busy)] == ["done"]


async def test_templates_move_to_a_view_and_out_of_it_and_the_audit_tells(scene: Scene) -> None:
    view = await View.create(project=scene.project, title="Nightly")
    made = [await scene.template("hello.sh", name=name) for name in ("a", "b")]
    assert [one.outcome for one in await done(scene, "move", *made, view_id=view.id)] == ["done", "done"]
    assert set(await Template.all().values_list("view_id", flat=True)) == {view.id}
    event = await Event.filter(object_type="template").order_by("-id").first()
    assert event is not None
    assert event.changes == {"view_id": [None, view.id]}
    await done(scene, "move", made[0])
    assert (await Template.get(id=made[0].id)).view_id is None
    with pytest.raises(NotFound):
        await done(scene, "move", made[0], view_id=view.id + 1)


async def test_schedules_of_several_templates_are_switched_off_and_on(scene: Scene) -> None:
    made = [await scene.template("hello.sh", name=name) for name in ("a", "b")]
    for template in made:
        await Schedule.create(project=scene.project, template=template, cron_format="0 3 * * *", active=True)
    assert [one.count for one in await done(scene, "pause", *made)] == [1, 1]
    assert not await Schedule.filter(active=True).exists()
    assert [one.count for one in await done(scene, "pause", *made)] == [0, 0]
    assert [one.count for one in await done(scene, "resume", made[1])] == [1]
    assert await Schedule.filter(active=True).count() == 1


async def test_each_template_asks_for_the_right_that_it_takes(scene: Scene) -> None:
    mine, other = [await scene.template("hello.sh", name=name) for name in ("mine", "other")]
    runner, guest = await member(scene, "task_runner"), await member(scene, "guest")
    for action in ("delete", "move", "stop", "pause"):
        with pytest.raises(Forbidden):
            await done(scene, action, mine, actor=runner)
    with pytest.raises(Forbidden):
        await done(scene, "run", mine, actor=guest)
    await Role.create(slug="helper", name="Helper", permissions=0, project=scene.project)
    await TemplateRole.create(template=mine, role_slug="helper", permissions=1)
    fates = await done(scene, "run", mine, other, actor=await member(scene, "helper"))
    assert [one.outcome for one in fates] == ["done", "skipped"]
    assert fates[1].sentence == "Your role does not let you do that with this template."


async def test_nothing_too_many_and_unknown_actions_are_refused(scene: Scene) -> None:
    for order, said in (
        (Order("run", ()), "at least one"),
        (Order("run", tuple(range(1, MOST + 2))), "1,000"),
        (Order("burn", (1,)), "must be one of"),
    ):
        with pytest.raises(Invalid, match=said):
            await carry_out(scene.hub, scene.actor, scene.project.id, order)
