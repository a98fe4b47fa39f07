"""What dashboards tell: at work, failing, and figures by day; of one project, or of all that somebody sees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.errors import Invalid, NotFound
from hub.models import Membership, Project, Task, Template, User
from hub.services import dashboard
from hub.services.actor import Actor
from hub.testing.scene import Scene


async def task(scene: Scene, template: Template, status: str, *, days_ago: float = 0, **members: object) -> Task:
    created = scene.hub.clock() - timedelta(days=days_ago)
    times = {} if status in {"waiting", "running"} else {"end": created + timedelta(seconds=30)}
    start = {} if status == "waiting" else {"start": created + timedelta(seconds=10)}
    return await Task.create(
        project_id=template.project_id, template=template, status=status, created=created, **start, **times, **members
    )


async def person(scene: Scene, *, role: str = "") -> Actor:
    user = await User.create(created=scene.hub.clock(), username="mina", name="Mina", email="m@example.org")
    if role:
        await Membership.create(project=scene.project, user=user, role=role)
    return Actor("user", user.id, "mina", "Mina")


async def elsewhere(scene: Scene) -> Template:
    project = await Project.create(name="Elsewhere", created=scene.hub.clock())
    return await Template.create(project=project, repository=scene.repository, app="bash", playbook="x", name="There")


async def test_what_is_at_work_comes_with_reasons_decisions_first(scene: Scene) -> None:
    one = await scene.template("hello.sh")
    for status, reason in (("waiting", "The limit is reached."), ("running", ""), ("waiting_confirmation", ""),
                           ("success", ""), ("waiting", "")):  # fmt: skip
        await task(scene, one, status, reason=reason)
    now = await dashboard.at_work(await dashboard.scope_of(scene.actor, scene.project.id))
    assert [each["status"] for each in now.tasks] == ["waiting_confirmation", "running", "waiting", "waiting"]
    assert "same template" in now.tasks[2]["reason"]  # what holds it by now, not what did when it was stored
    assert now.counts == {"running": 1, "waiting": 2, "waiting_confirmation": 1}
    assert now.total == 4


async def test_templates_whose_last_task_failed_are_listed_until_one_succeeds(scene: Scene) -> None:
    mended, broken = await scene.template("hello.sh", name="Mended"), await scene.template("fail.sh", name="Broken")
    for template, status in ((mended, "error"), (broken, "success"), (broken, "error"), (mended, "success")):
        await task(scene, template, status)
    found = await dashboard.failing(await dashboard.scope_of(scene.actor))
    assert [each["tpl_alias"] for each in found] == ["Broken"]
    assert found[0]["project_name"] == "Scene"


async def test_nobody_learns_of_projects_that_they_do_not_see(scene: Scene) -> None:
    there, here = await elsewhere(scene), await scene.template("hello.sh")
    for template in (there, here):
        await task(scene, template, "error", environment='{"a": "b"}')
        await task(scene, template, "running")
    mina = await person(scene, role="guest")
    scope = await dashboard.scope_of(mina)
    assert {each["project_id"] for each in (await dashboard.at_work(scope)).tasks} == {scene.project.id}
    assert (await dashboard.figures(scene.hub, scope, 7)).days[0]["count_by_status"] == {"error": 1, "running": 1}
    assert all("environment" not in each or not each["environment"] for each in await dashboard.failing(scope))
    with pytest.raises(NotFound):
        await dashboard.scope_of(mina, there.project_id)
    everything = await dashboard.scope_of(scene.actor)
    assert {each["project_id"] for each in (await dashboard.at_work(everything)).tasks} == {
        scene.project.id, there.project_id,
    }  # fmt: skip


async def test_figures_count_the_days_that_were_asked_for(scene: Scene) -> None:
    one = await scene.template("hello.sh")
    for days_ago in (400, 40, 20, 20, 3):
        await task(scene, one, "success", days_ago=days_ago)
    scope = await dashboard.scope_of(scene.actor, scene.project.id)
    counted = {days: await dashboard.figures(scene.hub, scope, days) for days in dashboard.SPANS}
    assert [len(each.days) for each in counted.values()] == [1, 2, 3, 3]
    month = counted[30].days
    assert [sum(day["count_by_status"].values()) for day in month] == [2, 1]  # oldest first
    assert (month[0]["avg_duration"], month[0]["avg_wait"]) == (20, 10)
    assert not counted[30].cut
    with pytest.raises(Invalid, match="7, 30, 90, 365"):
        await dashboard.figures(scene.hub, scope, 8)


async def test_figures_leave_out_the_oldest_of_too_many(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "COUNTED", 3)
    one = await scene.template("hello.sh")
    for days_ago in (5, 4, 3, 2, 1):
        await task(scene, one, "success", days_ago=days_ago)
    found = await dashboard.figures(scene.hub, await dashboard.scope_of(scene.actor), 7)
    assert found.cut
    assert len(found.days) == 3


async def test_nobody_in_no_project_gets_nothing(scene: Scene) -> None:
    await task(scene, await scene.template("hello.sh"), "running")
    scope = await dashboard.scope_of(await person(scene))
    assert (await dashboard.at_work(scope)).tasks == []
    assert await dashboard.failing(scope) == []
    assert (await dashboard.figures(scene.hub, scope, 30)).days == []


async def test_figures_are_by_days_of_the_zone_that_was_asked_for(scene: Scene) -> None:
    one = await scene.template("hello.sh")
    midnight = scene.hub.clock().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    for minutes in (-30, 30):
        await task(scene, one, "success", days_ago=(scene.hub.clock() - midnight) / timedelta(days=1) - minutes / 1440)
    scope = await dashboard.scope_of(scene.actor, scene.project.id)
    days = {
        zone: [(day["date"], day["count_by_status"]["success"]) for day in found.days]
        for zone in ("UTC", "Asia/Tokyo", "Pacific/Honolulu")
        if (found := await dashboard.figures(scene.hub, scope, 7, zone))
    }
    before, after = ((midnight + timedelta(minutes=one)).date().isoformat() for one in (-30, 30))
    assert days == {"UTC": [(before, 1), (after, 1)], "Asia/Tokyo": [(after, 2)], "Pacific/Honolulu": [(before, 2)]}
