"""Clients of the JSON API: the administrator, members of a project by role, and strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Membership, User
from hub.services import sessions
from hub.services.actor import Actor
from hub.testing.booted import PASSWORD
from hub.testing.conformance import said_of
from hub.testing.reader import Reader
from hub.web.api import load_routes
from hub.web.api.mount import mount
from hub.web.encoding import WireJSON

from .audited import demand_event, newest_event


@dataclass(frozen=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Any
    data: bytes

    @property
    def json(self) -> Any:
        import orjson

        return orjson.loads(self.data)

    @property
    def error(self) -> str:
        return str(self.json["error"])


class Client:
    """Calls the API as one person; every answer is held against the API's description."""

    def __init__(self, app: Quart, token: str) -> None:
        self._client = app.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        given = {} if body is None else {"json": body}
        before = await newest_event()
        response = await self._client.open(f"/api{path}", method=method, headers=self._headers | headers, **given)
        reply = Reply(response.status_code, response.headers, await response.get_data(as_text=False))
        if (said := said_of(method, path)) is not None and method != "HEAD":
            said.check(reply.status, response.content_type, reply.data)
        if method not in {"GET", "HEAD"} and reply.status < 300 and not headers:
            await demand_event(method, path, before)
        return reply

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.call("POST", path, body)

    async def put(self, path: str, body: Any) -> Reply:
        return await self.call("PUT", path, body)

    async def delete(self, path: str) -> Reply:
        return await self.call("DELETE", path)

    async def made(self, path: str, body: Any) -> Any:
        """POST, and return what was made."""
        reply = await self.post(path, body)
        assert reply.status == 201, reply.data
        return reply.json

    async def read(self, path: str) -> Any:
        """GET, and return the JSON of a success."""
        reply = await self.get(path)
        assert reply.status == 200, reply.data
        return reply.json


class People:
    """Makes people who can call the API."""

    def __init__(self, hub: Hub, app: Quart) -> None:
        self._hub, self._app = hub, app

    async def client(self, actor: Actor) -> Client:
        token = await sessions.create_token(self._hub, actor, sessions.TokenDraft())
        return Client(self._app, token["id"])

    async def somebody(self, name: str, *, project_id: int = 0, role: str = "") -> tuple[int, Client]:
        """A person, member of the project with the role if one is named; (id, client)."""
        user = await User.create(
            created=self._hub.clock(), username=name, name=name.title(), email=f"{name}@example.org"
        )
        if role:
            await Membership.create(project_id=project_id, user_id=user.id, role=role)
        return user.id, await self.client(Actor("user", user.id, user.username, user.name))


@pytest.fixture
def app(hub: Hub) -> Quart:
    """The API alone, without pages."""
    app = Quart("hub.tests")
    app.json = WireJSON(app)
    load_routes()
    mount(app, hub)
    return app


@pytest.fixture
def people(hub: Hub, app: Quart) -> People:
    return People(hub, app)


@pytest.fixture
async def admin(people: People) -> Client:
    from hub.testing.booted import administrator

    return await people.client(await administrator())


@pytest.fixture
async def pid(admin: Client) -> int:
    """A fresh project of the administrator."""
    return int((await admin.made("/projects", {"name": "First"}))["id"])


@pytest.fixture
async def other(admin: Client) -> int:
    """Another project."""
    return int((await admin.made("/projects", {"name": "Other"}))["id"])


@pytest.fixture
async def guest(people: People, pid: int) -> Client:
    return (await people.somebody("guest", project_id=pid, role="guest"))[1]


@pytest.fixture
async def runner(people: People, pid: int) -> Client:
    return (await people.somebody("runner", project_id=pid, role="task_runner"))[1]


@pytest.fixture
async def manager(people: People, pid: int) -> Client:
    return (await people.somebody("manager", project_id=pid, role="manager"))[1]


@pytest.fixture
async def stranger(people: People) -> Client:
    return (await people.somebody("stranger"))[1]


@pytest.fixture
async def none_key(admin: Client, pid: int) -> int:
    """The key that every project has."""
    return int((await admin.read(f"/project/{pid}/keys"))[0]["id"])


@pytest.fixture
async def reader(app: Quart) -> Reader:
    """The administrator, who reads pages; for modules whose `app` has pages."""
    reader = Reader(app)
    assert (await reader.sign_in("admin", PASSWORD)).status == 303
    return reader


@pytest.fixture
def nobody(app: Quart) -> Client:
    return Client(app, "")
