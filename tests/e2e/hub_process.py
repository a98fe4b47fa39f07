"""A hub of real processes, spoken to over HTTP as its users do."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from hub.testing.aftermath import Aftermath, of, read_starts, reasons
from hub.testing.scene import make_repository
from hub.testing.sqlite_file import place_database

from .command_line import Terminal

PATIENCE = 90.0
"""Seconds until a test gives up waiting; nothing that works takes nearly as long."""

ENDED = ("success", "error", "stopped")


def wait_for(what: str, condition: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
    """Return the first true value of a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


@dataclass
class Node:
    """One process: `hub serve` or `hub worker`."""

    process: subprocess.Popen[str]
    data: Path
    port: int = 0
    log: Path = Path(os.devnull)

    def kill(self) -> None:
        """End it as a crash does: it cannot do anything any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> str:
        """End it in order; return what it logged."""
        self.process.terminate()
        self.process.wait(timeout=60)
        return self.log.read_text()


@dataclass
class Cluster:
    """Processes of one hub, in a folder of the test."""

    folder: Path
    settings: dict[str, str]
    nodes: list[Node] = field(default_factory=list)
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def repositories(self) -> Path:
        return self.folder / "repositories"

    def serve(self, data: str = "data", port: int = 0) -> Node:
        """Start a server and wait until it answers; at the port of one that has ended, where that is named."""
        node = self.begin(data, port)
        self.until_answered(node)
        return node

    def begin(self, data: str = "data", port: int = 0) -> Node:
        """Start a server."""
        if not port:
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                port = int(one.getsockname()[1])
        node = self._start(data, "serve", "--port", str(port))
        node.port = port
        return node

    def until_answered(self, node: Node) -> None:
        """Wait until a server answers."""
        wait_for("the server", lambda: self._answers(node))

    def worker(self, data: str, *arguments: str) -> Node:
        """Start a worker and wait until it says that it is ready."""
        node = self._start(data, "worker", *arguments)
        wait_for("the worker", lambda: self._alive(node) and "is ready" in node.log.read_text())
        return node

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for node in self.nodes:
            with node.process:  # which closes its pipes and waits
                node.process.kill()

    def _start(self, data: str, *arguments: str) -> Node:
        log = self.folder / f"{data}.{len(self.nodes)}.log"
        terminal = Terminal(self.folder, self.folder / data)
        given = {
            "HUB_ADMIN_PASSWORD": "changeme",
            "HUB_LOCAL_REPOSITORY_ROOTS": str(self.repositories),
            **self.settings,
        }
        with log.open("w") as file:
            process = terminal.start(*arguments, stderr=file, **given)
        self.nodes.append(Node(process, self.folder / data, log=log))
        return self.nodes[-1]

    def _alive(self, node: Node) -> bool:
        if node.process.poll() is not None:
            raise AssertionError(f"it ended with {node.process.returncode}:\n{node.log.read_text()}")
        return True

    def _answers(self, node: Node) -> bool:
        self._alive(node)
        try:
            with socket.create_connection(("127.0.0.1", node.port), timeout=1):
                return True
        except OSError:
            return False


@contextmanager
def cluster(folder: Path, scripts: dict[str, str], **settings: str) -> Iterator[Cluster]:
    """A hub without processes yet, and a repository of scripts that it may use."""
    keys = "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    # Scripts of these tests write where the test looks, which no sandbox lets them.
    one = Cluster(folder, {"HUB_VAULT_KEYS": keys, "HUB_SANDBOX": "none", **settings})
    make_repository(one.repositories / "scripts", scripts)
    if "HUB_DATABASE_URL" not in settings:
        asyncio.run(place_database(folder / "data" / "hub.sqlite3"))
    try:
        yield one
    finally:
        one.close()


class Person:
    """The administrator at one server, and a project with a repository."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{node.port}/api", timeout=60, verify=False)
        cluster.clients.append(self.client)
        self.post("/auth/login", {"auth": "admin", "password": "changeme"})
        projects = self.get("/projects")
        self.project = projects[0]["id"] if projects else self.post("/projects", {"name": "Scripts"})["id"]
        found = self.get(f"/project/{self.project}/repositories")
        self.repository = found[0]["id"] if found else self._make_repository(cluster)

    @property
    def cookie(self) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in self.client.cookies.jar)

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.status_code in {200, 201, 204}, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def template(self, script: str, **members: Any) -> int:
        body = {
            "project_id": self.project, "name": script, "app": "bash", "playbook": script,
            "repository_id": self.repository, "allow_parallel_tasks": True, **members,
        }  # fmt: skip
        return int(self.post(f"/project/{self.project}/templates", body)["id"])

    def launch(self, template: int, count: int = 1) -> list[int]:
        body = {"template_id": template, "project_id": self.project}
        return [int(self.post(f"/project/{self.project}/tasks", body)["id"]) for _ in range(count)]

    def task(self, number: int) -> dict[str, Any]:
        return dict(self.get(f"/project/{self.project}/tasks/{number}"))

    def text(self, number: int) -> str:
        return self.client.get(f"/project/{self.project}/tasks/{number}/raw_output").text

    def statuses(self, numbers: list[int]) -> dict[int, str]:
        listed = self.get(f"/project/{self.project}/tasks")
        return {one["id"]: one["status"] for one in listed if one["id"] in set(numbers)}

    def until_ended(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Wait for the end of these tasks."""
        wait_for("the end of all tasks", lambda: all(one in ENDED for one in self.statuses(numbers).values()))
        return [self.task(number) for number in numbers]

    def judge(self, starts: Path, wrote: Mapping[int, Sequence[str]], *, further: int, tells: str) -> int:
        """After a fault: see `hub.testing.aftermath`. Starts a task of the template `further`, and returns its number.

        What is told may take the moment until somebody looks.
        """
        met = self.until_ended([*wrote])
        (after,) = self.launch(further)
        self.until_ended([after])
        logs = {number: self.text(number).split("\n") for number in wrote}
        since = min(map(created, met))
        known = [*reasons(met), *of(logs)]

        def told() -> list[str]:
            return [one["description"] for one in self.get("/events") if created(one) >= since] + known

        wait_for(f"{tells!r} to be told", lambda: any(re.search(tells, text) for text in told()))
        listed = {one["id"]: one["status"] for one in self.get(f"/project/{self.project}/tasks")}
        Aftermath(listed, logs, read_starts(starts, wrote), told(), after).check(wrote, tells=tells)
        return after

    def _make_repository(self, cluster: Cluster) -> int:
        key = self.get(f"/project/{self.project}/keys")[0]["id"]
        body = {
            "project_id": self.project, "name": "Scripts", "git_url": str(cluster.repositories / "scripts"),
            "git_branch": "main", "ssh_key_id": key,
        }  # fmt: skip
        return int(self.post(f"/project/{self.project}/repositories", body)["id"])


def created(one: Mapping[str, Any]) -> datetime:
    """When a task was started, or an event happened."""
    return datetime.fromisoformat(one["created"])


def stored(data: Path, number: int) -> tuple[str, str]:
    """Status and reason of a task in the database of an embedded hub that has ended."""
    with sqlite3.connect(data / "hub.sqlite3") as database:
        found: tuple[str, str] = database.execute("SELECT status, reason FROM task WHERE id = ?", [number]).fetchone()
    database.close()
    return found
