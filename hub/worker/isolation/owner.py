"""Lets the programs of tasks run as a user of their own, who is nobody to the hub's files."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.errors import SettingsError

_PASSAGE: Final = 0o711
"""Others may go through, but not look around."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that programs run as."""

    name: str
    uid: int
    gid: int

    def open_ways(self, data: Path, passages: Iterable[Path]) -> None:
        """Let the user pass through the data folder to what is lent, and close everything else in it."""
        ways = set(passages)
        for entry in list(data.iterdir()):
            if entry not in ways and not entry.is_symlink():
                entry.chmod(entry.stat().st_mode & 0o700)
        for way in (data, *ways):
            way.mkdir(mode=0o700, parents=True, exist_ok=True)
            way.chmod(_PASSAGE)
        self._check_reaches(data)

    def _check_reaches(self, folder: Path) -> None:
        """Raise `SettingsError` when a folder above does not let the user through."""
        words = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        done = subprocess.run(
            words, user=self.uid, group=self.gid, extra_groups=[], cwd="/", env={}, capture_output=True, check=False
        )
        if done.returncode:
            raise SettingsError(
                f"The user {self.name}, whom HUB_TASK_USER names, cannot get to {folder}. Let others pass through the "
                "folders above it (chmod o+x), or move the data folder."
            )

    def take(self, *roots: Path) -> None:
        """Give the user what the hub has made below these folders.

        A program of the task may have put things there. So nothing is followed, and what may be a second name of a file
        elsewhere stays as it is.
        """
        for root in roots:
            with contextlib.suppress(OSError):
                self._take_one(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
            for _, _, files, folder in os.fwalk(root, follow_symlinks=False):
                self._take_one(os.dup(folder))
                for name in files:
                    self._take_file(name, folder)

    def _take_file(self, name: str, folder: int) -> None:
        with contextlib.suppress(OSError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if found.st_uid != os.geteuid():
                return
            if stat.S_ISSOCK(found.st_mode):
                os.chown(name, self.uid, self.gid, dir_fd=folder, follow_symlinks=False)
            elif stat.S_ISREG(found.st_mode):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                self._take_one(os.open(name, flags, dir_fd=folder))

    def _take_one(self, descriptor: int) -> None:
        try:
            found = os.fstat(descriptor)
            alone = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            if found.st_uid == os.geteuid() and alone:
                os.fchown(descriptor, self.uid, self.gid)
        finally:
            os.close(descriptor)

    def let_read(self, folder: Path) -> None:
        """Let the user's group read a folder of the hub's with all below it, and pass through the one above."""
        folder.parent.chmod(_PASSAGE)
        for _, _, files, here in os.fwalk(folder):
            os.fchown(here, -1, self.gid)
            os.fchmod(here, 0o750)
            for name in files:
                with contextlib.suppress(FileNotFoundError):  # git tidies up meanwhile
                    os.chown(name, -1, self.gid, dir_fd=here, follow_symlinks=False)
                    os.chmod(name, 0o440, dir_fd=here)


def find(name: str) -> Owner | None:
    """Return the user that tasks run as; None for the hub's own. Raises `SettingsError`."""
    if not name:
        return None
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise SettingsError(f"HUB_TASK_USER names {name!r}, and this machine has no such user. Add one.") from None
    if found.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise SettingsError(
            f"HUB_TASK_USER names {name!r}, but only root can run programs as another user. "
            "Start the worker as root, or leave the setting out."
        )
    return Owner(name, found.pw_uid, found.pw_gid)
