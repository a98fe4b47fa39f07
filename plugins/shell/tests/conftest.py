"""A checkout whose scripts really run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hub_shell.executor import ShellExecutor

from hub.plugin import NoParams, Outcome, TaskView
from hub.testing import Call, RunningIO, task_view

BIN = Path(sys.executable).parent


@dataclass
class Bench:
    """A checkout and a door."""

    io: RunningIO
    task: TaskView

    @property
    def root(self) -> Path:
        return self.io.folder / "checkout"

    @property
    def call(self) -> Call:
        """The one program that was started."""
        (call,) = self.io.calls
        return call

    def script(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.set(script=name)

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    async def run(self, executor: ShellExecutor, **params: Any) -> Outcome:
        return await executor.run(self.task, executor.params_type(**params), NoParams(), self.io)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A checkout without scripts, and an environment like that of a worker."""
    # The interpreter of these tests is the `python3` of the task.
    base = {"PATH": f"{BIN}:{os.defpath}:/usr/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    io = RunningIO(tmp_path, base=base)
    return Bench(io, task_view(io.checkout, app="bash", script="run.sh", username="John Doe"))
