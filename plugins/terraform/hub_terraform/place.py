"""The folder that a configuration is in, and the files that come and go there while it is planned."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hub.plugin import TaskView
from hub_terraform.unfit import Unfit

OVERRIDE: Final = "hub_backend_override.tf"
_HTTP: Final = '# Written by the hub for this task alone.\nterraform {\n  backend "http" {}\n}\n'
_NEVER_FOLDERS: Final = frozenset({".git", ".terraform", ".terragrunt-cache"})
_MOST: Final = 256 << 20
"""Bytes of files that are carried from the plan to its application."""

Seen = Mapping[str, tuple[int, int]]


def folder_of(task: TaskView) -> Path:
    """Return the folder with the configuration. W-55."""
    if task.repository is None:
        raise Unfit("This template has no repository; choose the one that holds the configuration.")
    root = task.repository.path.resolve()
    folder = (root / task.working_directory / task.script.strip().lstrip("/")).resolve()
    if not folder.is_relative_to(root):
        raise Unfit(f"The folder “{task.script}” is outside of the repository.")
    if not folder.is_dir():
        raise Unfit(f"The repository has no folder “{task.script}”; name the one that holds the configuration.")
    return folder


def override_backend(folder: Path) -> None:
    """Choose the `http` backend with a file that is merged over the others. W-15."""
    write_private(folder / OVERRIDE, _HTTP)


def look(root: Path) -> Seen:
    """Return every file that a plan could have made or changed."""
    seen = {}
    for parent, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one not in _NEVER_FOLDERS]
        for name in files:
            path = os.path.join(parent, name)  # noqa: PTH118 - hot, and Path is slow
            if name == OVERRIDE or ".tfstate" in name or not stat.S_ISREG((told := os.lstat(path)).st_mode):
                continue
            seen[os.path.relpath(path, root)] = (told.st_mtime_ns, told.st_size)
    return seen


def pack(root: Path, before: Seen, target: Path) -> bool:
    """Pack what was made or changed since: the lock file of providers, archives of code. False for nothing."""
    now = look(root)
    changed = [name for name, mark in now.items() if before.get(name) != mark]
    if not changed:
        return False
    if sum(now[name][1] for name in changed) > _MOST:
        raise Unfit("The plan made more than 256 MiB of files in the repository, too many to carry to its application.")
    import tarfile  # noqa: PLC0415 - few plans have anything to carry

    target.touch(mode=0o600)
    with tarfile.open(target, "w:gz", compresslevel=1) as tar:
        for name in sorted(changed):
            tar.add(root / name, arcname=name, recursive=False)
    return True


def unpack(packed: Path, root: Path) -> None:
    """Put them back."""
    import tarfile  # noqa: PLC0415 - few plans have anything to carry

    with tarfile.open(packed) as tar:
        tar.extractall(root, filter="data")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_state(data: Path, folder: Path, root: Path) -> Path | None:
    """Return the file of the state when it lies in the task's own copy of the repository, which goes with the task."""
    try:
        backend: Any = json.loads((data / "terraform.tfstate").read_text("utf-8")).get("backend")
    except (OSError, ValueError):
        backend = None
    found: dict[str, Any] = backend if isinstance(backend, dict) else {"type": "local"}
    if found.get("type") != "local":
        return None
    path = (folder / ((found.get("config") or {}).get("path") or "terraform.tfstate")).resolve()
    return path if path.is_relative_to(root) else None


def write_private(path: Path, text: str) -> None:
    """Write a new file that nobody else can read, in place of an earlier one."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
