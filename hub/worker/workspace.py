"""Lays out a task: its private folder, the checkout, the inventory file and the environment of its processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.context import Hub
from hub.errors import Invalid
from hub.services.tasks.brief import Brief
from hub.worker.confine import confine


@dataclass(frozen=True, slots=True)
class Folders:
    """The private folder of one run, all 0700."""

    root: Path

    @property
    def checkout(self) -> Path:
        """The task's own working tree."""
        return self.root / "repository"

    @property
    def inventory_checkout(self) -> Path:
        """Working tree of an inventory with a repository of its own."""
        return self.root / "inventory_repository"

    @property
    def workspace(self) -> Path:
        """For the executor's own files."""
        return self.root / "work"

    @property
    def keys(self) -> Path:
        """Key material; made with the first key."""
        return self.root / "keys"

    @property
    def home(self) -> Path:
        """HOME of the task's processes."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the task's processes."""
        return self.root / "tmp"


def make_folders(root: Path) -> Folders:
    """Make the private folder of one run."""
    folders = Folders(root)
    for folder in (root, folders.workspace, folders.home, folders.temporary):
        folder.mkdir(mode=0o700, parents=folder == root)
    return folders


async def remove_folders(folders: Folders) -> None:
    """Remove everything, read-only files of tools included."""
    await asyncio.to_thread(shutil.rmtree, folders.root, onerror=_make_writable)


def _make_writable(function: object, path: str, _: object) -> None:
    folder = Path(path).parent
    try:
        folder.chmod(0o700)
        if Path(path).is_symlink():  # what it points to is none of ours
            Path(path).unlink(missing_ok=True)
            return
        Path(path).chmod(0o700)
        if Path(path).is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)
    except OSError:
        return  # what even its owner may not remove is left for the sweep of the next start


def base_env(hub: Hub, brief: Brief, folders: Folders, *, user: str) -> dict[str, str]:
    """Return the whole environment of the task's processes; the hub's own variables are not in it. W-57."""
    env = {
        "PATH": _path(),
        "HOME": str(folders.home),
        "TMPDIR": str(folders.temporary),
        "LANG": os.environ.get("LANG") or "C.UTF-8",
        "USER": user,
        "LOGNAME": user,
    }
    for name in hub.settings.forwarded_env_vars:
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(brief.env)
    env.update(brief.secret_env)
    env.update(_build_env(brief))
    return env


def _path() -> str:
    """PATH of the hub, and behind it the folder where pip put the tools that came with the hub."""
    own = str(Path(sys.executable).parent)
    parts = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part and part != own]
    return os.pathsep.join([*parts, own])


def _build_env(brief: Brief) -> dict[str, str]:
    if brief.template_type not in {"build", "deploy"}:
        return {}
    env = {"SEMAPHORE_TASK_TYPE": brief.template_type, "SEMAPHORE_TASK_INCOMING_VERSION": brief.incoming_version or ""}
    if brief.template_type == "build":
        env["SEMAPHORE_TASK_TARGET_VERSION"] = brief.version or ""
    return env


def working_directory(brief: Brief, folders: Folders) -> Path:
    """Folder that programs run in: the checkout, or a folder of it. Raises `Invalid`. W-55."""
    if not brief.working_directory:
        return folders.checkout
    folder = confine(folders.checkout, brief.working_directory, what="working directory")
    if not folder.is_dir():
        raise Invalid(f"The repository has no folder {brief.working_directory}.")
    return folder
