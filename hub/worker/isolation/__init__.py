"""Keeps the programs of a task away from the hub's own files, from other tasks, and within limits."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from hub.errors import Invalid, SettingsError
from hub.services.limits import Limits, told
from hub.settings import Settings
from hub.worker.isolation import bubblewrap, landlock, launch, owner
from hub.worker.isolation.owner import Owner
from hub.worker.isolation.view import View

logger = logging.getLogger(__name__)

Kind = Literal["none", "landlock", "bubblewrap"]

_MIB: Final = 1 << 20
_BY_SIGNAL: Final = 128
_LAUNCHER: Final = (sys.executable, "-I", "-S", str(Path(launch.__file__)))


@dataclass(frozen=True, slots=True)
class Cell:
    """What the programs of one task are started in."""

    kind: Kind
    view: View
    limits: Limits = field(default_factory=Limits)
    user: Owner | None = None
    tools: tuple[Path, ...] = ()
    """Further folders that a sandbox shows."""

    @property
    def wraps(self) -> bool:
        """True when the process that the hub starts is not the program, but one around it."""
        return self.kind == "bubblewrap"

    def lending(self, *, writable: tuple[Path, ...] = (), readable: tuple[Path, ...] = ()) -> Cell:
        """Return a cell from which these can be used as well."""
        return replace(self, view=self.view.lending(writable=writable, readable=readable))

    def start(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], **given: Any) -> subprocess.Popen[bytes]:
        """Start a program; raises what `Popen` does."""
        words, user = list(argv), self.user
        set_limits = _resource_limits(self.limits)
        if set_limits or self.wraps:
            _check_found(words[0], cwd, env)
        if set_limits:
            asked = {"limits": set_limits, "user": (user.uid, user.gid) if user else None}
            words, user = [*_LAUNCHER, json.dumps(asked), *self._wrapped(words)], None
        else:
            words = self._wrapped(words)
        if user is not None:
            given |= {"user": user.uid, "group": user.gid, "extra_groups": []}

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(words, cwd=cwd, env=env, **given)

        return landlock.restricted(self.view, start) if self.kind == "landlock" else start()

    def _wrapped(self, words: list[str]) -> list[str]:
        if not self.wraps:
            return words
        return [*bubblewrap.argv(self.view, self.tools, network=self.limits.network), *words]

    def prepare(self, *roots: Path) -> None:
        """Let the programs use what the hub has made below these folders. Blocking."""
        if self.user is not None:
            self.user.take(*roots)

    def hint(self, code: int) -> str:
        """Say which limit has ended a program; empty where none has."""
        ended = -code if code < 0 else code - _BY_SIGNAL  # a shell tells of a signal by a larger code
        if ended == signal.SIGXFSZ and self.limits.file_size_mib:
            return f"It was ended: it wrote a file of more than its limit of {self.limits.file_size_mib} MiB."
        if ended == signal.SIGXCPU and self.limits.cpu_seconds:
            return f"It was ended: it used more than its limit of {self.limits.cpu_seconds} s of processor time."
        return ""

    def suspicion(self) -> str:
        """Name the limits, for a task that failed: most programs say in their own words that they met one."""
        words = told(self.limits)
        return f"It ran with limits, and may have met one: {words}." if words else ""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What this worker can do, and is to do."""

    kind: Kind
    hidden: tuple[Path, ...]
    common: Limits
    user: Owner | None
    tools: tuple[Path, ...]
    open: tuple[Path, ...] = ()
    """Folders of the hub's that every task may use."""

    async def cell(self, private: Path, wanted: Limits, borrowed: Iterable[Path] = ()) -> Cell:
        """Return what a task runs in. Raises `Invalid` when its template wants what this worker does not have."""
        kind = self.kind
        if wanted.sandbox == "bubblewrap" and kind != "bubblewrap":
            if trouble := bubblewrap.problem():
                raise Invalid(f"The template wants its tasks in a sandbox, which this worker cannot make: {trouble}.")
            kind = "bubblewrap"
        limits = wanted.within(self.common)
        if not limits.network and kind != "bubblewrap":
            raise Invalid("The template wants its tasks without a network, which takes the sandbox of bubblewrap.")
        lent = tuple(borrowed)
        if self.user is not None:
            for folder in lent:
                await asyncio.to_thread(self.user.let_read, folder)
        view = View(self.hidden, (*_real([private]), *self.open), _real(lent))
        return Cell(kind, view, limits, self.user, self.tools)

    @property
    def user_name(self) -> str:
        """Name of the user that programs run as."""
        return self.user.name if self.user else pwd.getpwuid(os.geteuid()).pw_name

    def open_ways(self, data: Path, passages: Iterable[Path]) -> None:
        """Let another user through to what is lent to it."""
        if self.user is not None:
            self.user.open_ways(data, passages)

    def told(self) -> str:
        """Say what is in force, for the log of the worker."""
        way = {"landlock": "by Landlock", "bubblewrap": "by a sandbox of bubblewrap"}.get(self.kind, "")
        who = f"as the user {self.user.name}" if self.user else "as the hub's own user"
        if not way and self.user is None:
            return (
                "Nothing keeps tasks from reading the files of the hub: they run as its user, and neither Landlock nor "
                "bubblewrap is used. Set HUB_TASK_USER or HUB_SANDBOX, or keep the hub to people that you trust."
            )
        return f"Tasks run {who}{', kept from the files of the hub ' + way if way else ''}."

    @property
    def named(self) -> str:
        """Name what is in force, for the list of workers; `none` when nothing is."""
        ways = [*([] if self.kind == "none" else [self.kind]), *([f"user {self.user.name}"] if self.user else [])]
        return ", ".join(ways) or "none"

    def tell(self) -> None:
        """Log what is in force."""
        level = logging.WARNING if self.kind == "none" and self.user is None else logging.INFO
        logger.log(level, "%s", self.told())


