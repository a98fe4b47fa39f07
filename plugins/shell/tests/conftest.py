"""A small live door: real processes, a real folder, keys and secrets from memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hub_shell.executor import ShellExecutor
from hub_shell.params import ShellParams

from hub.plugin import Completed, Key, Material, NoParams, Outcome, RepositoryView, TaskView

BIN = Path(sys.executable).parent


@dataclass
class LiveIO:
    """A `TaskIO` that really runs programs."""

    workspace: Path
    cwd: Path
    base: dict[str, str]
    keys: dict[Key, Material] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    output: str = ""

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        self.argv, self.env = argv, dict(env or {})
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={**self.base, **self.env},
            cwd=cwd or self.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        self.output += out.decode()
        return process.returncode or 0

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        raise NotImplementedError

    async def log(self, text: str) -> None:
        self.lines.append(text)

    async def key(self, ref: Key) -> Material:
        return self.keys[ref]

    async def secrets(self) -> Mapping[str, str]:
        return self.hidden

    async def stage(self, name: str) -> None:
        self.stages.append(name)

    async def result(self, kind: str, data: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def keep(self, path: Path, name: str) -> None:
        raise NotImplementedError

    async def fetch(self, name: str) -> Path:
        raise NotImplementedError

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        raise NotImplementedError


@dataclass
class Bench:
    """A checkout and a door."""

    root: Path
    io: LiveIO
    task: TaskView

    def script(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.set(script=name)

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    async def run(self, executor: ShellExecutor, **params: Any) -> Outcome:
        return await executor.run(self.task, ShellParams(**params), NoParams(), self.io)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A checkout without scripts, and an environment like that of a worker."""
    root, workspace = tmp_path / "r", tmp_path / "w"
    root.mkdir()
    workspace.mkdir(mode=0o700)
    # The interpreter of these tests is the `python3` of the task.
    base = {"PATH": f"{BIN}:{os.defpath}:/usr/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    task = TaskView(
        id=41,
        project_id=1,
        project_name="Shop",
        template_id=2,
        template_name="Backup",
        template_type="",
        app="bash",
        script="run.sh",
        username="John Doe",
        repository=RepositoryView(5, "shop", root, "main", "c0ffee", "Fix the till"),
    )
    return Bench(root, LiveIO(workspace, root, base), task)
