"""Folders and files that only the hub's own user can open (W-58)."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, all 0700."""
    try:
        path.mkdir(mode=0o700)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise


def write_file(path: Path, content: bytes) -> None:
    """Write a file, 0600 when it is new."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file in one step, so that nobody sees half of it; several workers may do so at once."""
    fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    write_file(fresh, content)
    fresh.chmod(mode)
    fresh.replace(path)
