"""Large files in a folder on a disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import AsyncIterator, Callable, Sequence
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator
from typing_extensions import TypeVar

from hub.plugin import BlobStore, NotReady, Params, Refused, hookimpl

HUB_API = 1

T = TypeVar("T")

PIECE: Final = 64 * 1024
"""Bytes that `get` hands out at a time."""

_SEGMENT: Final = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]{1,255}"
_NAME: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII)
_MAX_NAME: Final = 1024
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9._-]+/)*[A-Za-z0-9._-]*", re.ASCII)

_INCOMING: Final = "~incoming"  # no name of a blob can contain a tilde
_ABANDONED: Final = 24 * 3600.0
_ATTEMPTS: Final = 5

_WRONG_NAME: Final = (
    "A stored file's name consists of letters, digits, dots, underscores and dashes, with slashes between its parts, "
    "and no part is `.` or `..`."
)
_ABSENT: Final = "There is no stored file of this name."
_CLASH: Final = "This name cannot be stored, because a part of it is a file and another needs it to be a folder."


def _absolute(value: Path) -> Path:
    if not value.is_absolute() or value == Path("/"):
        raise ValueError("Name the folder by an absolute path, and not the root of the file system.")
    return value


class DiskParams(Params):
    """Where the files are."""

    folder: Annotated[Path, AfterValidator(_absolute)]
    """Absolute path of a folder that belongs to the hub alone. Every server and worker must see the same one."""


class DiskStore(BlobStore[DiskParams]):
    """Files below one folder; their paths are the names."""

    name = "disk"
    title = "Disk"
    description = "A folder on a disk of the hub, or on one that all its machines share."
    params_type = DiskParams

    async def put(self, params: DiskParams, name: str, data: AsyncIterator[bytes]) -> int:
        """Write beside the store first, then move into place: readers see the old file or the new one."""
        target = await _on_disk(_path, params.folder, name)
        draft, file = await _on_disk(_begin, params.folder)
        try:
            size = 0
            async for piece in data:
                size += len(piece)
                await _on_disk(file.write, piece)
            await _on_disk(_finish, file, draft, target, params.folder)
        finally:
            _discard(file, draft)
        return size

    async def get(self, params: DiskParams, name: str) -> AsyncIterator[bytes]:
        """Read in pieces. A file that is replaced meanwhile is read to its end as it was."""
        file = await _on_disk(_open, params.folder, name)
        try:
            while piece := await _on_disk(file.read, PIECE):
                yield piece
        finally:
            file.close()

    async def list(self, params: DiskParams, prefix: str) -> AsyncIterator[str]:
        """Walk folder by folder; one folder's names are in memory at a time, not the whole store's."""
        if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")[:-1]):
            raise Refused(_WRONG_NAME)
        waiting = [await _on_disk(_beginning, params.folder, prefix)]
        while waiting:
            entry = waiting.pop()
            if entry and not entry.endswith("/"):
                yield entry
            else:
                inside = await _on_disk(_entries, params.folder, entry)
                waiting.extend(found for found in reversed(inside) if _may_lead(found, prefix))

    async def delete(self, params: DiskParams, name: str) -> None:
        """Remove the file, and folders that became empty with it."""
        await _on_disk(_delete, params.folder, name)


async def _on_disk(work: Callable[..., T], *arguments: object) -> T:
    """Wait for the disk in a thread, and put what goes wrong there into a sentence."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        reason = error.strerror or "an unknown fault"
        raise NotReady(f"The disk store's folder cannot be used just now: {reason}. Check the disk.") from error


def _path(folder: Path, name: str) -> Path:
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise Refused(_WRONG_NAME)
    path = folder / name
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise Refused("This name leads out of the store's folder through a link. Remove the link.")
    return path


def _begin(folder: Path) -> tuple[Path, BufferedWriter]:
    incoming = folder / _INCOMING
    _make_folders(folder, incoming)
    _sweep(incoming)
    draft = incoming / secrets.token_hex(16)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # The buffer's own lock keeps a cancelled `put` from closing the file under a write that still runs in its thread.
    return draft, os.fdopen(os.open(draft, flags, 0o600), "wb")


def _finish(file: BufferedWriter, draft: Path, target: Path, folder: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    for attempt in range(_ATTEMPTS):
        try:
            _make_folders(folder, target.parent)
            draft.replace(target)
        except FileNotFoundError:
            # a `delete` next door removed the folder while it was still empty
            if attempt == _ATTEMPTS - 1:
                raise
        except (NotADirectoryError, FileExistsError, IsADirectoryError):
            raise Refused(_CLASH) from None
        else:
            break
    _sync(target.parent)


def _discard(file: BufferedWriter, draft: Path) -> None:
    with contextlib.suppress(OSError):  # a full disk is what may have brought us here
        file.close()
    with contextlib.suppress(OSError):
        draft.unlink(missing_ok=True)


def _sweep(incoming: Path) -> None:
    """Remove what processes that died in the middle of a `put` left behind."""
    for draft in incoming.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _ABANDONED:
                draft.unlink()


def _make_folders(folder: Path, path: Path) -> None:
    """Make every missing folder private; `mkdir(parents=True)` would leave those between open to others."""
    if path.is_dir():
        return
    if path != path.parent:
        if path == folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            _make_folders(folder, path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # a folder above the store may be closed to us
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(folder: Path, name: str) -> BufferedReader:
    path = _path(folder, name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(_ABSENT) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused(_ABSENT)
    return os.fdopen(descriptor, "rb")


def _entries(folder: Path, below: str) -> Sequence[str]:
    """Name what is in one folder, other folders with a slash at their end: so sorted, the whole walk is in order."""
    found = []
    try:
        with os.scandir(folder / below) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and _NAME.fullmatch(entry.name):
                    found.append(f"{below}{entry.name}/")
                elif entry.is_file(follow_symlinks=False) and _NAME.fullmatch(entry.name):
                    found.append(below + entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return sorted(found)


def _beginning(folder: Path, prefix: str) -> str:
    """Return the folder to begin at: the one that the prefix names, unless a link leads there."""
    named = prefix.rpartition("/")[0]
    return f"{named}/" if named and (folder / named).resolve() == folder.resolve() / named else ""


def _may_lead(entry: str, prefix: str) -> bool:
    return entry.startswith(prefix) or (entry.endswith("/") and prefix.startswith(entry))


def _delete(folder: Path, name: str) -> None:
    path = _path(folder, name)
    if path.is_dir():
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()
    with contextlib.suppress(OSError):  # not empty: somebody else's files are in it
        for parent in path.parents:
            if parent == folder:
                break
            parent.rmdir()


@hookimpl
def hub_blob_stores() -> Sequence[BlobStore]:
    """Offer the one that needs nothing."""
    return [DiskStore()]
