"""What a killed worker leaves on its machine: processes and private folders, cleared when the next one starts.

Each worker holds a lock on a file named like its node. A file that can be locked belongs to a dead worker; processes of
that node still carry its name in their mark.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from pathlib import Path

from hub.context import Hub
from hub.worker import family

_held: dict[str, int] = {}
"""Lock descriptors of the nodes of this process; the lock ends with the process, whatever ends it."""


def _folder(hub: Hub) -> Path:
    folder = hub.settings.data_dir / "workers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def tasks_folder(hub: Hub) -> Path:
    """Parent of the private folders of this worker's tasks."""
    folder = _tasks_of(hub, hub.node)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _tasks_of(hub: Hub, node: str) -> Path:
    """Short, by the random part of the node's name: sockets below it may not have long paths."""
    return hub.settings.data_dir / "run" / node.rpartition("-")[2]


async def enter(hub: Hub) -> list[str]:
    """Clear after dead workers of this data folder and return their names; then mark this one as alive."""
    folder = _folder(hub)
    dead = []
    for path in sorted(folder.glob("*.lock")):
        node = path.name.removesuffix(".lock")
        descriptor = None if node in _held else _try_lock(path)
        if descriptor is None:
            continue
        await family.end_marked(f"{node}-", 0)
        await asyncio.to_thread(shutil.rmtree, _tasks_of(hub, node), ignore_errors=True)
        dead.append(node)
        path.unlink(missing_ok=True)
        os.close(descriptor)
    _held[hub.node] = await _lock(folder / f"{hub.node}.lock")
    return dead


def leave(hub: Hub) -> None:
    """An orderly end leaves nothing."""
    descriptor = _held.pop(hub.node, None)
    shutil.rmtree(tasks_folder(hub), ignore_errors=True)
    (_folder(hub) / f"{hub.node}.lock").unlink(missing_ok=True)
    if descriptor is not None:
        os.close(descriptor)


async def _lock(path: Path) -> int:
    """Lock our own file. Another worker that starts may lock it for a moment, and remove it as that of a dead one."""
    while True:
        descriptor = _try_lock(path)
        if descriptor is not None:
            if _is_at(descriptor, path):
                return descriptor
            os.close(descriptor)
        await asyncio.sleep(0.01)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
