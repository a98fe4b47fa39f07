"""Artifacts of a task: files that it publishes for people, and for the deployments that follow.

The files lie sealed in the blob store under numbers; their names, sizes and digests are a result of kind `artifacts`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import TaskResult
from hub.plugin import Refused
from hub.services import artifacts
from hub.services.actor import Actor
from hub.services.tasks import finish
from hub.services.tasks.read import get_task
from hub.services.tasks.upstream import upstream

KIND = "artifacts"
MOST = 200
"""Files of one task."""
_LONGEST_NAME = 500
_BLOCK = 64 * 1024
_MIB = 1024 * 1024


@dataclass(slots=True)
class Published:
    """What came of publishing: what the task has now, and a sentence for each file that was left out."""

    files: list[dict[str, Any]] = field(default_factory=list)
    added: int = 0
    left_out: list[str] = field(default_factory=list)


async def publish(hub: Hub, task_id: int, files: Mapping[str, Path]) -> Published:
    """Keep files for people, by the names that they will see; what is too much is left out and told."""
    done = Published(await _listed(task_id))
    room = hub.settings.artifact_size * _MIB - sum(one["size"] for one in done.files)
    for name, path in files.items():
        if len(done.files) >= MOST:
            done.left_out.append(f"Not kept: “{name}” and what comes after it, for a task keeps at most {MOST} files.")
            break
        try:
            source = await asyncio.to_thread(_open, path)
        except OSError as error:
            done.left_out.append(f"Not kept: “{name}”, for it cannot be read ({error.strerror}).")
            continue
        if source is None:
            done.left_out.append(f"Not kept: “{name}”, for it is no plain file.")
            continue
        with source.file:
            reason = _unfit(name, source, room, hub.settings.artifact_size)
            if reason:
                done.left_out.append(f"Not kept: “{name}”, {reason}.")
                continue
            await artifacts.keep_numbered(hub, task_id, len(done.files) + 1, source.blocks())
        room -= source.read
        entry = {"id": len(done.files) + 1, "name": name, "size": source.read, "sha256": source.digest.hexdigest()}
        done.files.append(entry)
        done.added += 1
    if done.added:
        await finish.add_own_result(hub, task_id, KIND, {"files": done.files}, replace=True)
    return done


def _unfit(name: str, source: _Source, room: int, limit: int) -> str:
    if not _is_name(name):
        return "for its name is too long or leads elsewhere"
    if source.size > room:
        return f"for the files of a task may take {limit} MiB altogether"
    return ""


def _is_name(name: str) -> bool:
    path = PurePosixPath(name)
    return 0 < len(name) <= _LONGEST_NAME and not path.is_absolute() and ".." not in path.parts and "\0" not in name


@dataclass(slots=True)
class _Source:
    """A file while it is read. What it grows by meanwhile is not."""

    file: BufferedReader
    size: int
    read: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    async def blocks(self) -> AsyncIterator[bytes]:
        left = self.size
        while left and (block := await asyncio.to_thread(self.file.read, min(left, _BLOCK))):
            left -= len(block)
            self.read += len(block)
            self.digest.update(block)
            yield block


def _open(path: Path) -> _Source | None:
    """Open without following any link, nor waiting for somebody to write into a pipe.

    None for what is no plain file of the task. The hub may read more than its tasks may: neither a folder that became a
    link meanwhile nor a second name that a task gave to a file of somebody else counts.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    foreign = found.st_nlink > 1 and found.st_uid != path.parent.stat().st_uid
    if foreign or not stat.S_ISREG(found.st_mode) or not _stands_at(descriptor, path):
        os.close(descriptor)
        return None
    return _Source(os.fdopen(descriptor, "rb"), found.st_size)


def _stands_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one of that path, with no link on the way."""
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink() == path
    except OSError:  # no such place on this system
        return path.resolve() == path


async def listed(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """Return the artifacts of a task in their order; for everybody who may read its log."""
    await get_task(actor, project_id, task_id)
    return await _listed(task_id)


async def opened(
    hub: Hub, actor: Actor, project_id: int, task_id: int, number: int
) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    """Return one artifact and its content; `NotFound` when there is none, or the store has lost it."""
    found = {one["id"]: one for one in await listed(actor, project_id, task_id)}
    if number not in found:
        raise NotFound("There is no such artifact of this task.")
    content = artifacts.open_numbered(hub, task_id, number)
    try:
        first = await anext(content, b"")
    except Refused:
        raise NotFound("This artifact is not in the store of files any more.") from None
    return found[number], _rejoined(first, content)


async def bring(hub: Hub, build_task_id: int | None, folder: Path) -> list[str]:
    """Write the artifacts of the build, and of the deployments between, into a folder; return their names."""
    names: dict[str, None] = {}
    for task_id in reversed(await upstream(build_task_id)):
        for one in await _listed(task_id):
            if not _is_name(one["name"]):
                continue
            target = folder / one["name"]
            try:
                await asyncio.to_thread(_make_parents, target, folder)
            except OSError:
                raise Invalid(f"The artifact “{one['name']}” cannot lie beside another of that name.") from None
            await artifacts.write(artifacts.open_numbered(hub, task_id, one["id"]), target)
            names[one["name"]] = None
    return list(names)


def _make_parents(target: Path, folder: Path) -> None:
    for parent in [*reversed(target.relative_to(folder).parents)]:
        (folder / parent).mkdir(mode=0o700, exist_ok=True)


async def _rejoined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for block in rest:
        yield block


async def _listed(task_id: int) -> list[dict[str, Any]]:
    row = await TaskResult.filter(task_id=task_id, kind=KIND).order_by("-id").first()
    return list(row.data.get("files") or ()) if row else []
