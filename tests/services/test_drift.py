"""What is noted of drift when tasks end: openings, closings, each inventory for itself, and what does not count."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Forbidden, Invalid, NotFound
from hub.models import DriftCheck, Event, Inventory, Membership, Task, Template, User
from hub.plugin import Outcome
from hub.services import drift, drift_looks
from hub.services.actor import Actor
from hub.services.tasks import dispatch, finish
from hub.services.tasks.moves import subject_of
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene

from .task_steps import claim

ONE = [{"name": "a", "action": "change"}]


both_setups = pytest.mark.parametrize("setup", SETUPS)


@pytest.fixture
async def template(scene: Scene) -> Template:
    return await scene.template("hello.sh", allow_parallel_tasks=True)


async def ended(
    scene: Scene, template: Template, found: list[dict[str, str]] | None, *, outcome: Outcome | None = None,
    look: bool = True, **columns: Any,
) -> int:  # fmt: skip
    """A task that ends with what it found."""
    number = await scene.launch(template)
    await Task.filter(id=number).update(**columns)
    await dispatch.admit(scene.hub)
    assert await claim(scene.hub, number)
    subject = await subject_of(number)
    assert subject is not None
    data = {"drifted": bool(found), "resources": found or [], **({"look": True} if look else {})}
    assert await finish.finish(scene.hub, subject, outcome or Outcome.success(), results=[("drift", data)])
    return number


async def told() -> list[str]:
    found = await Event.filter(object_type="template", description__startswith="Drift").order_by("id")
    return [one.description.partition(" (")[0].removeprefix("Drift of hello.sh ") for one in found]


async def test_a_drift_is_told_when_it_opens_and_when_it_closes(scene: Scene, template: Template) -> None:
    for found in (None, ONE, [*ONE, {"name": "b", "action": "add"}], None, None):
        last = await ended(scene, template, found)
    checks = await drift.list_checks(scene.actor, scene.project.id, template.id)
    assert [(one["drifted"], one["changes"]) for one in checks] == [
        (False, 0), (False, 0), (True, 2), (True, 1), (False, 0)
    ]  # fmt: skip
    assert (checks[0]["task_id"], checks[2]["resources"][1]) == (last, {"name": "b", "action": "add"})
    assert await told() == ["opened: 1 to change", "closed"]


@both_setups
async def test_each_inventory_has_a_drift_of_its_own(scene: Scene, template: Template) -> None:
    first, second = [
        await Inventory.create(project=scene.project, name=name, type="static", inventory="") for name in "ab"
    ]
    await ended(scene, template, ONE, inventory_id=first.id)
    await ended(scene, template, None, inventory_id=second.id)
    await ended(scene, template, None)
    found = await drift.standing(scene.actor, scene.project.id)
    assert sorted((one["inventory_id"] or 0, one["drifted"]) for one in found) == [
        (0, False), (first.id, True), (second.id, False)
    ]  # fmt: skip
    assert await told() == ["opened: 1 to change"]


async def test_a_run_closes_a_drift_and_never_opens_one(scene: Scene, template: Template) -> None:
    await ended(scene, template, None, look=False)
    await ended(scene, template, ONE, look=False)
    assert await DriftCheck.all().count() == 0
    await ended(scene, template, ONE)
    for columns in ({"git_branch": "other"}, {"playbook": "other.sh"}, {"arguments": '["-target=x"]'}):
        await ended(scene, template, None, look=False, **columns)  # not what the template says
    assert await told() == ["opened: 1 to change"]
    await ended(scene, template, None, look=False)
    assert await told() == ["opened: 1 to change", "closed"]


async def test_what_a_failed_task_found_does_not_count(scene: Scene, template: Template) -> None:
    await ended(scene, template, ONE, outcome=Outcome.failure(1))
    await ended(scene, template, ONE, outcome=Outcome.awaiting("?", {}, {}))
    assert await DriftCheck.all().count() == 0


@both_setups
async def test_old_looks_are_forgotten(scene: Scene, template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "KEPT", 2)
    numbers = [await ended(scene, template, None) for _ in range(4)]
    assert [one.task_id for one in await DriftCheck.all().order_by("id")] == numbers[2:]


async def test_only_who_may_run_looks_and_only_members_see(scene: Scene, template: Template) -> None:
    with pytest.raises(Invalid, match="cannot look for drift"):
        await drift_looks.start(scene.hub, scene.actor, scene.project.id, template.id)
    user = await User.create(created=scene.hub.clock(), username="mary", name="Mary", email="m@example.org")
    mary = Actor("user", user.id, "mary", "Mary")
    for verb in (drift.standing(mary, scene.project.id), drift.list_checks(mary, scene.project.id, template.id)):
        with pytest.raises(NotFound):
            await verb
    await Membership.create(project=scene.project, user=user, role="guest")
    assert await drift.standing(mary, scene.project.id) == []
    with pytest.raises(Forbidden):
        await drift_looks.start(scene.hub, mary, scene.project.id, template.id)
    with pytest.raises(NotFound):
        await drift.list_checks(scene.actor, scene.project.id, 999)
