"""Channels over the API and by pages: kept, tried, and never telling what is secret."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Channel, Event, Key, Notification, Project, Template, User
from hub.plugin import PluginError
from hub.registry import Registry
from hub.registry.contain import Threads
from hub.registry.ledger import Ledger
from hub.services.notices import delivery
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app
from tests.services.notice_steps import Tube

SECRET = "s3cret-of-the-tube"
BODY = {"name": "Operations", "notifier": "tube", "events": ["task.failed"], "secrets": {"token": SECRET}}


@pytest.fixture
def tube() -> Tube:
    return Tube()


@pytest.fixture
def plugins(discovered: Registry, tube: Tube) -> Registry:
    """The plugins, with this notifier in place of all others."""
    return replace(discovered, ledger=Ledger(), _threads=Threads(), _panels={}, notifiers={"tube": tube})


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def at(scene: Scene) -> str:
    return f"/project/{scene.project.id}/channels"


async def test_a_channel_is_made_read_changed_and_deleted(admin, at: str, tube: Tube) -> None:
    made = await admin.made(at, BODY)
    shape = {
        "id": made["id"], "project_id": made["project_id"], "name": "Operations", "notifier": "tube", "params": {},
        "secrets": ["token"], "events": ["task.failed"], "template_ids": None, "active": True,
        "created": made["created"], "last": None,
    }  # fmt: skip
    one = f"{at}/{made['id']}"
    assert made == shape == await admin.read(one)
    assert await admin.read(at) == [shape]
    change = {"name": "Ops", "notifier": "tube", "events": ["task.success", "task.failed"], "active": False}
    assert (await admin.put(one, change)).status == 204
    assert await admin.read(one) == shape | change | {"events": ["task.success", "task.failed"]}
    assert SECRET not in str(await Channel.all().values())
    assert (await admin.post(f"{one}/test")).status == 204
    assert (tube.sent[0].event, tube.sent[0].secrets) == ("test", {"token": SECRET})
    assert (await admin.put(one, change | {"secrets": {"token": ""}})).status == 204
    assert (await admin.read(one))["secrets"] == []
    assert (await admin.delete(one)).status == 204
    assert (await admin.get(one)).status == 404
    assert SECRET not in str(await Event.all().values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "name"),
        ({"notifier": "pigeon"}, "choose one of: tube"),
        ({"events": ["task.exploded"]}, "task.exploded"),
        ({"params": {"server": 5}}, "The parameter server is wrong"),
        ({"params": {"nonsense": "x"}}, "nonsense"),
        ({"params": {"token": 999}}, "no such key"),
        ({"secrets": {"nonsense": "x"}}, "no secret nonsense"),
        ({"template_ids": [999]}, "no such template"),
    ],
)
async def test_what_could_not_work_is_refused_in_a_sentence(admin, at: str, wrong: dict[str, Any], said: str) -> None:
    reply = await admin.post(at, BODY | wrong)
    assert reply.status == 400
    assert said in reply.error
    assert SECRET not in reply.error
    assert await Channel.all().count() == 0


async def test_a_key_of_the_project_can_be_the_secret_and_is_then_in_use(
    admin, at: str, scene: Scene, tube: Tube
) -> None:
    keys = f"/project/{scene.project.id}/keys"
    key = await admin.made(keys, {"name": "Tube", "type": "string", "string": SECRET})
    made = await admin.made(at, BODY | {"secrets": {}, "params": {"token": key["id"]}})
    assert (made["params"], made["secrets"]) == ({"token": key["id"]}, [])
    assert (await admin.post(f"{at}/{made['id']}/test")).status == 204
    assert tube.sent[0].secrets["token"] == SECRET
    reply = await admin.delete(f"{keys}/{key['id']}")
    assert (reply.status, "channel “Operations”" in reply.error) == (400, True)
    other = await Project.create(name="Other", created=scene.hub.clock())
    foreign = await Key.create(project=other, name="Foreign", type="string")
    assert (await admin.post(at, BODY | {"params": {"token": foreign.id}})).status == 400


async def test_a_secret_does_not_follow_a_channel_to_another_server(admin, at: str) -> None:
    one = f"{at}/{(await admin.made(at, BODY))['id']}"
    elsewhere = {"name": "Operations", "notifier": "tube", "params": {"server": "https://evil.example.com"}}
    for change in (elsewhere, elsewhere | {"params": {}, "secrets": {"url": "https://evil.example.com"}}):
        reply = await admin.put(one, change)
        assert (reply.status, "write this secret down again" in reply.error) == (400, True)
    assert (await admin.put(one, elsewhere | {"secrets": {"token": "another"}})).status == 204


async def test_only_who_manages_a_project_sees_its_channels_and_only_administrators_those_of_the_hub(
    admin, pid: int, guest, manager
) -> None:
    at = f"/project/{pid}/channels"
    made = await admin.made(at, BODY)
    assert (await guest.get(at)).status == (await guest.get(f"{at}/{made['id']}/notices")).status == 403
    assert (await manager.get(at)).status == 200
    hubs = await admin.made("/channels", BODY)
    assert (hubs["project_id"], await admin.read("/channels")) == (None, [hubs])
    for client in (guest, manager):
        assert (await client.get("/channels")).status == (await client.post("/channels", BODY)).status == 403
    assert (await manager.get(f"{at}/{hubs['id']}")).status == 404
    assert (await admin.get(f"/channels/{made['id']}")).status == 404


async def test_what_failed_is_listed_with_its_reason_and_tried_again(admin, at: str, scene: Scene, tube: Tube) -> None:
    one = f"{at}/{(await admin.made(at, BODY))['id']}"
    tube.faults = [PluginError("There is no such chat.")]
    await Notification.create(
        channel_id=int(one.rpartition("/")[2]), event="task.failed", due=scene.hub.clock(), created=scene.hub.clock(),
        notice={"event": "task.failed", "sentence": "Deploy failed.", "project_id": scene.project.id},
    )  # fmt: skip
    await delivery.deliver(scene.hub)
    [notice] = await admin.read(f"{one}/notices")
    assert (notice["state"], notice["error"], notice["sentence"]) == (
        "failed", "There is no such chat.", "Deploy failed."
    )  # fmt: skip
    assert (await admin.read(one))["last"]["state"] == "failed"
    assert (await admin.post(f"{one}/notices/{notice['id']}/retry")).status == 204
    await delivery.deliver(scene.hub)
    assert (await admin.read(f"{one}/notices?state=sent"))[0]["id"] == notice["id"]
    assert (await admin.post(f"{one}/notices/{notice['id']}/retry")).status == 409
    assert (await admin.post(f"{one}/notices/999/retry")).status == 404


async def test_the_wires_test_goes_over_every_channel_and_says_what_went_wrong(
    admin, at: str, scene: Scene, tube: Tube
) -> None:
    await admin.made(at, BODY)
    await admin.made(at, BODY | {"name": "Off", "active": False})
    await admin.made("/channels", BODY | {"name": "All"})
    path = f"/project/{scene.project.id}/notifications/test"
    assert (await admin.post(path)).status == 409
    await Project.filter(id=scene.project.id).update(alert=True, alert_chat="-7")
    assert (await admin.post(path)).status == 204
    assert [(one.inside, one.chat, one.project_name) for one in tube.sent] == [
        (True, "-7", "Scene"),
        (False, "", "Scene"),
    ]
    tube.faults = [PluginError("It is deaf.")]
    reply = await admin.post(path)
    assert (reply.status, reply.error) == (400, "All: It is deaf.")


async def test_the_notifiers_are_listed_with_what_they_want(admin) -> None:
    [one] = await admin.read("/notifiers")
    assert (one["name"], one["secrets"]) == ("tube", ["url", "token"])
    assert one["params"]["properties"]["server"]["description"] == "Where it goes."


# Pages


async def test_a_channel_lives_from_its_form_to_its_end(at: str, scene: Scene, reader: Reader, tube: Tube) -> None:
    template = await scene.template("hello.sh", name="Deploy <b>")
    assert "No channels yet" in (await reader.get(at)).text
    form = {
        "name": "Ops <i>", "notifier": "tube", "tube-server": "https://tube.example.com", "tube-token": SECRET,
        "events": "task.failed", "some": "some", "templates": str(template.id), "active": "true",
    }  # fmt: skip
    made = await reader.send(f"{at}/new", form)
    channel = await Channel.get()
    assert made.place == f"{at}/{channel.id}"
    assert (channel.name, channel.events, channel.template_ids) == ("Ops <i>", ["task.failed"], [template.id])
    shown = (await reader.get(made.place)).text
    assert SECRET not in shown
    assert "Unchanged" in shown
    assert "Ops &lt;i&gt;" in shown
    assert "The test was sent" in (await reader.follow(await reader.send(f"{made.place}/test", {}))).text
    tube.faults = [PluginError("It is deaf.")]
    assert "It is deaf." in (await reader.follow(await reader.send(f"{made.place}/test", {}))).text
    await reader.send(made.place, form | {"name": "Ops", "tube-token": "", "some": ""})
    await tube_test(reader, made.place)
    assert (await Channel.get()).template_ids is None
    assert tube.sent[-1].secrets == {"token": SECRET}
    assert (await reader.send(f"{made.place}/delete", {})).place == at
    assert not await Channel.exists()


async def tube_test(reader: Reader, place: str) -> None:
    assert "The test was sent" in (await reader.follow(await reader.send(f"{place}/test", {}))).text


async def test_a_fault_of_the_form_stands_beside_its_field(at: str, reader: Reader, scene: Scene) -> None:
    page = await reader.send(f"{at}/new", {"name": "", "notifier": "tube", "tube-server": "x", "tube-token": SECRET})
    assert page.status == 400
    assert 'id="f-name-error"' in page.text
    assert SECRET not in page.text
    assert not await Channel.exists()


async def test_what_was_told_can_be_tried_again_from_the_page(
    at: str, scene: Scene, reader: Reader, tube: Tube
) -> None:
    await reader.send(f"{at}/new", {"name": "Ops", "notifier": "tube", "events": "task.failed", "active": "true"})
    channel, now = await Channel.get(), scene.hub.clock()
    told = await Notification.create(
        channel=channel, event="task.failed", state="failed", error="It was deaf.", attempts=3, created=now,
        settled=now,
        notice={"event": "task.failed", "sentence": "Deploy failed.", "project_id": scene.project.id},
    )  # fmt: skip
    place = f"{at}/{channel.id}"
    text = (await reader.get(place)).text
    assert "It was deaf." in text
    assert "3 attempts" in text
    assert "It was deaf." in (await reader.get(at)).text
    await reader.send(f"{place}/notices/{told.id}/retry", {})
    await delivery.deliver(scene.hub)
    assert tube.sent[0].sentence == "Deploy failed."


async def test_the_channels_of_the_hub_are_switched_on_for_a_project_on_its_page(
    at: str, scene: Scene, reader: Reader, tube: Tube
) -> None:
    await reader.send("/channels/new", {"name": "All", "notifier": "tube", "active": "true"})
    assert "All" in (await reader.get("/channels")).text
    assert "Send a test over every channel" not in (await reader.get(at)).text
    await Project.filter(id=scene.project.id).update(max_parallel_tasks=3)
    await reader.send(f"{at}/alerts", {"alert": "true", "alert_chat": "-100"})
    project = await Project.get(id=scene.project.id)
    assert (project.alert, project.alert_chat, project.max_parallel_tasks) == (True, "-100", 3)
    assert "Send a test over every channel" in (await reader.get(at)).text
    await reader.send(f"{at}/try", {})
    assert tube.sent[0].chat == "-100"


async def test_everybody_says_in_their_account_whether_they_wish_alerts(reader: Reader, scene: Scene) -> None:
    user = await User.get(admin=True)
    form = {"name": user.name, "username": user.username, "email": user.email}
    await reader.send("/account/profile", form | {"alert": "true"})
    assert (await User.get(id=user.id)).alert is True
    await reader.send("/account/profile", form)
    assert (await User.get(id=user.id)).alert is False


async def test_without_a_notifier_the_page_says_which_package_brings_some(
    at: str, scene: Scene, reader: Reader
) -> None:
    scene.hub.registry.notifiers.clear()  # type: ignore[attr-defined]  # a dict in this test
    assert "automation-hub-notifiers" in (await reader.get(at)).text
    assert await Template.all().count() == 0
