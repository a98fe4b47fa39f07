"""Runs `hub` as people do: a process of its own, with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True)
class Terminal:
    """A folder to work in, and the data folder of the hub that commands are for."""

    folder: Path
    data: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a command: nothing of the hub's but what is given."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "HUB_DATA_DIR": str(self.data), **more}

    def start(self, *arguments: str, stderr: int | IO[str] = subprocess.PIPE, **more: str) -> subprocess.Popen[str]:
        """Start a command and leave it running; a long one should write its errors to a file."""
        return subprocess.Popen(
            [sys.executable, "-m", "hub", *arguments], cwd=self.folder, env=self.environment(**more),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *arguments], cwd=self.folder, env=self.environment(**more),
            input=stdin, capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
