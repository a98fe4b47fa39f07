"""The worker's shared cache: folders that are made once, then only read, and removed when long unused.

Each folder has a lock file beside it, whose time is that of its last use. Who makes or removes the folder holds it
alone, who uses it holds it together with others; a lock ends with its process, whatever ends that.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from hub.errors import Invalid

_POLL = 0.05  # seconds; a thread blocked in flock could not be cancelled
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class SharedFolders:
    """Folders by digest. Two tasks that want the same one make it once, also when they are in two processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def folder(
        self,
        name: str,
        fill: Callable[[Path], Awaitable[None]],
        held: ExitStack | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> Path:
        """Return the folder of that name; `fill` makes it when there is none. Nothing is kept when it raises.

        Until `held` is closed, nobody removes it. `waiting` is called while somebody else makes it, and may raise.
        """
        if not _NAME.fullmatch(name):
            raise Invalid(f"{name!r} is no name for a shared folder.")
        target = self._root / name
        while True:
            lock = self._lock(name, fcntl.LOCK_SH)
            if lock is not None and target.is_dir():
                os.utime(lock)
                if held is None:
                    os.close(lock)
                else:
                    held.callback(os.close, lock)
                return target
            if lock is not None:
                os.close(lock)
                lock = self._lock(name, fcntl.LOCK_EX)
            if lock is None:
                waiting()
                await asyncio.sleep(_POLL)
                continue
            try:
                if not target.is_dir():
                    await self._make(target, fill)
                os.utime(lock)
            finally:
                os.close(lock)

    async def _make(self, target: Path, fill: Callable[[Path], Awaitable[None]]) -> None:
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=self._root))
        try:
            await fill(fresh)
            await asyncio.to_thread(fresh.rename, target)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def clear(self, days: float = 0) -> int:
        """Remove what nobody has used for so many days, and return how many folders that were.

        What is used or made at this moment stays, and what a killed worker left half made goes.
        """
        before = time.time() - days * 86400
        return sum(self._clear(name, before) for name in sorted(set(self._names())))

    def _names(self) -> Iterator[str]:
        """Names of folders, of lock files `.name.lock`, and of what was not finished: `.name.xxxxxxxx`."""
        for entry in list(self._root.iterdir()):
            yield entry.name[1:].rpartition(".")[0] if entry.name.startswith(".") else entry.name

    def _clear(self, name: str, before: float) -> bool:
        lock = self._lock(name, fcntl.LOCK_EX)
        if lock is None:
            return False
        try:
            for half in self._root.glob(f".{name}.????????"):
                shutil.rmtree(half, ignore_errors=True)
            target = self._root / name
            old = target.is_dir() and os.fstat(lock).st_mtime <= before
            if old:
                aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=self._root))
                target.rename(aside / "old")
                shutil.rmtree(aside, ignore_errors=True)
            if not target.exists():
                (self._root / f".{name}.lock").unlink(missing_ok=True)
            return old
        finally:
            os.close(lock)

    def _lock(self, name: str, how: int) -> int | None:
        """Return a descriptor that holds the lock of one folder; None when somebody else does."""
        path = self._root / f".{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):  # held by somebody, or just removed with its folder
            pass
        os.close(descriptor)
        return None
