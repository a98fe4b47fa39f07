"""Small real programs for the tests of this folder, and a sink that remembers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from hub.worker.process import Command, run

ENV = {"PATH": os.environ["PATH"]}


def shell(script: str, *, cwd: Path = Path("/"), grace: float = 10.0) -> Command:
    return Command(("/bin/sh", "-c", script), cwd, ENV, grace)


def python(script: str, *, cwd: Path = Path("/"), grace: float = 10.0) -> Command:
    return Command((sys.executable, "-S", "-E", "-c", script), cwd, ENV, grace)


def lives(pid: int) -> bool:
    """A zombie that nobody has reaped yet is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat[stat.rfind(b")") + 2 : stat.rfind(b")") + 3] not in (b"Z", b"X")


class Heard:
    """A sink that keeps everything, and tells when a text has come."""

    def __init__(self) -> None:
        self.data = b""
        self._more = asyncio.Event()

    async def __call__(self, block: bytes) -> None:
        self.data += block
        self._more.set()

    async def until(self, text: bytes) -> None:
        while text not in self.data:
            self._more.clear()
            await self._more.wait()

    def numbers(self) -> list[int]:
        return [int(word) for word in self.data.split() if word.isdigit()]


async def heard(command: Command, marker: str = "test/1") -> tuple[int, bytes]:
    sink = Heard()
    return await run(command, sink, asyncio.Event(), marker=marker), sink.data


async def stopped(command: Command, *, when: bytes = b"ready", marker: str = "test/1") -> tuple[int, Heard]:
    """Run until the program says that it is ready, stop it, and wait for its end."""
    sink, stop = Heard(), asyncio.Event()
    running = asyncio.create_task(run(command, sink, stop, marker=marker))
    await sink.until(when)
    stop.set()
    return await running, sink


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def zombie() -> os.waitid_result | None:
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return None
