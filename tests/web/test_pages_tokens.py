"""Pages of API tokens: one's own, made with limits and shown once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Membership, Token, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Marks, Reader, Sheet
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


FORM = {"name": "Nightly", "reach": "some", "scopes": "run", "lifetime": "30"}


def shown_once(sheet: Sheet) -> str:
    """The secret on a page that shows a new token."""
    found = re.search(r'id="new-token">([^<]+)<', sheet.text)
    assert found, sheet.text
    return found[1]


async def status(app: Quart, secret: str, path: str, method: str = "GET") -> int:
    client = app.test_client(use_cookies=False)
    answer = await client.open(f"/api{path}", method=method, headers={"Authorization": f"Bearer {secret}"}, json={})
    return int(answer.status_code)


async def test_a_token_is_shown_once_and_may_do_what_was_ticked(app: Quart, scene: Scene, reader: Reader) -> None:
    secret = shown_once(await reader.send("/account/tokens", {**FORM, "project_id": str(scene.project.id)}))
    row = await Token.get(name="Nightly")
    assert (row.scopes, row.project_id) == (["run"], scene.project.id)
    assert row.expires is not None
    assert await status(app, secret, f"/project/{scene.project.id}/templates") == 200
    assert await status(app, secret, "/users") == 403
    assert await status(app, secret, f"/project/{scene.project.id}/keys", "POST") == 403
    page = (await reader.get("/account/tokens")).text
    assert secret not in page
    for words in ("Nightly", secret[:8], "Running tasks", "only in Scene"):
        assert words in page
    away = await reader.send(f"/account/tokens/{secret[:8]}/delete", {})
    assert (away.status, await Token.all().count()) == (303, 0)
    assert await status(app, secret, f"/project/{scene.project.id}/templates") == 401


@pytest.mark.parametrize(
    ("wrong", "field", "text"),
    [
        ({"name": " "}, "name", "Write what the token is for"),
        ({"scopes": None}, "scopes", "Tick at least one right."),
        ({"scopes": "everything"}, "scopes", "must name at least one of"),
        ({"lifetime": "day", "day": ""}, "day", "Choose the last day"),
        ({"lifetime": "day", "day": "2020-01-31"}, "day", "Choose a day in the future."),
        ({"scopes": "admin", "project_id": "1"}, "scopes", "The scope admin is for the whole hub"),
    ],
)
async def test_what_is_wrong_is_told_beside_its_field_and_the_form_is_kept(
    reader: Reader, scene: Scene, wrong: dict[str, object], field: str, text: str
) -> None:
    form = {**FORM, "name": "Kept", **wrong}
    sheet = await reader.send("/account/tokens", {name: value for name, value in form.items() if value is not None})
    assert sheet.status == 400
    beside = re.search(rf'id="f-{field}-error">([^<]*)<', sheet.text)
    assert beside
    assert text in beside[1]
    if "name" not in wrong:
        assert 'value="Kept"' in sheet.text
    assert await Token.all().count() == 0


async def test_a_day_and_everything_for_ever_can_be_chosen(hub: Hub, reader: Reader) -> None:
    day = (hub.clock() + timedelta(days=3)).date().isoformat()
    shown_once(await reader.send("/account/tokens", {**FORM, "lifetime": "day", "day": day}))
    row = await Token.get(name="Nightly")
    assert row.expires is not None
    assert row.expires.isoformat().startswith(f"{day}T23:59:59")
    shown_once(await reader.send("/account/tokens", {"name": "All", "reach": "all", "lifetime": ""}))
    row = await Token.get(name="All")
    assert (row.scopes, row.expires) == (None, None)


async def test_people_are_offered_no_more_than_they_have(hub: Hub, app: Quart, scene: Scene) -> None:
    mina = await User.create(created=hub.clock(), username="mina", name="Mina", email="mina@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip
    reader = Reader(app)
    await reader.sign_in("mina", PASSWORD)
    offered = Marks((await reader.get("/account/tokens/new")).text)
    assert [one["value"] for one in offered.all("input") if one.get("name") == "scopes"] == ["read", "run", "manage"]
    assert "Scene" not in (await reader.get("/account/tokens/new")).text
    assert (await reader.send("/account/tokens", {**FORM, "scopes": "admin"})).status == 400
    assert (await reader.send("/account/tokens", {**FORM, "project_id": str(scene.project.id)})).status == 400
    await Membership.create(project=scene.project, user=mina, role="guest")
    assert "Scene" in (await reader.get("/account/tokens/new")).text
