"""Files that tasks leave for later passes, other tasks and people, in the blob store; sealed, for they hold secrets.

What an executor keeps under a name of its own (`tasks/7/plan`) is for tasks alone. What a task publishes for people has
a number (`tasks/7/files/1`); `hub.services.tasks.files` knows the names.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.plugin import PluginError, Refused
from hub.services import blobs
from hub.services.blobs import store_of
from hub.vault import place

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BLOCK = 64 * 1024


def _blob(task_id: int, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name for an artifact: use letters, digits, dots, dashes and underscores.")
    return blobs.artifact_folder(task_id) + name


def _place(blob: str) -> bytes:
    return place("blob", "data", blob)


async def keep(hub: Hub, task_id: int, name: str, path: Path) -> int:
    """Store a file as an artifact of a task; return how many bytes it takes there."""
    store, params = store_of(hub)
    blob = _blob(task_id, name)
    return await store.put(params, blob, hub.vault.seal_file(_blocks(path), _place(blob)))


async def fetch(hub: Hub, task_ids: Sequence[int | None], name: str, target: Path) -> None:
    """Bring back the artifact of the first of these tasks that has it. Raises `NotFound`."""
    store, params = store_of(hub)
    found = [_blob(task_id, name) for task_id in task_ids if task_id is not None]
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for blob in found:
        try:
            await write(hub.vault.open_file(store.get(params, blob), _place(blob)), target)
        except Refused:
            continue
        return
    raise NotFound(f"There is no artifact named {name}.")


async def small(hub: Hub, task_id: int, name: str, most: int) -> bytes | None:
    """Return a short artifact; None when there is none, or it has more than `most` bytes."""
    store, params = store_of(hub)
    blob, data = _blob(task_id, name), b""
    try:
        async for block in hub.vault.open_file(store.get(params, blob), _place(blob)):
            data += block
            if len(data) > most:
                return None
    except Refused:
        return None
    return data


async def keep_numbered(hub: Hub, task_id: int, number: int, blocks: AsyncIterator[bytes]) -> None:
    """Store what a task publishes as its file of that number."""
    store, params = store_of(hub)
    blob = _numbered(task_id, number)
    await store.put(params, blob, hub.vault.seal_file(blocks, _place(blob)))


def open_numbered(hub: Hub, task_id: int, number: int) -> AsyncIterator[bytes]:
    """Read what a task has published, piece by piece. Raises `Refused` at the first piece when there is none."""
    store, params = store_of(hub)
    blob = _numbered(task_id, number)
    return hub.vault.open_file(store.get(params, blob), _place(blob))


def _numbered(task_id: int, number: int) -> str:
    return f"tasks/{task_id}/files/{number}"


async def forget(hub: Hub, task_id: int) -> None:
    """Delete the artifacts and the archived log of a deleted task.

    A store that is away keeps them for now, which is no reason to fail: what belongs to no task is cleared away later.
    """
    try:
        await blobs.clear(hub, [blobs.artifact_folder(task_id), blobs.log_folder(task_id)])
    except PluginError as error:
        logger.warning("The files of task %s could not be deleted: %s", task_id, error)


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, _BLOCK):
            yield block


async def write(blocks: AsyncIterator[bytes], target: Path) -> None:
    """Write a file of our own, readable by nobody else, all or nothing."""
    fresh = target.with_name(target.name + ".part")
    fresh.touch(mode=0o600)
    with fresh.open("wb") as file:
        async for block in blocks:
            await asyncio.to_thread(file.write, block)
    fresh.replace(target)
