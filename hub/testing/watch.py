"""Noticing what the code under test writes, and where, through Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

# Event: positions of the paths that it changes, position of their `dir_fd` if it has one.
_CHANGES: Final[dict[str, tuple[tuple[int, ...], int | None]]] = {
    "os.link": ((1,), 3),
    "os.mkdir": ((0,), 2),
    "os.remove": ((0,), 1),
    "os.rename": ((0, 1), 3),
    "os.rmdir": ((0,), 1),
    "os.symlink": ((1,), 2),
    "os.truncate": ((0,), None),
}


@dataclass(slots=True)
class _Watch:
    allowed: tuple[str, ...]
    seen: list[str] = field(default_factory=list)

    def look(self, event: str, details: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = details
            if isinstance(flags, int) and flags & _WRITING:
                self.judge(path, None)
        elif event in _CHANGES:
            positions, folder = _CHANGES[event]
            for position in positions:
                self.judge(details[position], None if folder is None else details[folder])

    def judge(self, path: object, folder: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not text.startswith("/"):
            text = f"/proc/self/fd/{folder}/{text}"
        # The parent is resolved and not the path itself: removing a link changes the folder that it is in.
        folder_of, name = os.path.split(text)
        real = os.path.join(os.path.realpath(folder_of or "."), name)  # noqa: PTH118 - Path drops dots, which count here
        within = any(real == each or real.startswith(each + os.sep) for each in self.allowed)
        if not within and "__pycache__" not in real and not real.startswith("/dev/"):
            self.seen.append(real)


_watches: Final[list[_Watch]] = []
_state: Final = {"hooked": False}


def _hear(event: str, details: tuple[Any, ...]) -> None:
    for watch in _watches:
        watch.look(event, details)


@contextmanager
def writes_outside(*allowed: Path) -> Iterator[Sequence[str]]:
    """Yield a list that fills with every path outside of `allowed` that this process writes, makes or removes."""
    if not _state["hooked"]:
        # An audit hook can never be taken out again; without a watch it returns at once.
        sys.addaudithook(_hear)
        _state["hooked"] = True
    watch = _Watch(tuple(os.path.realpath(each) for each in allowed))
    _watches.append(watch)
    try:
        yield watch.seen
    finally:
        _watches.remove(watch)
