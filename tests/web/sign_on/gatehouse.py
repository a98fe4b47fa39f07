"""A provider that lets in whom the test says, and the browser that goes through it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from quart import Quart

from hub import builtin
from hub.context import Hub, utc_now
from hub.models import User
from hub.plugin import AuthRejected, Identity, Redirect, RedirectProvider, hookimpl
from hub.registry import Registry, load
from hub.setting_types import SignOn
from hub.testing.inline import inline_plugin
from hub.web.app import make_app


class Gatehouse(RedirectProvider):
    """Lets in whom the test says."""

    name = "gatehouse"
    title = "Gatehouse"
    icon = "mdi-github"

    def __init__(self) -> None:
        self.identity = Identity("x", "s-1", "Jane", name="Jane Doe", email="jane@example.org", email_verified=True)
        self.trouble: Exception | None = None

    async def begin(self, params: Any, callback_url: str) -> Redirect:
        if self.trouble:
            raise self.trouble
        state = hashlib.sha256(callback_url.encode()).hexdigest()
        return Redirect(f"https://gate.example.org/?{urlencode({'back': callback_url})}", {"state": state})

    async def finish(self, params: Any, callback_url: str, query: Any, state: Any) -> Identity:
        if query.get("state") != state["state"]:
            raise AuthRejected("This answer belongs to another sign-in. Begin again.")
        return self.identity


def registry(gate: Gatehouse) -> Registry:
    @hookimpl
    def hub_auth_providers() -> list[RedirectProvider]:
        return [gate]

    plugin: ModuleType = inline_plugin(hub_auth_providers, name="gate_plugin")
    return load(builtin=[*builtin.MODULES, plugin], group="no-such-group")


def told(hub: Hub, **settings: Any) -> Hub:
    return replace(hub, settings=hub.settings.model_copy(update=settings))


def office(**rules: Any) -> dict[str, SignOn]:
    return {"office": SignOn.model_validate({"kind": "gatehouse", "title": "The office", **rules})}


class Browser:
    """Keeps cookies and goes where it is sent on the hub."""

    def __init__(self, place: Hub | Quart) -> None:
        self.app = place if isinstance(place, Quart) else make_app(place)
        self.client = self.app.test_client()

    def another(self) -> Browser:
        """Somebody else's, at the same hub."""
        return Browser(self.app)

    async def get(self, path: str, **headers: str) -> Any:
        return await self.client.get(path, headers=headers)

    async def begin(self, path: str = "/api/auth/oidc/office/login") -> dict[str, str]:
        """Begin; return what the provider was told."""
        answer = await self.get(path)
        assert answer.status_code == 307, await answer.get_data()
        assert answer.headers["Location"].startswith("https://gate.example.org/"), answer.headers["Location"]
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def finish(self, asked: dict[str, str], **change: str) -> Any:
        state = hashlib.sha256(asked["back"].encode()).hexdigest()
        query = urlencode({"code": "c", "state": state} | change)
        return await self.get(f"{urlsplit(asked['back']).path}?{query}")

    async def sign_in(self, path: str = "/api/auth/oidc/office/login") -> Any:
        return await self.finish(await self.begin(path))

    async def said(self) -> str:
        """The sentence on the page where an error leads to."""
        return await (await self.get("/auth/login")).get_data(as_text=True)

    async def me(self) -> Any:
        answer = await self.get("/api/user")
        return (await answer.get_json()) if answer.status_code == 200 else None


async def external(**more: Any) -> User:
    columns = {"username": "jane", "name": "Jane", "email": "jane@example.org", "external": True} | more
    return await User.create(created=utc_now(), **columns)
