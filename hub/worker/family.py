"""Finds and ends every process that a program of a task has started, wherever it has hidden.

A process belongs to the family of a run when it

- has `HUB_RUN=<marker>` in the environment it was started with,
- is in the session or process group of the leader, or in a session that a member has opened,
- or descends from the leader or from a member, as far as the parents are still there to tell.

So leaving the group (`setsid`), forking twice or wiping the environment alone does not help it. What can still escape
is a process that has done all of that at once and lost its parent before anybody looked, or that has left the session
and made itself unreadable for its own user as ssh-agent does. `end_inside` finds some of them by the folder they work
in; beyond that only control groups help.

All of this needs `/proc`; on a system without it the leader's process group is ended and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hub.worker.younger import Since

MARK = "HUB_RUN"
"""Environment variable by which the processes of a run are found again."""

PATIENCE = 30.0
"""Seconds to go on killing before giving up on processes that hang in the kernel."""

_MARKER = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
_HAS_PROC = Path("/proc/self/stat").exists()
_FIRST_PAUSE, _LAST_PAUSE = 0.002, 0.1
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    group: int
    session: int
    born: int
    """Ticks after boot; with the pid it names one process for good, although pids are used again."""
    alive: bool


def check_marker(marker: str) -> str:
    """Return the marker if it can stand in an environment unchanged; raise ValueError otherwise."""
    if not _MARKER.fullmatch(marker):
        raise ValueError("A marker consists of 1 to 200 letters, digits and . _ : / - only.")
    return marker


def members(marker: str, leader_pid: int) -> set[int]:
    """Return the pids of all living processes of this run, the leader included. Empty on a system without /proc."""
    return set(_of_run(marker, leader_pid).living()) if _HAS_PROC else set()


async def end(
    marker: str, leader_pid: int, grace: float, *, wrapped: bool = False, since: Since | None = None
) -> set[int]:
    """End the whole family: TERM, `grace` seconds, then KILL until none is left. Return those that could not be ended.

    A `wrapped` program's leader is the sandbox around it, which would end the program with it: it gets no TERM.

    Stopped processes are woken, so that they can act on the TERM. With no grace there is no TERM. Those left over
    belong to another user (after sudo, say) or hang in the kernel. `since` is a moment before the leader was started.
    """
    if not _HAS_PROC:
        return await _end_group(leader_pid, grace)
    return await _end(_of_run(marker, leader_pid, since), grace, spared=leader_pid if wrapped else 0)


def interrupt_wrapped(leader_pid: int) -> None:
    """Send INT to the program inside of a sandbox: the leader watches, its child reaps, and the child of that works."""
    table = _table()
    pid = leader_pid
    for _level in range(2):
        pid = min((one.pid for one in table.values() if one.parent == pid), default=0)
    if pid:
        _send(pid, table[pid].born, signal.SIGINT)


async def end_marked(prefix: str, grace: float = 10.0) -> set[int]:
    """End the leftovers of a killed server: all processes whose marker starts with `prefix`, and their families.

    Let the prefix end with a separator, or `hub/1` also ends what belongs to `hub/12`.
    """
    mark = f"\0{MARK}={check_marker(prefix)}".encode()
    if not _HAS_PROC:
        return set()
    return await _end(_Search(lambda pid: mark in _environment(pid)), grace)


async def end_inside(folder: Path, grace: float = 10.0, since: Since | None = None) -> set[int]:
    """End all processes that work in `folder` or below. For the private folder of a task that is over.

    Nobody older than `since` is looked at: a moment before there was such a folder.

    Finds what no marker finds: the ssh control master, for one, writes its title over its environment.
    """
    if not _HAS_PROC:
        return set()
    root = os.path.realpath(folder)  # noqa: ASYNC240  # once, on a local disk
    if not any(_works_in(pid, root) for pid in _pids(since)):
        return set()  # so it is nearly always, and this is a third of the cost of a search
    return await _end(_Search(lambda pid: _works_in(pid, root), since=since), grace)


def kill(marker: str, leader_pid: int) -> None:
    """Send KILL to the whole family at once and return without waiting for the end."""
    if not _HAS_PROC:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader_pid, signal.SIGKILL)
        return
    search = _of_run(marker, leader_pid)
    for pid, born in search.living().items():
        _send(pid, born, signal.SIGKILL)


class _Search:
    """Recognises the members of one family, and remembers them: a child stays known when its parent is gone."""

    def __init__(self, belongs: Callable[[int], bool], leader: int = 0, since: Since | None = None) -> None:
        self._belongs = belongs
        self._after = since
        self._leader = leader
        self._known: dict[int, int] = {}
        first = _process(leader) if leader else None
        self._since = first.born if first else 0

    def living(self) -> dict[int, int]:
        """Return pid and birth of every member that is alive now, the oldest first, so that parents are told first."""
        table = _table(self._after)
        found = {pid for pid, born in self._known.items() if pid in table and table[pid].born == born}
        found |= {process.pid for process in table.values() if self._is_seed(process, found)}
        self._add_kin(table, found)
        for pid in found:
            self._known[pid] = table[pid].born
            _bury(table[pid], self._leader)
        alive = sorted((table[pid].born, pid) for pid in found if table[pid].alive)
        return {pid: born for born, pid in alive}

    def _is_seed(self, process: _Process, found: set[int]) -> bool:
        if process.pid in found or process.born < self._since or process.pid in (1, os.getpid()):
            return False
        if self._leader and self._leader in (process.pid, process.group, process.session):
            return True
        return process.alive and self._belongs(process.pid)

    def _add_kin(self, table: dict[int, _Process], found: set[int]) -> None:
        """Add the descendants of those found, and all that share a session which one of them has opened."""
        ours = os.getsid(0)
        grown = -1
        while grown != len(found):
            grown = len(found)
            sessions = {table[pid].session for pid in found} - {0, 1, ours}
            found |= {
                process.pid
                for process in table.values()
                if (process.parent in found or process.session in sessions) and process.pid not in (1, os.getpid())
            }


def _of_run(marker: str, leader_pid: int, since: Since | None = None) -> _Search:
    mark = f"\0{MARK}={check_marker(marker)}\0".encode()
    return _Search(lambda pid: mark in _environment(pid), leader_pid, since)


async def _end(search: _Search, grace: float, *, spared: int = 0) -> set[int]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    told: set[tuple[int, int]] = set()
    pause = _FIRST_PAUSE
    while living := search.living():
        late = loop.time() - deadline
        if late >= PATIENCE:
            return set(living)
        if late >= 0:
            allowed = [_send(pid, born, signal.SIGKILL) for pid, born in living.items()]
            if not any(allowed):
                return set(living)
        else:
            for pid, born in living.items():
                if (pid, born) not in told and pid != spared:
                    told.add((pid, born))
                    _send(pid, born, signal.SIGTERM)
                    _send(pid, born, signal.SIGCONT)
        await asyncio.sleep(pause if late >= 0 else min(pause, -late))
        pause = min(pause * 2, _LAST_PAUSE)
    return set()


async def _end_group(leader_pid: int, grace: float) -> set[int]:
    """The best that can be done without /proc. The group is killed as soon as its leader is dead."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if grace > 0 and not _dead(leader_pid):
            os.killpg(leader_pid, signal.SIGTERM)
            os.killpg(leader_pid, signal.SIGCONT)
        while loop.time() < deadline and not _dead(leader_pid):  # noqa: ASYNC110  # nothing here could set an event
            await asyncio.sleep(_LAST_PAUSE)
        os.killpg(leader_pid, signal.SIGKILL)
    return set()


