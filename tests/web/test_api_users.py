"""People, tokens and administration over the wire: success codes, refusals, shapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import App, Option
from hub.services import sessions, users
from hub.services.actor import SYSTEM, Actor
from hub.services.tasks.states import STOPPED
from hub.services.users import UserDraft
from hub.testing.booted import administrator
from hub.web.api import admin, auth, system
from hub.web.api import users as user_routes
from hub.web.api.mount import mount

assert all((admin, auth, system, user_routes)), "importing them fills the table of routes"

Ask = Callable[..., Awaitable[Any]]


def asker(hub: Hub, token: str) -> Ask:
    app = Quart(__name__)
    mount(app, hub)
    client = app.test_client()

    async def ask(method: str, path: str, body: Any = None, **more: Any) -> Any:
        sent = {"json": body} if body is not None else {}
        return await client.open(
            f"/api{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **sent, **more
        )

    return ask


async def token_for(hub: Hub, actor: Actor) -> str:
    return str((await sessions.create_token(hub, actor, sessions.TokenDraft()))["id"])


@pytest.fixture
async def root(hub: Hub) -> Ask:
    """Ask as the administrator."""
    return asker(hub, await token_for(hub, await administrator()))


@pytest.fixture
async def jane(hub: Hub) -> Ask:
    """Ask as somebody without rights, whose id is 2."""
    body = {"username": "jane", "name": "Jane", "email": "jane@example.org", "password": "jane-password"}
    await users.create_user(hub, SYSTEM, UserDraft.read(body))
    return asker(hub, await token_for(hub, await users.actor_named(SYSTEM, "jane")))


async def test_users_are_made_changed_and_removed_with_the_codes_of_the_wire(root: Ask) -> None:
    body = {"USERNAME": "john", "name": "John", "email": "john@example.org", "password": "x", "unknown": 1}
    made = await root("POST", "/users", body)
    assert made.status_code == 201
    user = await made.get_json()
    assert user["id"] == 2
    assert "password" not in user
    assert user["created"].endswith("Z")
    assert (await root("PUT", "/users/2", {**body, "alert": True})).status_code == 204
    assert (await (await root("GET", "/users/2")).get_json())["alert"] is True
    assert (await root("POST", "/users/2/password", {"password": "y"})).status_code == 204
    assert [one["username"] for one in await (await root("GET", "/users?s=jo")).get_json()] == ["john"]
    assert (await root("DELETE", "/users/2")).status_code == 204
    assert (await root("GET", "/users/2")).status_code == 404
    assert (await root("DELETE", "/users/2")).status_code == 404


async def test_refusals_about_users_have_the_codes_of_the_wire(root: Ask, jane: Ask) -> None:
    body = {"username": "jane", "name": "Jane", "email": "jane@example.org"}
    assert (await jane("POST", "/users", body)).status_code == 401
    assert (await jane("PUT", "/users/1", body)).status_code == 401
    assert (await jane("PUT", "/users/2", {**body, "admin": True})).status_code == 401
    assert (await jane("DELETE", "/users/1")).status_code == 401
    assert (await jane("POST", "/users/1/password", {"password": "x"})).status_code == 401
    assert (await jane("POST", "/users/2/password", {"password": "x"})).status_code == 400
    assert (await jane("POST", "/users", data=b"{")).status_code == 400
    assert (await root("POST", "/users", body)).status_code == 400
    assert (await root("POST", "/users", {"username": "x"})).status_code == 400
    assert (await root("GET", "/users/x")).status_code == 400
    assert (await root("GET", "/users/99")).status_code == 404
    assert (await root("PATCH", "/users/1")).status_code == 404
    told = await (await root("POST", "/users", body)).get_json()
    assert told == {"error": "The username jane belongs to another user.", "field": "username"}


async def test_tokens_are_shown_once_and_named_by_their_beginning(root: Ask, hub: Hub) -> None:
    made = await root("POST", "/user/tokens")
    assert made.status_code == 201
    token = (await made.get_json())["id"]
    assert len(token) == 44
    assert (await asker(hub, token.upper())("GET", "/user")).status_code == 200
    listed = await (await root("GET", "/user/tokens")).get_json()
    assert listed[0]["id"] == token[:8]
    assert token not in str(listed)
    assert (await root("POST", "/user/tokens", {"expires_at": "2001-01-01T00:00:00Z"})).status_code == 400
    assert (await root("POST", "/user/tokens", data=b'{"expires_at":')).status_code == 400
    assert (await root("DELETE", f"/user/tokens/{token[:7]}")).status_code == 400
    assert (await root("DELETE", f"/user/tokens/{token[:8]}")).status_code == 204
    assert (await root("DELETE", f"/user/tokens/{token[:8]}")).status_code == 204
    assert (await asker(hub, token)("GET", "/user")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/options"), ("POST", "/options"), ("GET", "/apps/bash"), ("PUT", "/apps/bash"), ("POST", "/apps/bash"),
        ("POST", "/apps/bash/active"), ("DELETE", "/apps/bash"), ("GET", "/tasks"), ("GET", "/tasks/1"),
        ("DELETE", "/tasks/1"), ("GET", "/plugins"),
    ],
)  # fmt: skip
async def test_administration_is_for_administrators(jane: Ask, method: str, path: str) -> None:
    assert (await jane(method, path, {})).status_code == 403


async def test_options_are_an_object_without_what_belongs_to_the_hub(root: Ask) -> None:
    before = dict(await Option.all().values_list("key", "value"))
    answer = await root("POST", "/options", {"key": "a.b_1", "value": "x"})
    assert (answer.status_code, await answer.get_json()) == (200, {"key": "a.b_1", "value": "x"})
    assert (await root("POST", "/options", {"key": "a.b_1", "value": "y"})).status_code == 200
    assert await (await root("GET", "/options")).get_json() == {"a.b_1": "y"}
    for key in ("vault.canary", "Vault.x", "", "a b", "a\n", "é", "x" * 256):
        assert (await root("POST", "/options", {"key": key, "value": "x"})).status_code == 400
    assert (await root("POST", "/options", {"key": "k", "value": "x" * 1001})).status_code == 400
    assert before.items() <= dict(await Option.all().values_list("key", "value")).items()


async def test_apps_are_listed_for_everybody_and_changed_by_administrators(root: Ask, jane: Ask) -> None:
    listed = await (await jane("GET", "/apps")).get_json()
    assert [one["priority"] for one in listed] == sorted((one["priority"] for one in listed), reverse=True)
    bash = next(one for one in listed if one["id"] == "bash")
    single = await (await root("GET", "/apps/bash")).get_json()
    assert single == {name: value for name, value in bash.items() if name != "id"}
    body = {"active": True, "priority": 5000, "title": "Shell", "icon": "x", "color": "red", "args": ["-e"]}
    assert (await root("PUT", "/apps/bash", body)).status_code == 204
    first = (await (await jane("GET", "/apps")).get_json())[0]
    assert (first["id"], first["title"], first["args"]) == ("bash", "Shell", ["-e"])
    assert (await root("POST", "/apps/bash/active", {"active": False})).status_code == 204
    assert (await (await root("GET", "/apps/bash")).get_json())["active"] is False
    answer = await root("POST", "/apps/bash/active", {"active": "no"})
    assert (answer.status_code, (await answer.get_json())["error"]) == (400, "Invalid request body")
    for _ in range(2):
        assert (await root("DELETE", "/apps/bash")).status_code == 204
    assert await (await root("GET", "/apps/bash")).get_json() == single


async def test_switching_an_app_off_changes_nothing_else_about_it(root: Ask) -> None:
    before = await (await root("GET", "/apps/python")).get_json()
    await root("POST", "/apps/python/active", {"active": False})
    assert await (await root("GET", "/apps/python")).get_json() == {**before, "active": False}


async def test_an_app_that_no_plugin_brings_is_of_the_administrators_own(root: Ask) -> None:
    answer = await root("GET", "/apps/perl")
    assert (answer.status_code, await answer.get_json()) == (404, {"error": "app not found"})
    assert (await root("POST", "/apps/perl", {"active": True, "title": "Perl"})).status_code == 204
    told = await (await root("GET", "/apps/perl")).get_json()
    assert (told["title"], told["active"]) == ("Perl", True)
    assert "perl" in [one["id"] for one in await (await root("GET", "/apps")).get_json()]
    assert (await root("PUT", "/apps/a%20b", {"title": "x"})).status_code == 400
    assert await App.all().values_list("id", flat=True) == ["perl"]


async def test_plugins_are_listed_with_what_they_bring(root: Ask) -> None:
    listed = {one["name"]: one for one in await (await root("GET", "/plugins")).get_json()}
    assert listed["keys"]["builtin"] is True
    assert listed["keys"]["state"] == "on"
    assert "ssh" in listed["keys"]["offers"]["key_types"]


async def test_an_administrator_sees_and_stops_every_unfinished_task(scene: Any) -> None:
    root = asker(scene.hub, await token_for(scene.hub, scene.actor))
    task_id = await scene.launch(await scene.template("hello.sh"))
    listed = await (await root("GET", "/tasks")).get_json()
    assert [(one["task_id"], one["location"], one["username"]) for one in listed] == [(task_id, "queue", "admin")]
    assert await (await root("GET", "/tasks/99")).get_json() == listed
    assert (await root("DELETE", f"/tasks/{task_id}")).status_code == 204
    assert (await scene.task(task_id))["status"] == STOPPED
    assert (await root("DELETE", f"/tasks/{task_id}")).status_code == 204
    assert (await root("DELETE", "/tasks/99")).status_code == 204
    assert (await root("GET", "/tasks/x")).status_code == 400
    assert await (await root("GET", "/tasks")).get_json() == []
