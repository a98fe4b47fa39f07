"""Rights that follow the groups of a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.context import Hub, utc_now
from hub.models import Identity as Row
from hub.models import Membership, Project, User
from hub.services import identities, sessions
from hub.testing.booted import administrator

from .gatehouse import Browser, Gatehouse, office, told


async def role(project: Project) -> str | None:
    found = await Membership.filter(project=project, user__username="jane").first()
    return found.role if found else None


@pytest.fixture
async def project(hub: Hub) -> Project:
    return await Project.create(name="Infra", created=utc_now())


def mapped(hub: Hub, **more: Any) -> Hub:
    teams = [
        {"group": "ops", "project": "Infra", "role": "manager"}, {"group": "dev", "project": "Infra", "role": "guest"},
        {"group": "lost", "project": "Nowhere", "role": "owner"}, {"group": "odd", "project": "Infra", "role": "king"},
    ]  # fmt: skip
    return told(hub, sign_on=office(teams=teams, admin_groups=["root"], **more))


async def test_groups_give_change_and_take_roles_at_each_sign_on(hub: Hub, gate: Gatehouse, project: Project) -> None:
    browser = Browser(mapped(hub))
    for groups, expected in (
        (("dev",), "guest"), (("dev", "ops"), "manager"), (("dev",), "guest"), (("lost", "odd"), None),
        (("OPS",), None), (("ops",), "manager"), ((), None),
    ):  # fmt: skip
        gate.identity = replace(gate.identity, groups=groups)
        await browser.sign_in()
        assert await role(project) == expected, groups


async def test_what_was_given_by_hand_stays(hub: Hub, gate: Gatehouse, project: Project) -> None:
    browser = Browser(mapped(hub))
    await browser.sign_in()
    user = await User.get(username="jane")
    await Membership.create(project=project, user=user, role="owner")
    gate.identity = replace(gate.identity, groups=("ops",))
    await browser.sign_in()
    assert await role(project) == "owner"
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert await role(project) == "owner"
    await Membership.filter(user=user).delete()
    gate.identity = replace(gate.identity, groups=("dev",))
    await browser.sign_in()
    await Membership.filter(user=user).update(role="task_runner")  # somebody changed what the group gave
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert await role(project) == "task_runner"


async def test_losing_a_group_counts_for_open_sessions_at_once(hub: Hub, gate: Gatehouse, project: Project) -> None:
    hub = mapped(hub)
    first, second = Browser(hub), Browser(hub)
    gate.identity = replace(gate.identity, groups=("ops", "root"))
    await first.sign_in()
    assert (await first.me())["admin"] is True
    gate.identity = replace(gate.identity, groups=())
    await second.sign_in()
    assert (await first.me())["admin"] is False
    assert (await first.get(f"/api/project/{project.id}")).status_code in {403, 404}
    assert (await first.get("/api/runners")).status_code == 403


async def test_an_administrator_by_hand_stays_one_and_the_last_one_too(hub: Hub, gate: Gatehouse) -> None:
    browser = Browser(mapped(hub))
    await browser.sign_in()
    await User.filter(username="jane").update(admin=True)
    await browser.sign_in()
    assert (await browser.me())["admin"] is True
    await User.filter(username="jane").update(admin=False)
    gate.identity = replace(gate.identity, groups=("root",))
    await browser.sign_in()
    await User.filter(username="admin").delete()
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert (await browser.me())["admin"] is True


async def test_taking_an_identity_away_takes_what_its_groups_gave(hub: Hub, gate: Gatehouse, project: Project) -> None:
    gate.identity = replace(gate.identity, groups=("ops",))
    await Browser(mapped(hub)).sign_in()
    row = await Row.get()
    await identities.remove_identity(hub, await administrator(), row.user_id, row.id)
    assert await role(project) is None
    assert not await sessions.Session.filter(user_id=row.user_id).exists()
