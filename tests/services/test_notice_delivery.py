"""How notices get out: claimed by one node, tried again when something passes, never lost, and never a task's fault."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub import meters
from hub.models import Event, Membership, Notification, Project, Task, User
from hub.plugin import NotReady, PluginError, Refused, Retry
from hub.services import channel_log, vaulting
from hub.services.notices import delivery, names
from hub.testing.carriers import SETUPS
from hub.testing.scene import Scene
from hub.vault import with_new_key
from hub.worker.notices import deliver_forever

from .notice_steps import Tube, channel, with_tube
from .task_steps import later, node
from .test_notices import ended

both_setups = pytest.mark.parametrize("setup", SETUPS)


@pytest.fixture
def tubed(scene: Scene) -> tuple[Scene, Tube]:
    return with_tube(scene)


async def only() -> Notification:
    return await Notification.get()


@both_setups
async def test_a_notice_is_sent_once_however_many_nodes_look(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    await channel(scene, names.SUCCESS, secrets={"token": "s3cret"})
    for _ in range(5):
        await ended(scene)
    nodes = [node(scene.hub, f"n-{number}") for number in range(4)]
    tried = await asyncio.gather(*(delivery.deliver(one) for one in nodes))
    assert (sum(tried), len(tube.sent)) == (5, 5)
    assert len({notice.id for notice in tube.sent}) == 5
    assert {notice.secrets["token"] for notice in tube.sent} == {"s3cret"}
    assert [row.state for row in await Notification.all()] == ["sent"] * 5
    assert await delivery.deliver(later(scene.hub, 7200)) == 0


async def test_a_node_that_dies_while_sending_loses_nothing(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    await channel(scene, names.SUCCESS)
    await ended(scene)
    hangs = asyncio.Event()

    async def hang(*_: object) -> None:
        hangs.set()
        await asyncio.Event().wait()

    dying = replace(scene.hub, node="dying", registry=replace(scene.hub.registry, notifiers={"tube": _Hanging(hang)}))
    sending = asyncio.create_task(delivery.deliver(dying))
    await hangs.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert (await only()).state == "sending"
    assert await delivery.deliver(scene.hub) == 0  # it is still the other one's
    assert await delivery.deliver(later(scene.hub, delivery.CLAIM + timedelta(seconds=1))) == 1
    assert (len(tube.sent), (await only()).state) == (1, "sent")


class _Hanging(Tube):
    def __init__(self, send) -> None:
        super().__init__()
        self.send = send  # type: ignore[method-assign]  # a test double


async def test_what_passes_is_tried_again_later_and_later(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    await channel(scene, names.SUCCESS)
    await ended(scene)
    tube.faults = [NotReady("It sleeps."), Retry("Too many.", after=77)]
    hub, waits = scene.hub, []
    for _ in range(2):
        began = hub.clock()
        assert await delivery.deliver(hub) == 1
        row = await only()
        assert row.due is not None
        waits.append(round((row.due - began).total_seconds()))
        assert (row.state, await delivery.deliver(hub)) == ("waiting", 0)
        hub = later(scene.hub, (row.due - scene.hub.clock()) + timedelta(seconds=1))
    assert (waits, row.error) == ([10, 77], "Too many.")
    assert await delivery.deliver(hub) == 1
    row = await only()
    assert (row.state, row.attempts, row.error, len(tube.sent)) == ("sent", 3, "", 1)


async def test_in_the_end_it_is_given_up_and_told_as_one_event(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    number = await channel(scene, names.SUCCESS)
    await ended(scene)
    tube.faults = [NotReady("It sleeps.") for _ in range(delivery.TRIES)]
    hub = scene.hub
    for _ in range(delivery.TRIES):
        assert await delivery.deliver(hub) == 1
        hub = later(hub, 3601)
    assert (await only()).state == "failed"
    await ended(scene)
    tube.faults = [PluginError("It is gone.")]
    assert await delivery.deliver(hub) == 1
    found = [one.description for one in await Event.filter(object_type="channel", object_id=number).order_by("id")]
    assert found == [f"Channel ID {number} (Tube) created", f"Channel ID {number} (Tube) could not be told: It sleeps."]


async def test_a_final_refusal_is_not_repeated_and_changes_no_task(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    channel_id = await channel(scene, names.SUCCESS)
    number = await ended(scene)
    tube.faults = [PluginError("There is no such chat.")]
    await delivery.deliver(scene.hub)
    row = await only()
    assert (row.state, row.error, row.attempts) == ("failed", "There is no such chat.", 1)
    assert (await Task.get(id=number)).status == "success"
    await channel_log.retry(scene.hub, scene.actor, scene.project.id, channel_id, row.id)
    assert await delivery.deliver(scene.hub) == 1
    assert ((await only()).state, len(tube.sent)) == ("sent", 1)


async def test_where_there_is_nobody_to_tell_nothing_failed(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    number = await channel(scene, names.SUCCESS)
    await ended(scene)
    tube.faults = [Refused("Nobody wishes alerts.")]
    await delivery.deliver(scene.hub)
    row = await only()
    assert (row.state, row.error) == ("skipped", "Nobody wishes alerts.")
    assert await Event.filter(object_type="channel", object_id=number).count() == 1  # that it was made


async def test_what_a_plugin_did_not_mean_to_raise_tells_no_secret(tubed: tuple[Scene, Tube], caplog) -> None:
    scene, tube = tubed
    await channel(scene, names.SUCCESS, secrets={"token": "s3cret"})
    await ended(scene)
    tube.faults = [RuntimeError("https://example.com/s3cret")]
    await delivery.deliver(scene.hub)
    row = await only()
    assert (row.state, "s3cret" in row.error) == ("failed", False)


async def test_people_who_wish_alerts_and_the_projects_chat_are_named(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    people = {}
    for name, alert in (("ann", True), ("bob", False), ("cid", True)):
        email = f"{name}@example.com"
        people[name] = await User.create(
            username=name, name=name, email=email, alert=alert, password_hash="", created=scene.hub.clock()
        )
    for name in ("ann", "bob"):
        await Membership.create(project_id=scene.project.id, user_id=people[name].id, role="guest")
    await User.filter(admin=True).update(alert=True, email="root@example.com")
    await Project.filter(id=scene.project.id).update(alert=True, alert_chat="-100")
    await channel(scene, names.SUCCESS, everywhere=True)
    await channel(scene, names.SUCCESS)
    await ended(scene)
    await delivery.deliver(scene.hub)
    hubs, own = sorted(tube.sent, key=lambda notice: not notice.inside)
    assert hubs.people == own.people == ("ann@example.com", "root@example.com")
    assert (hubs.chat, hubs.inside, own.chat, own.inside) == ("-100", True, "", False)
    assert hubs.url == f"{scene.hub.settings.address}/project/{scene.project.id}/tasks/{hubs.task_id}"


async def test_the_loop_sends_what_is_due_when_it_rings(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    sending = asyncio.create_task(deliver_forever(scene.hub))
    try:
        await channel(scene, names.SUCCESS)
        await ended(scene)
        async with asyncio.timeout(60):
            while not tube.sent:
                await asyncio.sleep(0.01)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert tube.sent[0].event == names.SUCCESS


async def test_the_keys_of_the_vault_can_be_replaced_while_channels_hold_secrets(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    await channel(scene, names.SUCCESS, secrets={"token": "s3cret"})
    await channel(scene, names.SUCCESS)
    fresh = replace(scene.hub, vault=with_new_key(scene.hub.vault))
    assert (await vaulting.rotate(fresh)).broken == []
    report = await vaulting.check(fresh)
    assert (report.older, report.broken) == (0, [])
    await ended(scene)
    await delivery.deliver(fresh)
    assert sorted(dict(notice.secrets).get("token", "") for notice in tube.sent) == ["", "s3cret"]


async def test_old_notices_go_and_those_that_wait_stay(tubed: tuple[Scene, Tube]) -> None:
    scene, _ = tubed
    await channel(scene, names.SUCCESS)
    await ended(scene)
    await delivery.deliver(scene.hub)
    await ended(scene)
    after = later(scene.hub, channel_log.KEPT + timedelta(days=1))
    assert await channel_log.forget_old(after) == 1
    assert [row.state for row in await Notification.all()] == ["waiting"]


async def test_what_becomes_of_notices_is_counted(tubed: tuple[Scene, Tube]) -> None:
    scene, tube = tubed
    meters.clear()
    await channel(scene, names.SUCCESS)
    await ended(scene)
    tube.faults = [PluginError("No.")]
    await delivery.deliver(scene.hub)
    assert meters.NOTICES.values == {("tube", "failed"): 1}
