"""Two runs side by side: what differs, what is not shown, and the bounds of comparing logs."""

from __future__ import annotations

import pytest

from hub.errors import NotFound
from hub.models import Membership, Project, Task, Template, User
from hub.services.actor import Actor
from hub.services.tasks import compare
from hub.services.tasks.finish import add_result
from hub.testing.scene import Scene

from .written_logs import write_log


async def ran(scene: Scene, template: Template, lines: list[str], **members: object) -> int:
    task = await Task.create(
        project=scene.project, template=template, status="success", created=scene.hub.clock(), **members
    )
    await write_log(scene, task.id, lines)
    return task.id


async def person(scene: Scene, role: str) -> Actor:
    user = await User.create(created=scene.hub.clock(), username=role, name=role, email=f"{role}@example.org")
    await Membership.create(project=scene.project, user=user, role=role)
    return Actor("user", user.id, role, role)


def differing(found: compare.Comparison) -> dict[str, tuple[str, str]]:
    return {pair.name: (pair.left, pair.right) for pair in found.members if not pair.same}


async def test_what_was_asked_is_told_where_it_differs(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    sent = {"debug": True, "limit": ["x"], "diff": False, "tags": []}
    first = await ran(scene, template, ["a"], commit_hash="aaa", params=sent,
                      environment='{"who": "world", "same": 1}')  # fmt: skip
    second = await ran(scene, template, ["a"], commit_hash="bbb", params={"limit": ["x", "y"]},
                       environment='{"who": "moon", "same": 1}')  # fmt: skip
    found = await compare.compare(scene.actor, scene.project.id, first, second)
    assert differing(found) == {
        "commit_hash": ("aaa", "bbb"), "params.debug": ("true", ""), "params.limit": ('["x"]', '["x", "y"]'),
        "environment.who": ("world", "moon"),
    }  # fmt: skip
    assert (found.hunks, found.cut) == ([], False)
    guest = await compare.compare(await person(scene, "guest"), scene.project.id, first, second)
    assert differing(guest) == {"commit_hash": ("aaa", "bbb")}


async def test_logs_are_compared_without_colours(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    same = [f"line {n}" for n in range(50)]
    first = await ran(scene, template, [*same, "\x1b[32mok\x1b[0m", "old", *same])
    second = await ran(scene, template, [*same, "ok", "new", "newer", *same])
    (hunk,) = (await compare.compare(scene.actor, scene.project.id, first, second)).hunks
    assert [text for sign, text in hunk.lines if sign == "-"] == ["old"]
    assert [text for sign, text in hunk.lines if sign == "+"] == ["new", "newer"]
    assert hunk.lines[:3] == [(" ", "line 48"), (" ", "line 49"), (" ", "ok")]
    assert (hunk.left, hunk.right) == (48, 48)


async def test_long_logs_are_compared_as_far_as_the_bounds_reach(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "READ", 400)
    monkeypatch.setattr(compare, "COMPARED", 100)
    template = await scene.template("hello.sh")
    base = [f"line {n}" for n in range(1000)]
    changed = [*base[:300], "here", *base[301:900], "too far", *base[901:]]
    first, second = await ran(scene, template, base), await ran(scene, template, changed)
    found = await compare.compare(scene.actor, scene.project.id, first, second)
    assert [text for hunk in found.hunks for sign, text in hunk.lines if sign == "+"] == ["here"]
    assert found.cut


async def test_hosts_that_ended_otherwise_are_named(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    first, second = await ran(scene, template, ["a"]), await ran(scene, template, ["a"])
    for task_id, failed in ((first, 0), (second, 1)):
        hosts = [{"host": "web1", "ok": 3, "failed": failed}, {"host": "web2", "ok": 3}]
        await add_result(scene.hub, task_id, "ansible_hosts", {"hosts": hosts})
    found = await compare.compare(scene.actor, scene.project.id, first, second)
    assert [(pair.name, pair.left, pair.right) for pair in found.hosts] == [("web1", "ok", "failed")]


async def test_the_run_before_is_that_of_the_same_template(scene: Scene) -> None:
    one, other = await scene.template("hello.sh", name="One"), await scene.template("hello.sh", name="Other")
    first, _between, second = [await ran(scene, template, ["a"]) for template in (one, other, one)]
    assert await compare.before(scene.actor, scene.project.id, second) == first
    with pytest.raises(NotFound, match="first run"):
        await compare.before(scene.actor, scene.project.id, first)


async def test_runs_of_other_projects_are_not_found(scene: Scene) -> None:
    template = await scene.template("hello.sh")
    first = await ran(scene, template, ["a"])
    project = await Project.create(name="Elsewhere", created=scene.hub.clock())
    there = await Template.create(project=project, repository=scene.repository, app="bash", playbook="x", name="There")
    far = await Task.create(project=project, template=there, status="success", created=scene.hub.clock())
    for pair in ((first, far.id), (far.id, first)):
        with pytest.raises(NotFound):
            await compare.compare(await person(scene, "guest") if pair[0] == first else scene.actor,
                                  scene.project.id, *pair)  # fmt: skip
