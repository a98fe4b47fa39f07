"""A sandbox of bubblewrap: file systems and processes of its own, the system read-only, nothing of the hub in sight."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from hub.worker.isolation.view import View

_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix",
                  "/run/systemd/resolve")  # fmt: skip
_SECONDS: Final = 20.0


def argv(view: View, paths: Iterable[Path] = (), *, network: bool = True) -> list[str]:
    """Return the words to put before a program, which then sees the system, `paths`, and what the view lends."""
    words = [_program() or "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--cap-drop", "ALL"] if os.geteuid() == 0 else ["--unshare-user"]
    if not network:
        words.append("--unshare-net")
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/run", "--dir", "/var/tmp"]  # noqa: S108 - a fresh one
    words += _shown([*_SYSTEM, sys.base_prefix, sys.prefix, *map(str, paths)])
    words += _covered(view.hidden)
    for option, places in (("--ro-bind-try", view.readable), ("--bind-try", view.writable)):
        for place in places:
            words += [option, str(place), str(place)]
    return [*words, "--"]


def _shown(places: Sequence[str]) -> list[str]:
    words = []
    for place in dict.fromkeys(places):
        path = Path(place)
        if path.is_symlink():
            words += ["--symlink", os.readlink(place), place]  # noqa: PTH115 - as it is written, not made absolute
        elif path.exists():
            words += ["--ro-bind", place, place]
    return words


def _covered(hidden: Iterable[Path]) -> list[str]:
    words = []
    for path in hidden:
        if path.is_dir():
            words += ["--tmpfs", str(path)]
        elif path.exists():
            words += ["--ro-bind", os.devnull, str(path)]
    return words


@cache
def _program() -> str | None:
    return shutil.which("bwrap")


@cache
def problem() -> str:
    """Say why there can be no such sandbox here, found by making one; empty when there can."""
    if _program() is None:
        return "the program “bwrap” is not installed"
    words = [*argv(View(hidden=())), "true"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return "the program “bwrap” cannot be run"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"the program “bwrap” says: {said[-1] if said else f'exit code {done.returncode}'}"
