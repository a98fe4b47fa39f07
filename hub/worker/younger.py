"""Which processes can have been born since a moment, told by their numbers: to look at all of a machine takes long.

The kernel gives numbers one after the other, leaves out those in use, and begins anew at the largest. So until it can
have come there, whoever is younger has a greater number.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

_PIECE = 1 << 16


class Since:
    """A moment."""

    def __init__(self) -> None:
        self._births = _births()
        self._last, self._used = _numbers()

    def among(self, pids: Iterable[int]) -> Iterable[int]:
        """Leave out those that are older for certain; all of them stay where nothing is certain."""
        births = _births()
        if not self._births or not births or not self._last:
            return pids
        if self._last + self._used + births - self._births >= _largest():
            return pids
        return [pid for pid in pids if pid > self._last]


def _births() -> int:
    """Processes and threads that the machine has started since it was; 0 where it does not tell."""
    _, _, after = _read("/proc/stat").partition(b"\nprocesses ")
    return int(after.split(maxsplit=1)[0]) if after else 0


def _numbers() -> tuple[int, int]:
    """The number given last, as this process sees it, and how many are in use at most."""
    words = _read("/proc/loadavg").split()
    if len(words) != 5:
        return 0, 0
    return int(words[4]), int(words[3].partition(b"/")[2])


@cache
def _largest() -> int:
    return int(_read("/proc/sys/kernel/pid_max") or 0)


def _read(path: str) -> bytes:
    """Read a file of /proc whole; empty where there is none. It is done for each program, so without what Path adds."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return b"".join(iter(lambda: os.read(descriptor, _PIECE), b""))
    except OSError:
        return b""
    finally:
        os.close(descriptor)
