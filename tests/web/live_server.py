"""A real web server in the loop of the test, and readers of its live views."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from hub.context import Hub
from hub.models import Membership, User
from hub.services import sessions
from hub.services.actor import Actor
from hub.testing.ports import free_port
from hub.testing.scene import Scene
from hub.web.app import make_app
from hub.web.serve import serve_app


@dataclass
class LiveServer:
    """Where it listens, and how to stop it."""

    hub: Hub
    port: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    serving: asyncio.Task[None] | None = None

    async def token(self, actor: Actor) -> str:
        return str((await sessions.create_token(self.hub, actor, sessions.TokenDraft()))["id"])

    def socket(self, token: str, **more: Any) -> connect:
        headers = {"Authorization": f"Bearer {token}"}
        return connect(f"ws://127.0.0.1:{self.port}/api/ws", additional_headers=headers, max_queue=4096, **more)

    def stream(self, token: str, project_id: int, task_id: int) -> Stream:
        return Stream(f"http://127.0.0.1:{self.port}/api/project/{project_id}/tasks/{task_id}/stream", token)


@asynccontextmanager
async def live_server(hub: Hub, port: int = 0) -> AsyncIterator[LiveServer]:
    port = port or free_port()
    server = LiveServer(hub, port)
    settings = hub.settings.model_copy(update={"port": port})
    serving = server.serving = asyncio.create_task(serve_app(make_app(hub), settings, server.stop))
    async with httpx.AsyncClient(verify=False) as client, asyncio.timeout(30):
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/api/ping")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    try:
        yield server
    finally:
        server.stop.set()
        await serving


@dataclass
class Stream:
    """One reader of one task, who comes again where it left off like a browser."""

    url: str
    token: str
    last_id: str = ""
    cookie: str = ""
    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 0

    async def read(self, *, cut_after: int = 10**9, **params: Any) -> None:
        """Read until the stream ends, or until so many bytes came; then the connection is cut."""
        headers = {"Cookie": self.cookie} if self.cookie else {"Authorization": f"Bearer {self.token}"}
        headers |= {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with (
            httpx.AsyncClient(timeout=60, verify=False) as client,
            client.stream("GET", self.url, headers=headers, params=params) as response,
        ):
            self.status = response.status_code
            pending, size = b"", 0
            async for piece in response.aiter_raw():
                size += len(piece)
                pending += piece[: max(0, len(piece) - max(0, size - cut_after))]
                *whole, pending = pending.split(b"\n\n")
                for block in whole:
                    self._take(block.decode())
                if size >= cut_after:
                    return

    @property
    def over(self) -> bool:
        return bool(self.events) and self.events[-1][0] == "end"

    @property
    def states(self) -> list[str]:
        return [data["status"] for name, data in self.events if name == "state"]

    def _take(self, block: str) -> None:
        members = dict(line.partition(": ")[::2] for line in block.split("\n") if not line.startswith(":"))
        if not members:
            return
        data = json.loads(members["data"])
        self.last_id = members.get("id", self.last_id)
        self.events.append((members["event"], data))
        if members["event"] == "lines":
            texts = data["text"].split("\n")
            self.lines += texts
            self.numbers += range(data["first"], data["first"] + len(texts))
            assert int(members["id"]) == self.numbers[-1] + 1
            offsets = [offset for offset, _ in data["times"]]
            assert offsets[0] == 0
            assert offsets == sorted(set(offsets))


async def messages(connection: ClientConnection, until: Any) -> list[dict[str, Any]]:
    """Receive until a message of which `until` is true; it is the last."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while not found or not until(found[-1]):
            found.append(json.loads(await connection.recv()))
    return found


def ended(*task_ids: int) -> Any:
    """True once the last of these tasks has its final update."""
    left = set(task_ids)

    def until(message: dict[str, Any]) -> bool:
        if message["type"] == "update" and message["status"] in {"success", "error", "stopped"}:
            left.discard(message["task_id"])
        return not left

    return until


async def person(scene: Scene, name: str, *, role: str = "") -> Actor:
    """Somebody, who is a member of the project if a role is named."""
    user = await User.create(created=scene.hub.clock(), username=name, name=name, email=f"{name}@example.org")
    if role:
        await Membership.create(project=scene.project, user=user, role=role)
    return Actor("user", user.id, name, name)