def _dead(child: int) -> bool:
    try:
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        os.kill(child, 0)
    except (ChildProcessError, ProcessLookupError):
        return True
    return False


def _send(pid: int, born: int, number: signal.Signals) -> bool:
    """Signal the very process that was born then, never a later one of the same pid. False when not permitted."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):  # an old kernel, or no descriptor left
        pidfd = -1
    try:
        process = _process(pid)
        if process is None or process.born != born:
            return True
        if pidfd >= 0:
            signal.pidfd_send_signal(pidfd, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    finally:
        if pidfd >= 0:
            os.close(pidfd)
    return True


def _bury(process: _Process, leader: int) -> None:
    """Reap a dead member that fell to us, the first process of a container. The leader is reaped by its run."""
    if not process.alive and process.parent == os.getpid() and process.pid != leader:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)


def _table(since: Since | None = None) -> dict[int, _Process]:
    found = (_process(pid) for pid in _pids(since))
    return {process.pid: process for process in found if process}


def _pids(since: Since | None = None) -> Iterable[int]:
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208  # hot, and Path is slow
    return pids if since is None else since.among(pids)


def _process(pid: int) -> _Process | None:
    data = _read(f"/proc/{pid}/stat")
    # The second field is the name in parentheses and may itself hold spaces and parentheses.
    fields = data[data.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None
    # A dead first thread with others still running is no dead process.
    alive = fields[0] not in (b"Z", b"X") or int(fields[17]) > 1
    return _Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]), alive)


def _environment(pid: int) -> bytes:
    return b"\0" + _read(f"/proc/{pid}/environ")


def _works_in(pid: int, root: str) -> bool:
    try:
        place = os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)")  # noqa: PTH115  # Path drops nothing, costs more
    except OSError:
        return False
    return place == root or place.startswith(root + "/")


def _read(path: str) -> bytes:
    """Read a file of /proc; empty when the process is gone or belongs to somebody else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = part = os.read(descriptor, _PIECE)
        while len(part) == _PIECE:  # these files end where they give less than was asked for
            part = os.read(descriptor, _PIECE)
            data += part
    except OSError:
        return b""
    else:
        return data
    finally:
        os.close(descriptor)
