"""Tells when the disk that a task works on is full: its own programs often say it badly, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LEAST: Final = 1 << 20
"""Bytes under which nothing of use can be written."""


def full(folder: Path) -> str:
    """Return a sentence when the disk of a folder has no room left; empty when it has."""
    try:
        found = os.statvfs(folder)
    except OSError:  # whatever it is, it is no sign of a full disk
        return ""
    if found.f_bavail * found.f_frsize < _LEAST:
        return "The disk of the task's folder on this worker is full. Free some space and start the task again."
    if found.f_files and not found.f_favail:
        return "The disk of the task's folder on this worker has no room for more files. Remove some, and start again."
    return ""
