"""Finds the files that a template's patterns name, below the working directory and nowhere else."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

MOST_SEEN: Final = 200_000
"""Files that are looked at; a checkout with more is told so."""
_GIT: Final = ".git"


@dataclass(slots=True)
class Matched:
    """Files by their names, in order, and a sentence for each pattern without one."""

    files: dict[str, Path] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def fault_of(pattern: str) -> str:
    """Return why a pattern cannot be used; empty when it can."""
    path = PurePosixPath(pattern)
    if not pattern.strip() or "\0" in pattern or len(pattern) > 300:
        return "a pattern is 1 to 300 characters, such as dist/*.tar.gz"
    if path.is_absolute() or ".." in path.parts or "\\" in pattern:
        return f"“{pattern}” must lie inside the working directory: no leading slash, no “..”, no backslash"
    return ""


def match(root: Path, patterns: Sequence[str]) -> Matched:
    """Look for plain files that fit. Symbolic links are never followed, and none is taken.

    `root` was resolved before the script ran: one that leads elsewhere now was put there by the script.
    """
    if root.resolve() != root:
        return Matched(faults=["No artifacts were kept: the working directory is not the one that the task began in."])
    wanted = {pattern: _parts(pattern) for pattern in patterns}
    found, used = Matched(), set[str]()
    seen = 0
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name != _GIT)
        above = Path(folder).relative_to(root).parts
        for name in sorted(names):
            seen += 1
            if seen > MOST_SEEN:
                found.faults.append(f"Only {MOST_SEEN} files were looked at for artifacts; name a smaller folder.")
                return found
            parts = (*above, name)
            fits = [pattern for pattern, words in wanted.items() if _fits(parts, words)]
            path = Path(folder, name)
            if fits and not path.is_symlink():
                used.update(fits)
                found.files["/".join(parts)] = path
    found.faults += [f"No file fits the artifact pattern “{pattern}”." for pattern in patterns if pattern not in used]
    return found


def _parts(pattern: str) -> tuple[str, ...]:
    """Split a pattern; several `**` in a row are one."""
    parts: list[str] = []
    for part in PurePosixPath(pattern).parts:
        if part != "**" or parts[-1:] != ["**"]:
            parts.append(part)
    return tuple(parts)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Tell whether the path, or a folder above it, fits; `**` stands for any number of folders."""
    at = {0}
    for part in parts:
        at = _closed(at, pattern)
        if len(pattern) in at:
            return True  # a folder above
        at = {after for place in at if _one(part, pattern[place]) for after in _after(place, pattern)}
    return len(pattern) in at


def _closed(at: set[int], pattern: tuple[str, ...]) -> set[int]:
    """Add the places behind a `**` that stands for nothing; at the end of a pattern it stands for something."""
    return at | {place + 1 for place in at if place < len(pattern) - 1 and pattern[place] == "**"}


def _after(place: int, pattern: tuple[str, ...]) -> tuple[int, ...]:
    """Return where a part of the path that fits leads."""
    if pattern[place] != "**":
        return (place + 1,)
    return (place, place + 1) if place == len(pattern) - 1 else (place,)


def _one(part: str, word: str) -> bool:
    return word == "**" or fnmatch.fnmatchcase(part, word)
