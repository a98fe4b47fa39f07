"""Pages of service accounts: made, given tokens and switched off by administrators."""

from __future__ import annotations

import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Event, Membership, Token, User
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def status(app: Quart, secret: str, path: str) -> int:
    client = app.test_client(use_cookies=False)
    return int((await client.get(f"/api{path}", headers={"Authorization": f"Bearer {secret}"})).status_code)


async def test_a_service_account_lives_from_its_form_to_its_end(scene: Scene, app: Quart, reader: Reader) -> None:
    assert "No service accounts yet" in (await reader.get("/service-accounts")).text
    made = await reader.send("/service-accounts/new", {"name": "Nightly deploys", "username": "Deploys"})
    robot = await User.get(username="deploys")
    page = f"/service-accounts/{robot.id}"
    assert made.place == page
    assert (robot.service, robot.admin, robot.email) == (True, False, "deploys@service.invalid")
    assert "This account is off" in (await reader.get(page)).text
    await reader.send(f"/project/{scene.project.id}/team", {"username": robot.username, "role": "task_runner"})
    assert await Membership.exists(user=robot)
    form = {"name": "Pipeline", "reach": "some", "scopes": "run", "lifetime": ""}
    shown = await reader.send(f"{page}/tokens", form)
    secret = re.search(r'id="new-token">([^<]+)<', shown.text)
    assert secret
    project = f"/project/{scene.project.id}/templates"
    assert await status(app, secret[1], project) == 200
    listed = (await reader.get("/service-accounts")).text
    assert "1 good token" in listed
    assert "Nightly deploys" not in (await reader.get("/users")).text
    off = await reader.follow(await reader.send(f"{page}/off", {}))
    assert "1 token was ended." in off.text
    assert "This account is off" in off.text
    assert await status(app, secret[1], project) == 401
    assert await Event.exists(description="Service account deploys switched off")
    again = re.search(r'id="new-token">([^<]+)<', (await reader.send(f"{page}/tokens", form)).text)
    assert again
    assert await status(app, again[1], project) == 200  # its roles stayed
    assert await status(app, secret[1], project) == 401
    await reader.send(f"{page}/tokens/{again[1][:8]}/delete", {})
    assert await Token.filter(user=robot).count() == 1
    assert (await reader.send(f"{page}/delete", {})).place == "/service-accounts"
    assert not await User.exists(id=robot.id)


async def test_its_name_can_be_changed_and_faults_stand_beside_fields(hub: Hub, reader: Reader) -> None:
    robot = await User.create(created=hub.clock(), username="robot", name="Robot", email="r@b.t", service=True)
    page = f"/service-accounts/{robot.id}"
    await reader.send(page, {"name": "Renamed", "username": "robot", "admin": "true"})
    await robot.refresh_from_db()
    assert (robot.name, robot.email, robot.admin) == ("Renamed", "r@b.t", True)
    taken = await reader.send(page, {"name": "Renamed", "username": "admin"})
    assert re.search(r'id="f-username-error">The username admin belongs to another user\.<', taken.text)
    nameless = await reader.send("/service-accounts/new", {"name": "", "username": "x"})
    assert re.search(r'id="f-name-error">Write a name\.<', nameless.text)
    unnamed = await reader.send(f"{page}/tokens", {"name": "", "reach": "all"})
    assert unnamed.status == 400
    assert (await reader.get(f"/users/{robot.id}")).place == page


async def test_the_pages_are_of_service_accounts_and_administrators_only(hub: Hub, app: Quart, reader: Reader) -> None:
    admin = await User.get(username="admin")
    assert (await reader.get(f"/service-accounts/{admin.id}")).status == 404
    assert (await reader.send(f"/service-accounts/{admin.id}/off", {})).status == 400
    assert (await reader.send(f"/service-accounts/{admin.id}/delete", {})).status == 404
    await User.all().update(admin=False)
    assert (await reader.get("/service-accounts")).status == 403
    assert (await reader.send(f"/service-accounts/{admin.id}/off", {})).status == 403
