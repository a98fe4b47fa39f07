"""A small live door: real processes, a real folder, keys and secrets from memory."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hub_ansible import AnsibleExecutor
from hub_ansible.params import AnsibleParams, AnsibleTaskParams

from hub.plugin import Completed, InventoryView, Key, Material, Outcome, RepositoryView, TaskView

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Call:
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


@dataclass
class LiveIO:
    """A `TaskIO` that really runs programs."""

    workspace: Path
    cwd: Path
    cache: Path
    base: dict[str, str]
    keys: dict[Key, Material] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    output: str = ""
    stages: list[str] = field(default_factory=list)
    results: dict[str, list[Any]] = field(default_factory=dict)
    """Of each kind what was stored, one after the other."""

    async def _spawn(self, argv, env, cwd, stderr) -> tuple[int, bytes, bytes]:
        full = {**self.base, **(env or {})}
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=full,
            cwd=cwd or self.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out, err or b""

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        self.calls.append(Call(argv, {**self.base, **(env or {})}, cwd or self.cwd))
        code, out, _ = await self._spawn(argv, env, cwd, asyncio.subprocess.STDOUT)
        self.output += out.decode()
        return code

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        code, out, err = await self._spawn(argv, env, cwd, asyncio.subprocess.PIPE)
        self.output += err.decode()
        return Completed(code, out.decode())

    async def log(self, text: str) -> None:
        self.lines.append(text)

    async def key(self, ref: Key) -> Material:
        return self.keys[ref]

    async def secrets(self) -> Mapping[str, str]:
        return self.hidden

    async def stage(self, name: str) -> None:
        self.stages.append(name)

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        assert replace
        self.results.setdefault(kind, []).append(json.loads(json.dumps(data)))

    async def keep(self, path: Path, name: str) -> None:
        raise NotImplementedError

    async def fetch(self, name: str) -> Path:
        raise NotImplementedError

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        folder = self.cache / name
        if not folder.exists():
            fresh = Path(tempfile.mkdtemp(dir=self.cache))
            await fill(fresh)
            fresh.rename(folder)
        return folder

    def give_key(self, number: int, login: str = "", env: Mapping[str, str] | None = None, **files: str) -> Key:
        """Put a key into the store and its files into the workspace."""
        paths = {}
        for role, text in files.items():
            paths[role] = self.workspace / f"key-{number}-{role}"
            paths[role].write_text(text)
            paths[role].chmod(0o600)
        self.keys[Key(number)] = Material(login=login, files=paths, env=env or {})
        return Key(number)


@dataclass
class Bench:
    """A checkout, an inventory, and a door."""

    root: Path
    io: LiveIO
    task: TaskView
    executor: AnsibleExecutor = field(default_factory=AnsibleExecutor)

    def file(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    def inventory(self, **changes: Any) -> None:
        assert self.task.inventory is not None
        self.task = replace(self.task, inventory=replace(self.task.inventory, **changes))

    async def run(self, params: Mapping[str, Any] | None = None, **task_params: Any) -> Outcome:
        return await self.executor.run(
            self.task, AnsibleParams(**(params or {})), AnsibleTaskParams(**task_params), self.io
        )

    @property
    def playbook_call(self) -> Call:
        return self.io.calls[-1]


def _need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=f"{BIN}:{os.environ.get('PATH', '')}") is None:
            sentence = f"{program} is not installed; see the extra `core` of automation-hub-ansible"
            if os.environ.get("CI") == "true":
                pytest.fail(sentence)
            pytest.skip(sentence)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A private folder with a path as short as a worker's, so that sockets fit."""
    with tempfile.TemporaryDirectory(prefix="ha-", dir="/tmp") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def bench(short_folder: Path) -> Bench:
    """A checkout with one playbook and a static inventory of this machine."""
    _need("ansible-playbook")
    folders = {name: short_folder / name for name in ("w", "r", "c", "h")}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    hosts = short_folder / "inventory_3"
    hosts.write_text(
        f"[web]\nh1\nh2\n[all:vars]\nansible_connection=local\nansible_python_interpreter={sys.executable}\n"
    )
    base = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folders["h"]), "LANG": "C.UTF-8"}
    task = TaskView(
        id=41,
        project_id=1,
        project_name="Shop",
        template_id=2,
        template_name="Deploy",
        template_type="",
        app="ansible",
        script="site.yml",
        username="jane",
        repository=RepositoryView(5, "shop", folders["r"], "main", "c0ffee", "Fix the till"),
        inventory=InventoryView(3, "hosts", "static", hosts.read_text(), hosts),
    )
    made = Bench(folders["r"], LiveIO(folders["w"], folders["r"], folders["c"], base), task)
    made.file(
        "site.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - debug: {msg: 'on {{ inventory_hostname }}'}\n"
    )
    return made
