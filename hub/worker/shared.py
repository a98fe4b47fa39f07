"""The worker's shared cache: folders that are made once, and then only read."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hub.errors import Invalid

_POLL = 0.05  # seconds; a thread blocked in flock could not be cancelled
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class SharedFolders:
    """Folders by digest. Two tasks that want the same one make it once, also when they are in two processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def folder(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Return the folder of that name; `fill` makes it when there is none. Nothing is kept when it raises."""
        if not _NAME.fullmatch(name):
            raise Invalid(f"{name!r} is no name for a shared folder.")
        target = self._root / name
        if target.is_dir():
            return target
        async with self._lock(name):
            if target.is_dir():
                return target
            fresh = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self._root))
            try:
                await fill(fresh)
                await asyncio.to_thread(fresh.rename, target)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
        return target

    def clear(self) -> int:
        """Remove every folder that nobody makes at this moment; call it only while no task uses any."""
        count = 0
        for entry in list(self._root.iterdir()):
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            descriptor = os.open(self._root / f".{entry.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if _locked(descriptor):
                    aside = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=self._root))
                    entry.rename(aside / "old")
                    shutil.rmtree(aside, ignore_errors=True)
                    count += 1
            finally:
                os.close(descriptor)
        return count

    @asynccontextmanager
    async def _lock(self, name: str) -> AsyncIterator[None]:
        """Hold the lock file of one folder; waiting does not block the loop, and a dead holder holds nothing."""
        descriptor = os.open(self._root / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _locked(descriptor):  # noqa: ASYNC110 - another process holds it and rings no bell
                await asyncio.sleep(_POLL)
            yield
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
