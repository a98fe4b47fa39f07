"""Pages of the second factor, sessions and invitations: all without scripts."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Membership, Project, SecondFactor, Session
from hub.services import invites, users
from hub.services.actor import SYSTEM
from hub.services.invites import InviteDraft
from hub.services.user_options import UserOptionDraft, set_user_option
from hub.services.users import UserDraft
from hub.testing.booted import PASSWORD, administrator
from hub.testing.reader import CSRF, Reader, Sheet
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def switched_on(reader: Reader) -> tuple[pyotp.TOTP, list[str]]:
    """Set a second factor up as a person does; return the device and the recovery codes."""
    shown = await reader.send("/account/security/second-factor", {})
    assert shown.status == 200
    assert "data:image/png;base64," in shown.text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", shown.text)
    codes = re.search(r'id="recovery-codes">([^<]+)<', shown.text)
    assert secret
    assert codes
    device = pyotp.TOTP(secret[1])
    done = await reader.send("/account/security/confirm", {"passcode": device.now()})
    assert (done.status, done.place) == (303, "/account/security")
    await SecondFactor.all().update(last_step=0)  # as if the time of that code had passed
    return device, codes[1].split()


async def prove(reader: Reader, form: dict[str, str]) -> Sheet:
    """Send what the page after the password asks for."""
    token = CSRF.search((await reader.get("/auth/verify")).text)
    assert token
    return await reader.post("/auth/verify", {**form, "csrf": token[1]})


async def test_a_person_switches_it_on_signs_in_with_it_and_switches_it_off(app: Quart, reader: Reader) -> None:
    device, codes = await switched_on(reader)
    assert len(codes) == 10
    page = await reader.get("/account/security")
    assert device.secret not in page.text
    assert codes[0] not in page.text
    fresh = Reader(app)
    await fresh.sign_in("admin", PASSWORD)
    asked = await fresh.get("/account")
    assert (asked.status, asked.place.partition("?")[0]) == (303, "/auth/verify")
    assert "return=" in asked.headers["Location"]
    form = await fresh.get("/auth/verify")
    assert 'autocomplete="one-time-code"' in form.text
    wrong = await prove(fresh, {"passcode": "x"})
    assert wrong.status == 401
    assert 'role="alert"' in wrong.text
    right = await prove(fresh, {"passcode": device.now(), "return": "/account"})
    assert (right.status, right.place) == (303, "/account")
    assert (await fresh.get("/account")).status == 200
    assert (await fresh.send("/account/security/off", {"proof": "wrong"})).status == 400
    assert (await fresh.send("/account/security/off", {"proof": PASSWORD})).status == 303
    assert await SecondFactor.all().count() == 0


async def test_a_recovery_code_opens_the_page_too(app: Quart, reader: Reader) -> None:
    _, codes = await switched_on(reader)
    fresh = Reader(app)
    await fresh.sign_in("admin", PASSWORD)
    assert (await prove(fresh, {"recovery_code": codes[5]})).status == 303
    page = await fresh.get("/account/security")
    assert "Unused recovery codes: 9." in page.text
    made = await fresh.send("/account/security/codes", {"proof": PASSWORD})
    assert made.status == 200
    assert "recovery-codes" in made.text


async def test_the_question_for_a_code_never_leads_elsewhere(app: Quart, reader: Reader) -> None:
    device, _ = await switched_on(reader)
    fresh = Reader(app)
    await fresh.sign_in("admin", PASSWORD)
    right = await prove(fresh, {"passcode": device.now(), "return": "//evil.example"})
    assert right.place == "/"


async def test_without_a_password_there_is_no_question_for_a_code(app: Quart) -> None:
    for answer in (await Reader(app).get("/auth/verify"), await Reader(app).post("/auth/verify", {"passcode": "1"})):
        assert (answer.status, answer.place) == (303, "/auth/login")


async def test_people_sign_out_elsewhere(app: Quart, reader: Reader) -> None:
    other = Reader(app)
    await other.sign_in("admin", PASSWORD)
    assert "this browser<" in (await reader.get("/account/security")).text
    newest = await Session.all().order_by("-id").first()
    assert newest is not None
    assert (await reader.send(f"/account/security/sessions/{newest.id}", {})).status == 303
    assert (await other.get("/account")).place.partition("?")[0] == "/auth/login"
    await other.sign_in("admin", PASSWORD)
    assert (await reader.send("/account/security/sessions", {})).status == 303
    assert await Session.all().count() == 1


async def invitation(hub: Hub, **members: Any) -> tuple[str, int]:
    project = await Project.create(name="Garden", created=hub.clock())
    draft = InviteDraft.read({"role": "manager"} | members)
    made = await invites.create_invite(hub, await administrator(), project.id, draft)
    return f"/accept-invite/{made['token']}", project.id


async def test_an_invitations_link_leads_into_the_project(hub: Hub, app: Quart) -> None:
    body = {"username": "jane", "name": "Jane", "email": "jane@example.org", "password": PASSWORD}
    user_id = (await users.create_user(hub, SYSTEM, UserDraft.read(body)))["id"]
    link, project_id = await invitation(hub, username="jane")
    reader = Reader(app)
    asked = await reader.get(link)
    assert (asked.status, asked.place.partition("?")[0]) == (303, "/auth/login")
    await reader.sign_in("jane", PASSWORD)
    page = await reader.get(link)
    assert "Garden" in page.text
    assert "Manager" in page.text
    assert not await Membership.filter(project_id=project_id, user_id=user_id).exists()
    done = await reader.send(link, {})
    assert (done.status, done.place) == (303, f"/project/{project_id}/history")
    again = await reader.get(link)
    assert again.status == 400
    assert "accepted before" in again.text


async def test_an_invitations_link_tells_others_nothing(hub: Hub, reader: Reader) -> None:
    link, _ = await invitation(hub, email="jane@example.org")
    page = await reader.get(link)
    assert page.status == 403
    assert "Garden" not in page.text
    assert (await reader.get("/accept-invite/x")).status == 404


async def test_what_an_account_wishes_is_followed_where_a_browser_was_told_nothing(hub: Hub, app: Quart) -> None:
    first, second = Reader(app), Reader(app)
    await first.sign_in("admin", PASSWORD)
    await first.send("/preferences", {"theme": "dark"})
    await second.sign_in("admin", PASSWORD)
    assert 'data-theme="dark"' in (await second.get("/account")).text
    await set_user_option(await administrator(), UserOptionDraft(key="start_page", value="projects"))
    assert (await second.get("/")).place == "/projects"
