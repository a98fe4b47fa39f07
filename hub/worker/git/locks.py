"""A lock between processes that share a folder of mirrors."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_LONGEST_NAP = 0.25


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[int]:
    """Hold the lock; yields its descriptor, which git inherits so that an orphaned git still holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        nap = 0.005
        while not _taken(descriptor):
            await asyncio.sleep(nap)
            nap = min(nap * 2, _LONGEST_NAP)
        yield descriptor
    finally:
        os.close(descriptor)


def take_now(path: Path) -> int | None:
    """Return the descriptor of the lock when it is free at this moment; closing it frees the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _taken(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
