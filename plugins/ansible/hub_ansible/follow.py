"""Reads the events of a run while it goes on, and keeps what they add up to as results of the task."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hub.plugin import TaskIO
from hub_ansible.tally import LONGEST_LINE, Tally

logger = logging.getLogger(__name__)

CALLBACKS: Final = Path(__file__).with_name("callbacks")
"""Folder of our callback plugin, and of nothing else."""
VARIABLE: Final = "HUB_ANSIBLE_EVENTS"
MOST_HOSTS: Final = "HUB_ANSIBLE_MOST_HOSTS"

PACE: Final = 1.0
"""Seconds between two looks at the file, and at least between two times of storing."""
SHARE: Final = 20
"""Storing takes at most this part of the time: what takes long is done less often."""
_BLOCK: Final = 128 * 1024


class Follower:
    """Follows one run."""

    def __init__(self, io: TaskIO, path: Path) -> None:
        self.tally = Tally()
        self._io = io
        self._path = path
        self._rest = b""
        self._stored: dict[str, Mapping[str, Any]] = {}
        path.unlink(missing_ok=True)
        self._file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    @property
    def env(self) -> dict[str, str]:
        """What tells the callback plugin where to write."""
        return {VARIABLE: str(self._path)}

    async def run(self, work: Callable[[], Awaitable[int]]) -> int:
        """Do the work and follow it; what was seen is kept however it ends. Nothing here changes how it ends."""
        over = asyncio.Event()
        following = asyncio.create_task(self._follow(over))
        try:
            return await work()
        finally:
            over.set()
            await following

    async def _follow(self, over: asyncio.Event) -> None:
        try:
            pause, last = PACE, False
            while not last:
                await _until(over, pause)
                last = over.is_set()
                await self._read()
                began = time.monotonic()
                await self._store()
                pause = max(PACE, SHARE * (time.monotonic() - began))
        except Exception:
            logger.exception("The results of a playbook by host could not be followed; the run itself goes on.")
        finally:
            os.close(self._file)
            self._path.unlink(missing_ok=True)

    async def _read(self) -> None:
        """Take every whole line that is there, a block at a time, so that nobody else waits for long."""
        while block := os.read(self._file, _BLOCK):
            *lines, self._rest = (self._rest + block).split(b"\n")
            self.tally.read(lines)
            if len(self._rest) > LONGEST_LINE:
                self._rest = b" " * LONGEST_LINE  # still too long when its end comes, so passed over
            await asyncio.sleep(0)

    async def _store(self) -> None:
        """Keep what has changed."""
        if not self.tally.plays:
            return
        if facts := self.tally.take_facts():
            await self._io.result("facts", {"hosts": facts}, replace=True)
        parts = {
            "ansible_errors": self.tally.errors(),
            "ansible_tasks": self.tally.tasks(),
            "ansible_hosts": self.tally.hosts(),
        }
        for kind, data in parts.items():
            if self._stored.get(kind) != data:
                await self._io.result(kind, data, replace=True)
                self._stored[kind] = data


async def _until(over: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        return
