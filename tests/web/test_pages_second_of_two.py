"""Two people at one schedule, freeze, channel, project or member: the second is told, and nothing is lost silently."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Channel, Freeze, Membership, Project, Role, Schedule, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

Form = dict[str, str]


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


def version_of(text: str) -> Form:
    """The hidden version of the first form that has one."""
    found = re.search(r'name="version" value="([^"]+)"', text)
    assert found, text
    return {"version": found[1]}


@dataclass
class Meeting:
    """Two people who have the same page open, and what each of them sends."""

    page: str
    theirs: Form
    mine: Form
    told: tuple[str, ...]
    """What the second of them reads."""
    send: str = ""
    """Where the form goes, if not to its own page."""

    @property
    def address(self) -> str:
        return self.send or self.page


async def _meet(reader: Reader, meeting: Meeting) -> None:
    """Two windows have the page open: the first saves; the second is told, and saves over it knowingly."""
    mine = version_of((await reader.get(meeting.page)).text)
    saved = await reader.send(meeting.address, mine | meeting.theirs)
    assert saved.status == 303, html.unescape(saved.text)
    refused = await reader.send(meeting.address, mine | meeting.mine)
    assert refused.status == 400
    text = html.unescape(refused.text)
    assert "Somebody else was quicker." in text
    assert "admin changed this while you were at it." in text
    notice = text.partition('id="overtaken"')[2].partition("</form>")[0]
    for one in meeting.told:
        assert one in notice, notice
    again = await reader.send(meeting.address, version_of(refused.text) | meeting.mine)
    assert again.status == 303, html.unescape(again.text)


async def _team(scene: Scene, *names: str) -> dict[str, User]:
    people = {}
    for name in names:
        user = await User.create(created=scene.hub.clock(), username=name, name=name.title(), password_hash="",
                                 email=f"{name}@example.org")  # fmt: skip
        await Membership.create(project=scene.project, user=user, role="guest")
        people[name] = user
    return people


async def test_the_second_one_at_a_schedule_is_told(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    made = await Schedule.create(project=scene.project, template=template, name="Night", cron_format="0 3 * * *",
                                 time_zone="UTC", active=True)  # fmt: skip
    form = {"type": "", "every": "daily", "time_zone": "UTC", "active": "true", "overlap": "skip", "misfire": "skip"}
    await _meet(reader, Meeting(
        f"/project/{scene.project.id}/schedule/{made.id}",
        {**form, "name": "Theirs", "at": "04:30", "overlap": "queue"}, {**form, "name": "Mine", "at": "05:00"},
        ("<strong>Name</strong>: ", "Theirs", "Every day at 04:30"),
    ))  # fmt: skip
    assert (await Schedule.get(id=made.id)).cron_format == "0 5 * * *"


async def test_what_a_schedule_does_by_itself_is_no_change_of_anybody(scene: Scene, reader: Reader) -> None:
    made = await Schedule.create(project=scene.project, template=await scene.template("hello.sh"), name="Night",
                                 cron_format="0 3 * * *", time_zone="UTC", active=True)  # fmt: skip
    page = f"/project/{scene.project.id}/schedule/{made.id}"
    before = version_of((await reader.get(page)).text)
    now = scene.hub.clock()
    await Schedule.filter(id=made.id).update(runs=3, last_error="It was frozen.", last_run_at=now, next_run_at=now)
    form = {"name": "Mine", "type": "", "every": "daily", "at": "05:00", "time_zone": "UTC"}
    assert (await reader.send(page, before | form)).status == 303


async def test_the_second_one_at_a_freeze_is_told(scene: Scene, reader: Reader) -> None:
    made = await Freeze.create(project=scene.project, name="Release", cron_format="0 0 1 * *", minutes=60)
    form = {"kind": "cron", "every": "monthly", "at": "00:00", "length": "90", "time_zone": "UTC", "active": "true"}
    await _meet(reader, Meeting(
        f"/project/{scene.project.id}/freezes/{made.id}", {**form, "name": "Theirs", "day": "2"},
        {**form, "name": "Mine", "day": "3"}, ("Theirs", "On day 2 of each month at 00:00", "90"),
    ))  # fmt: skip
    assert (await Freeze.get(id=made.id)).name == "Mine"


@pytest.mark.parametrize("whole_hub", [False, True], ids=["of a project", "of the hub"])
async def test_the_second_one_at_a_channel_is_told(scene: Scene, reader: Reader, whole_hub: bool) -> None:
    root = "/channels" if whole_hub else f"/project/{scene.project.id}/channels"
    form = {"notifier": "webhook", "events": "task.failed", "active": "true"}
    made = await reader.send(f"{root}/new", {**form, "name": "Ops", "webhook-url": "https://one.example.org/x"})
    assert made.status == 303, html.unescape(made.text)
    channel = await Channel.get()
    await _meet(reader, Meeting(
        f"{root}/{channel.id}", {"notifier": "webhook", "events": "task.success", "name": "Theirs"},
        {**form, "name": "Mine"}, ("Theirs", "<strong>It tells when</strong>", "<strong>Switched on</strong>", "no"),
    ))  # fmt: skip
    assert (await Channel.get()).name == "Mine"


async def test_the_second_one_at_the_settings_of_a_project_is_told(scene: Scene, reader: Reader) -> None:
    form = {"max_parallel_tasks": "2", "keep_tasks": "0", "keep_days": "0", "keep_log_days": "0", "keep_log_mib": "0"}
    page = f"/project/{scene.project.id}/settings"
    await Project.filter(id=scene.project.id).update(alert=True)
    await _meet(reader, Meeting(
        page, {**form, "name": "Theirs", "max_parallel_tasks": "4", "keep_days": "30"}, {**form, "name": "Mine"},
        ("Theirs", "<strong>Tasks at once</strong>", "<strong>Days that tasks are kept</strong>", "30"),
    ))  # fmt: skip
    project = await Project.get(id=scene.project.id)
    assert (project.name, project.max_parallel_tasks, project.keep_days, project.alert) == ("Mine", 2, 0, True)
    before = version_of((await reader.get(page)).text)
    look = await reader.send(page, before | form | {"name": "Look", "look": "yes"})
    assert version_of(look.text) == before, "to look at what would go is no way to lose sight of what has changed"


async def test_the_second_one_at_the_alerts_of_a_project_is_told(scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}/channels"
    await _meet(reader, Meeting(
        root, {"alert": "true", "alert_chat": "77"}, {"alert": "true", "alert_chat": "88"},
        ("<strong>Chat in Telegram</strong>", "77", f'href="{root}"'), send=f"{root}/alerts",
    ))  # fmt: skip
    assert (await Project.get(id=scene.project.id)).alert_chat == "88"


async def test_the_second_one_who_changes_a_role_is_told(scene: Scene, reader: Reader) -> None:
    jane = (await _team(scene, "jane"))["jane"]
    team = f"/project/{scene.project.id}/team"
    await _meet(reader, Meeting(
        team, {"role": "manager"}, {"role": "task_runner"}, ("<strong>Role</strong>", "Manager", f'href="{team}"'),
        send=f"{team}/{jane.id}",
    ))  # fmt: skip
    assert (await Membership.get(user=jane)).role == "task_runner"


async def test_several_roles_are_changed_at_once(scene: Scene, reader: Reader) -> None:
    await Role.create(slug="night", name="Night shift", permissions=1, project=scene.project)
    people = await _team(scene, "jane", "olaf", "maria")
    team = f"/project/{scene.project.id}/team"
    page = (await reader.get(team)).text
    assert page.count("data-tick ") == 3, "one's own row has no box"
    ids = [str(one.id) for one in people.values()]
    seen = {f"seen-{one}": "guest" for one in ids}
    done = await reader.send(f"{team}/bulk", {"do": "role", "role": "night", "ids": ids[:2], **seen})
    assert "2 members have another role now." in (await reader.follow(done)).text
    assert [one.role for one in await Membership.filter(user_id__in=ids).order_by("id")] == ["night", "night", "guest"]
    told = await reader.send(f"{team}/bulk", {"do": "role", "role": "manager", "ids": ids, **seen})
    text = html.unescape(told.text)
    assert "1 member has another role now." in text
    assert text.count("Somebody else gave this member another role meanwhile.") == 2
    nobody = await reader.send(f"{team}/bulk", {"do": "role", "role": "manager"})
    assert "Choose at least one member." in (await reader.follow(nobody)).text


async def test_several_members_are_removed_after_a_question(scene: Scene, reader: Reader) -> None:
    people = await _team(scene, "jane", "olaf")
    team = f"/project/{scene.project.id}/team"
    form: dict[str, Any] = {"do": "remove", "ids": [str(one.id) for one in people.values()]}
    asked = await reader.send(f"{team}/bulk", form)
    assert "2 members will be removed from this project." in asked.text
    assert await Membership.filter(project=scene.project).count() == 2
    done = await reader.send(f"{team}/bulk", form | {"sure": "yes"})
    assert "2 members were removed." in (await reader.follow(done)).text
    assert await Membership.filter(project=scene.project).count() == 0


async def test_nobody_deals_with_mightier_members_by_dealing_with_several(scene: Scene, app: Quart, admin: Any) -> None:
    await Role.create(slug="lead", name="Lead", permissions=9, project=scene.project)
    people = await _team(scene, "jane", "olaf", "maria")
    await Membership.filter(user=people["jane"]).update(role="lead")
    await User.filter(username="jane").update(password_hash=await hash_password(PASSWORD))
    await Membership.filter(user=people["olaf"]).update(role="owner")
    lead = Reader(app)
    await lead.sign_in("jane", PASSWORD)
    team = f"/project/{scene.project.id}/team"
    ids = [str(people[name].id) for name in ("olaf", "maria")]
    told = html.unescape((await lead.send(f"{team}/bulk", {"do": "role", "role": "lead", "ids": ids})).text)
    assert "1 member has another role now." in told
    assert [(await Membership.get(user=people[name])).role for name in ("olaf", "maria")] == ["owner", "lead"]
    refused = await lead.follow(await lead.send(f"{team}/bulk", {"do": "role", "role": "owner", "ids": ids}))
    assert "notice-danger" in refused.text
    reply = await admin.post(f"/project/{scene.project.id}/users/bulk", {
        "action": "role", "role": "guest", "user_ids": [int(one) for one in ids], "seen": {ids[1]: "guest"},
    })  # fmt: skip
    assert [(one["name"], one["outcome"]) for one in reply.json] == [("Maria", "skipped"), ("Olaf", "done")]
    member = await admin.get(f"/project/{scene.project.id}/users/{ids[0]}")
    assert member.json["role"] == "guest", "so that its version changes with the role"
    assert (await admin.post(f"/project/{scene.project.id}/users/bulk", {"action": "king"})).status == 400
