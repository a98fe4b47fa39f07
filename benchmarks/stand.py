"""What the engine's benchmark stands on: a hub of real processes, what they cost, and a client that costs little."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from redis.asyncio import Redis

from hub.testing.booted import PASSWORD, booted
from hub.testing.carriers import scaled
from hub.testing.ports import free_port
from hub.testing.scene import Scene, make_scene

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Stand:
    """A hub that runs, and the processes that it is made of."""

    name: str
    scene: Scene
    port: int
    token: str = ""
    pids: dict[str, list[int]] = field(default_factory=dict)
    """By part: `server`, and where there are such `workers`, `postgres` and `redis`."""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def spent(self) -> dict[str, float]:
        """Seconds of processor time that each part has used, with the programs that it ran and that are over."""
        return {part: sum(map(_tree, pids)) for part, pids in self.pids.items()}

    def end(self) -> None:
        """End the hub's own processes; the database stays until the stand is left."""
        for one in self.running:
            one.terminate()
        for one in self.running:
            one.wait()
        self.running.clear()

    def cost(self, before: Mapping[str, float], count: int) -> dict[str, float]:
        """Milliseconds of processor time for each of `count`, by part, since `before`."""
        return {part: 1000 * (spent - before[part]) / count for part, spent in self.spent().items()}


def _tree(pid: int) -> float:
    ticks = sum(_stat(pid)[:4])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (ticks + sum(sum(_stat(int(one))[:2]) for one in children)) / TICK


def _stat(pid: int) -> list[int]:
    """Ticks of a process in user and system mode, and those of its children that are over."""
    try:
        return [int(part) for part in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]
    except OSError:
        return [0, 0, 0, 0]


class Client:
    """Asks over connections that stay open, with no more work than a socket is: the hub shares its cores."""

    def __init__(self, stand: Stand) -> None:
        self._port = stand.port
        self._head = f"Host: hub\r\nAuthorization: Bearer {stand.token}\r\nContent-Type: application/json\r\n"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what the JSON of the answer holds."""
        data = b"" if body is None else json.dumps(body).encode()
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        head = f"{method} /api{path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer.partition("content-length:")[2].split()[0])
        text = await reader.readexactly(length)
        self._idle.append((reader, writer))
        if not answer.startswith("http/1.1 2"):
            raise RuntimeError(f"{method} {path} was refused: {text.decode()}")
        return json.loads(text)

    def close(self) -> None:
        """Let go of the connections."""
        for _, writer in self._idle:
            writer.close()


@asynccontextmanager
async def embedded(scripts: Mapping[str, str]) -> AsyncIterator[Stand]:
    """One process with SQLite."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(booted(**_folders(stack)))
        stand = Stand("embedded", await make_scene(hub, scripts), free_port())
        await _start(stack, stand, {}, workers=0)
        yield stand


@asynccontextmanager
async def distributed(scripts: Mapping[str, str]) -> AsyncIterator[Stand]:
    """A server and two workers, with PostgreSQL that writes to the disk before it says so, and Redis."""
    async with AsyncExitStack() as stack:
        carriers = await stack.enter_async_context(scaled("postgres"))
        hub = await stack.enter_async_context(booted(**carriers, **_folders(stack)))
        stand = Stand("Redis + PostgreSQL", await make_scene(hub, scripts), free_port())
        stand.pids["postgres"] = [await _steady_postgres(carriers["database_url"])]
        redis = Redis.from_url(carriers["redis_url"])
        stand.pids["redis"] = [(await redis.info())["process_id"]]
        await redis.aclose()
        names = {"HUB_DATABASE_URL": carriers["database_url"], "HUB_REDIS_URL": carriers["redis_url"]}
        await _start(stack, stand, names, workers=2)
        yield stand


def _folders(stack: AsyncExitStack) -> dict[str, Any]:
    """A data folder with few neighbours, as a real hub has: those beside it are allowed to tasks one by one."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/var/tmp")))
    return {"data_dir": folder / "data", "local_repository_roots": (folder / "data/repositories",)}


async def _steady_postgres(url: str) -> int:
    """Let it write as a server does whose data matters, and return its pid."""
    parts = urlsplit(url)
    host = parts.query.partition("=")[2]
    connection = await asyncpg.connect(host=host, user=parts.username, database=parts.path.strip("/"))
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = on")
    await connection.execute("SELECT pg_reload_conf()")
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    await connection.close()
    return parent


async def _start(stack: AsyncExitStack, stand: Stand, carriers: Mapping[str, str], *, workers: int) -> None:
    own = stand.scene.hub.settings
    settings = {
        "HUB_DATA_DIR": str(own.data_dir), "HUB_PORT": str(stand.port), "HUB_MAX_PARALLEL_TASKS": "0",
        "HUB_LOCAL_REPOSITORY_ROOTS": str(own.local_repository_roots[0]), "HUB_LOG_LEVEL": "warning", **carriers,
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | settings
    stack.callback(stand.end)
    for part, arguments in [("server", ["serve"]), *[("workers", ["worker", "--slots", "32"])] * workers]:
        running = subprocess.Popen([sys.executable, "-m", "hub", *arguments], env=environment)
        stand.running.append(running)
        stand.pids.setdefault(part, []).append(running.pid)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stand.port}/api", timeout=60) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                (await client.get("/ping")).raise_for_status()
                break
            await asyncio.sleep(0.05)
        (await client.post("/auth/login", json={"auth": "admin", "password": PASSWORD})).raise_for_status()
        stand.token = (await client.post("/user/tokens", json={})).json()["id"]
        while len((await client.get("/workers")).json()) < max(1, workers):
            await asyncio.sleep(0.05)


def load() -> str:
    """How busy the machine is, for those who read the figures."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at {time.strftime('%H:%M')}"
