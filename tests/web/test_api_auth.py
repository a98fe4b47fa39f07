"""Signing in and out over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from hub.context import Hub
from hub.models import Session
from hub.services import accounts
from hub.testing.booted import PASSWORD
from hub.web.api import admin, auth, system, users
from hub.web.api.mount import mount
from hub.web.front import front

assert all((admin, auth, system, users)), "importing them fills the table of routes"


@pytest.fixture
def client(hub: Hub) -> Client:
    app = Quart(__name__)
    mount(app, hub)
    app.asgi_app = front(app.asgi_app, hub)
    return app.test_client()


async def sign_in(client: Client, name: str = "admin", password: str = PASSWORD, **more: Any) -> Any:
    return await client.post("/api/auth/login", json={"auth": name, "password": password}, **more)


async def test_ping_says_pong_to_everybody_and_nothing_more(client: Client) -> None:
    answer = await client.get("/api/ping")
    assert (answer.status_code, await answer.get_data()) == (200, b"pong")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert (await client.post("/api/ping")).status_code == 404


async def test_the_ways_to_sign_in_are_public(client: Client) -> None:
    assert await (await client.get("/api/auth/login")).get_json() == {
        "oidc_providers": [], "login_with_password": True, "auth_methods": {"totp": {"allow_recovery": True}},
    }  # fmt: skip


async def test_signing_in_answers_204_and_a_cookie_that_no_script_reads(client: Client, hub: Hub) -> None:
    answer = await sign_in(client)
    assert (answer.status_code, await answer.get_data(), answer.content_type) == (204, b"", "application/json")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("semaphore=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    own = await (await client.get("/api/user")).get_json()
    assert (own["username"], own["can_create_project"]) == ("admin", True)


async def test_a_wrong_password_answers_401_without_a_cookie(client: Client) -> None:
    answer = await sign_in(client, password="wrong")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert await answer.get_json() == {"error": "The name or the password is wrong."}


@pytest.mark.parametrize("body", [b"", b"{", b'{"auth": 1, "password": "x"}', b"[]"])
async def test_a_malformed_body_answers_400(client: Client, body: bytes) -> None:
    assert (await client.post("/api/auth/login", data=body)).status_code == 400


async def test_many_wrong_passwords_answer_429_with_a_time_to_wait(client: Client) -> None:
    for _ in range(10):
        assert (await sign_in(client, password="wrong")).status_code == 401
    answer = await sign_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 301
    assert (await sign_in(client, headers={"X-Forwarded-For": "192.0.2.9"})).status_code == 204


async def test_another_sites_page_cannot_sign_a_browser_in(client: Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert (await sign_in(client, headers=headers)).status_code == 403
    assert await Session.all().count() == 0


async def test_signing_in_again_ends_the_session_before(client: Client) -> None:
    await sign_in(client)
    before = await Session.get()
    await sign_in(client)
    after = await Session.get()
    assert before.digest != after.digest


async def test_signing_out_ends_the_session_and_clears_the_cookie(client: Client, hub: Hub) -> None:
    secret = await accounts.login(hub, "admin", PASSWORD)
    headers = {"Cookie": f"semaphore={secret}"}
    assert (await client.get("/api/user", headers=headers)).status_code == 200
    answer = await client.post("/api/auth/logout", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Set-Cookie"].startswith("semaphore=;")
    assert (await client.get("/api/user", headers=headers)).status_code == 401
    assert (await client.post("/api/auth/logout")).status_code == 204


async def test_info_has_exactly_the_members_of_the_wire(client: Client) -> None:
    assert (await client.get("/api/info")).status_code == 401
    await sign_in(client)
    told = await (await client.get("/api/info")).get_json()
    assert set(told) == {
        "version", "ansible", "web_host", "use_remote_runner", "auth_methods", "premium_features", "git_client",
        "schedule_timezone", "teams", "roles",
    }  # fmt: skip
    assert set(told["premium_features"]) == {"project_runners", "terraform_backend", "task_summary", "secret_storages"}
    assert (told["git_client"], told["roles"]) == ("cmd_git", [])
    assert told["ansible"] == "" or told["ansible"].startswith("ansible")


async def test_a_head_request_is_answered_like_a_get(client: Client) -> None:
    await sign_in(client)
    for path in ("/api/ping", "/api/user", "/api/users", "/api/apps", "/api/options", "/api/tasks"):
        assert (await client.head(path)).status_code == 200


async def test_what_a_stranger_writes_about_its_address_is_not_believed(client: Client, hub: Hub) -> None:
    far, lan, near = {"client": ("203.0.113.5", 1)}, {"client": ("10.0.0.2", 1)}, {"client": ("127.0.0.1", 1)}
    for scope, headers, address in (
        (far, {"X-Real-IP": "192.0.2.1"}, "203.0.113.5"),
        (far, {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}, "203.0.113.5"),
        (lan, {"X-Forwarded-For": "192.0.2.1"}, "10.0.0.2"),
        (near, {"X-Real-IP": "192.0.2.1"}, "127.0.0.1"),
        (near, {"X-Forwarded-For": "198.51.100.7, 192.0.2.2"}, "192.0.2.2"),
        (near, {"X-Forwarded-For": "nonsense"}, "127.0.0.1"),
        (near, {}, "127.0.0.1"),
        ({"client": ("::ffff:127.0.0.1", 1)}, {"X-Forwarded-For": "2001:db8::1"}, "2001:db8::1"),
    ):
        assert (await sign_in(client, headers=headers, scope_base=scope)).status_code == 204
        newest = await Session.all().order_by("-id").first()
        assert newest is not None
        assert newest.ip == address
