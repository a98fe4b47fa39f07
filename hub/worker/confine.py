"""Keeps paths that people name inside the folder that they belong to (W-55)."""

from __future__ import annotations

from pathlib import Path

from hub.errors import Invalid


def confine(root: Path, relative: str, *, what: str) -> Path:
    """Return the resolved path of `relative` below `root`, or raise `Invalid`; `what` names it: "playbook"."""
    if "\x00" in relative or any(0xD800 <= ord(letter) <= 0xDFFF for letter in relative):
        raise Invalid(f"The {what} has a character that no file name can have. Correct the path.")
    if not relative.strip():
        raise Invalid(f"The {what} is empty. Give a path inside the repository.")
    given = Path(relative)
    if given.is_absolute() or ".." in given.parts:
        raise Invalid(
            f"The {what} must be a path inside the repository, without “..” and a leading slash: {relative!r}."
        )
    base = root.resolve()
    try:
        resolved = (base / given).resolve()
    except (OSError, RuntimeError):  # a loop of symbolic links
        raise Invalid(f"The {what} cannot be followed to a file: {relative!r}. Check its symbolic links.") from None
    if not resolved.is_relative_to(base):
        raise Invalid(f"The {what} leads out of the repository through a symbolic link: {relative!r}.")
    return resolved


def inside(root: Path, path: Path) -> bool:
    """Tell whether a path leads to something below `root`, whatever links are on the way."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of symbolic links
        return False
