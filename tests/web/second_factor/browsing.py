"""A browser, an authenticator app and the clock that both go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from quart import Quart

from hub.context import Hub
from hub.services import users
from hub.services.actor import SYSTEM, Actor
from hub.services.users import UserDraft
from hub.testing.booted import PASSWORD
from hub.web.actor import COOKIE

NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Reply:
    status: int
    data: bytes
    headers: Any

    @property
    def json(self) -> Any:
        import orjson

        return orjson.loads(self.data)


@dataclass
class Browser:
    """One browser with its cookie, or a script with a token."""

    app: Quart
    cookie: str = ""
    token: str = ""
    trail: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        given = {} if body is None else {"json": body}
        client = self.app.test_client(use_cookies=False)
        answer = await client.open(f"/api{path}", method=method, headers=sent | headers, **given)
        for one in answer.headers.getlist("Set-Cookie"):
            self.cookie = one.partition("=")[2].partition(";")[0]
            self.trail.append(self.cookie)
        return Reply(answer.status_code, await answer.get_data(as_text=False), answer.headers)

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.call("POST", path, body)

    async def sign_in(self, name: str = "admin", password: str = PASSWORD) -> Reply:
        return await self.post("/auth/login", {"auth": name, "password": password})


@dataclass
class Device:
    """An authenticator app."""

    totp: pyotp.TOTP
    clock: Clock
    made: dict[str, Any]

    def code(self, offset: int = 0) -> str:
        return self.totp.at(self.clock.now, counter_offset=offset)


async def set_up(browser: Browser, clock: Clock, user_id: int = 1) -> Device:
    made = await browser.post(f"/users/{user_id}/2fas/totp")
    assert made.status == 200, made.data
    totp = pyotp.parse_uri(made.json["url"])
    assert isinstance(totp, pyotp.TOTP)
    return Device(totp, clock, made.json)


async def confirmed(browser: Browser, clock: Clock, user_id: int = 1) -> Device:
    device = await set_up(browser, clock, user_id)
    path = f"/users/{user_id}/2fas/totp/{device.made['id']}/confirm"
    reply = await browser.post(path, {"passcode": device.code()})
    assert reply.status == 204, reply.data
    clock.wait(60)
    return device


async def jane(hub: Hub) -> Actor:
    body = {"username": "jane", "name": "Jane", "email": "jane@example.org", "password": "jane-password"}
    await users.create_user(hub, SYSTEM, UserDraft.read(body))
    return await users.actor_named(SYSTEM, "jane")
