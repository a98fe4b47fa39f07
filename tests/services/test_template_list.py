"""The list of templates: found, filtered, in order, in pages, with the last runs of each."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import NotFound
from hub.models import Project, Task, Template, View
from hub.services import stars, template_list
from hub.services.template_list import PAGE, Wanted
from hub.testing.scene import Scene

from .launching import member


async def names(scene: Scene, **wanted: Any) -> list[str]:
    seen = await template_list.look(scene.actor, scene.project.id, Wanted(**wanted))
    assert seen.total == len(seen.templates)
    return [one["name"] for one in seen.templates]


async def ran(scene: Scene, template: Template, *statuses: str) -> None:
    for status in statuses:
        now = scene.hub.clock()
        await Task.create(project=scene.project, template=template, status=status, created=now, start=now, end=now)


async def test_what_is_starred_comes_first_and_for_nobody_else(scene: Scene) -> None:
    made = [await scene.template("hello.sh", name=name) for name in ("a", "b", "c")]
    await stars.set_star(scene.actor, scene.project.id, made[2].id, starred=True)
    await stars.set_star(scene.actor, scene.project.id, made[2].id, starred=True)
    assert await names(scene) == ["c", "a", "b"]
    assert await names(scene, starred=True) == ["c"]
    guest = await member(scene, "guest")
    seen = await template_list.look(guest, scene.project.id, Wanted())
    assert [(one["name"], one["starred"]) for one in seen.templates] == [("a", False), ("b", False), ("c", False)]
    await stars.set_star(scene.actor, scene.project.id, made[2].id, starred=False)
    assert await names(scene) == ["a", "b", "c"]


async def test_a_star_is_for_templates_of_projects_that_one_sees(scene: Scene) -> None:
    other = await Project.create(name="Other", created=scene.hub.clock())
    template = await scene.template("hello.sh")
    with pytest.raises(NotFound):
        await stars.set_star(scene.actor, other.id, template.id, starred=True)
    guest = await member(scene, "guest")
    with pytest.raises(NotFound):
        await stars.set_star(guest, other.id, template.id, starred=True)
    await stars.set_star(guest, scene.project.id, template.id, starred=True)
    assert [one["name"] for one in await stars.list_stars(guest)] == ["hello.sh"]
    assert await stars.list_stars(scene.actor) == []


async def test_the_list_is_filtered_by_words_app_and_how_the_last_run_went(scene: Scene) -> None:
    good = await scene.template("deploy.sh", name="Deploy Über")
    bad = await scene.template("site.py", name="Check", app="python", description="looks at 100% of it")
    busy = await scene.template("hello.sh", name="Long")
    await scene.template("hello.sh", name="Never")
    await ran(scene, good, "error", "success")
    await ran(scene, bad, "success", "error")
    await ran(scene, busy, "success", "running")
    assert await names(scene, text="DEPLOY über") == ["Deploy Über"]
    assert await names(scene, text="100%") == ["Check"]
    assert await names(scene, text="site.py") == ["Check"]
    assert await names(scene, text="deploy nothing") == []
    assert await names(scene, app="python") == ["Check"]
    for status, found in (
        ("error", ["Check"]), ("success", ["Deploy Über"]), ("active", ["Long"]), ("never", ["Never"]), ("stopped", []),
    ):  # fmt: skip
        assert await names(scene, status=status) == found
    assert await names(scene, sort="recent") == ["Long", "Check", "Deploy Über", "Never"]
    assert await names(scene, sort="-name") == ["Never", "Long", "Deploy Über", "Check"]


async def test_each_template_has_its_last_five_runs_the_oldest_first(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    await ran(scene, template, "error", "success", "success", "stopped", "error", "success", "running")
    seen = await template_list.look(scene.actor, scene.project.id, Wanted())
    assert [one["status"] for one in seen.templates[0]["runs"]] == ["success", "stopped", "error", "success", "running"]
    assert seen.templates[0]["last_task"]["status"] == "running"
    assert seen.templates[0]["uses"] == {"repository": "Scene"}


async def test_a_view_shows_its_own_in_its_own_order(scene: Scene) -> None:
    view = await View.create(project=scene.project, title="V", sort_column="playbook", sort_reverse=True)
    await scene.template("a.sh", name="1", view=view)
    await scene.template("b.sh", name="2", view=view)
    await scene.template("c.sh", name="3")
    assert await names(scene, view_id=view.id) == ["2", "1"]
    assert await names(scene, view_id=view.id, sort="name") == ["1", "2"]
    with pytest.raises(NotFound):
        await names(scene, view_id=view.id + 1)


async def test_pages_hold_everything_once_and_a_page_too_far_is_the_first(scene: Scene) -> None:
    rows = [
        Template(project=scene.project, repository=scene.repository, app="bash", playbook="x", name=f"T {n:03d}")
        for n in range(PAGE + 7)
    ]
    await Template.bulk_create(rows)
    found = []
    for page in (0, 1):
        seen = await template_list.look(scene.actor, scene.project.id, Wanted(page=page))
        assert (seen.total, seen.pages) == (PAGE + 7, 2)
        found += [one["name"] for one in seen.templates]
    assert found == [f"T {n:03d}" for n in range(PAGE + 7)]
    assert (await template_list.look(scene.actor, scene.project.id, Wanted(page=9))).page == 0
    assert len(await template_list.ids_of(scene.actor, scene.project.id, Wanted(text="T 00"), 5)) == 5