def keep_to_itself() -> None:
    """Make what this process writes private, and close the process itself to others of the same user."""
    os.umask(0o077)
    landlock.forbid_looking_in()


def decide(settings: Settings, *, open_folders: Iterable[Path] = ()) -> Isolation:
    """Find out what this machine offers, against what is wanted. Raises `SettingsError` with what to do."""
    wanted = settings.sandbox
    if wanted == "landlock" and not landlock.version():
        raise SettingsError("HUB_SANDBOX is landlock, and the kernel of this machine has none. Set it to bubblewrap.")
    if not settings.sandbox_network and wanted != "bubblewrap":
        raise SettingsError("HUB_SANDBOX_NETWORK is false, which takes HUB_SANDBOX=bubblewrap; set that as well.")
    if wanted == "bubblewrap" and (trouble := bubblewrap.problem()):
        raise SettingsError(f"HUB_SANDBOX is bubblewrap, which cannot be used here: {trouble}.")
    kind: Kind = ("landlock" if landlock.version() else "none") if wanted == "auto" else wanted
    return Isolation(
        kind=kind,
        hidden=_hidden(settings),
        common=Limits.of(settings),
        user=owner.find(settings.task_user),
        tools=settings.sandbox_paths,
        open=_real(open_folders),
    )


def _real(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(Path(os.path.realpath(path)) for path in paths)


def _hidden(settings: Settings) -> tuple[Path, ...]:
    """Return everything that no task may see, as real paths, without what is hidden with its folder anyway."""
    named = [settings.data_dir, *settings.hidden_paths]
    if settings.tls_key is not None:
        named.append(settings.tls_key)
    if settings.embedded_database:
        file = settings.database.removeprefix("sqlite://").partition("?")[0]
        named += [Path(f"{file}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
    real = sorted({Path(os.path.realpath(path)) for path in named})
    return tuple(path for path in real if not any(other in path.parents for other in real))


_NUMBERS: Final[Mapping[str, tuple[str, int]]] = {
    "memory_mib": ("RLIMIT_AS", _MIB),
    "processes": ("RLIMIT_NPROC", 1),
    "file_size_mib": ("RLIMIT_FSIZE", _MIB),
    "open_files": ("RLIMIT_NOFILE", 1),
    "cpu_seconds": ("RLIMIT_CPU", 1),
}


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        name: getattr(limits, member) * unit for member, (name, unit) in _NUMBERS.items() if getattr(limits, member)
    }


def _check_found(program: str, cwd: Path, env: Mapping[str, str]) -> None:
    """Raise what starting the program itself would: behind a launcher it would only be an exit code."""
    if "/" in program:
        path = cwd / program
        if not path.exists():
            raise FileNotFoundError(2, os.strerror(2), program)
        if not os.access(path, os.X_OK):
            raise PermissionError(13, os.strerror(13), program)
    elif shutil.which(program, path=env.get("PATH", os.defpath)) is None:
        raise FileNotFoundError(2, os.strerror(2), program)
