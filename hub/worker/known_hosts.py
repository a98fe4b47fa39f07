"""The known hosts of a project, laid out for one run: OpenSSH asks a small program of ours about every key it meets.

OpenSSH's own `accept-new` trusts a second key of a host when its type differs, and says nothing of the keys that it
refuses. So ssh checks strictly, and asks `KnownHostsCommand` (8.5 and newer) beside the file: that notes every unknown
key, and vouches for the first one of a host where the project trusts at first sight. docs/adr/0012.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from hub.context import Hub
from hub.plugin import KnownHosts
from hub.services import host_key_lessons
from hub.services.host_key_lessons import FIRST_USE, OFF, Lesson
from hub.services.host_keys import read_shown
from hub.worker.git.credentials import ssh_path
from hub.worker.git.failure import GitFailure
from hub.worker.git.private import make_folder, write_file

_MOST_SHOWN: Final = 1_000_000
"""Characters of what a run may teach: some 3,000 hosts."""

JUDGE: Final = """\
# Asked by ssh: reason, host, port, name without port, type, key; then our own: known, shown, policy.
[ "$1" = HOSTNAME ] || exit 0
case "$5" in *-cert-v0*) exit 0 ;; esac # an authority vouches for it, or ssh asks again for the plain key
if [ "$3" != 22 ]; then
  [ "$2" != "$4" ] || exit 0 # ssh looks for the name without its port too
  case "$(ssh-keygen -F "$4" -f "$7" 2>/dev/null)" in *" $5 $6"*) exit 0 ;; esac
fi
found=$(for file in "$7" /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2; do
  [ ! -r "$file" ] || ssh-keygen -F "$2" -f "$file" 2>/dev/null
done)
case "$found" in *" $5 $6"*) exit 0 ;; esac # ssh has read it there
printf '%s %s %s\\n' "$2" "$5" "$6" >>"$8"
[ "$9" = first_use ] && [ -z "$found" ] || exit 0
# Of several keys that a new host shows at the same time, the first one counts.
first=$(while read -r host type key; do
  if [ "$host" = "$2" ]; then printf '%s %s %s' "$host" "$type" "$key"; break; fi
done <"$8")
[ "$first" != "$2 $5 $6" ] || printf '%s\\n' "$first"
exit 0
"""


class HostTrust:
    """Lays the known hosts of a project out when somebody asks for them, and learns from what ssh met."""

    def __init__(self, hub: Hub, project_id: int, folder: Path) -> None:
        self._hub = hub
        self._project_id = project_id
        self._folder = folder
        self._known: KnownHosts | None = None
        self._lines: frozenset[str] = frozenset()
        self._opening = asyncio.Lock()
        self._told: set[str] = set()

    @property
    def name(self) -> str:
        """Runs of one project trust alike."""
        return f"project {self._project_id}"

    async def open(self) -> KnownHosts:
        """Return what ssh needs; the files are written when this is first asked for."""
        async with self._opening:
            if self._known is None:
                policy = await host_key_lessons.policy_of(self._project_id)
                lines = await host_key_lessons.lines_of(self._project_id)
                self._lines = frozenset(lines)
                await asyncio.to_thread(self._write, lines)
                judged = await _has_command()
                options = _options(self._folder, policy, judged=judged)
                self._known = KnownHosts(self._folder / "known_hosts", policy, tuple(options))
        return self._known

    async def learn(self) -> list[Lesson]:
        """Keep the keys that ssh met since the last time; nothing where nobody asked for them, or none is checked."""
        if self._known is None or self._known.policy == OFF:
            return []
        shown = await asyncio.to_thread(self._shown)
        fresh = [key for key in await asyncio.to_thread(read_shown, shown) if key.line not in self._told]
        self._told |= {key.line for key in fresh}
        return await host_key_lessons.learn(self._hub, self._project_id, fresh, self._known.policy)

    def _write(self, lines: Sequence[str]) -> None:
        make_folder(self._folder)
        write_file(self._folder / "known_hosts", "".join(f"{line}\n" for line in lines).encode())
        write_file(self._folder / "shown", b"")
        write_file(self._folder / "judge.sh", JUDGE.encode())

    def _shown(self) -> str:
        """Return lines that are new: noted by our program, or added by another ssh than OpenSSH, or by an old one."""
        texts = [line for name in ("shown", "known_hosts") for line in _read(self._folder / name).splitlines()]
        return "\n".join(line for line in texts if line not in self._lines and not line.startswith("@"))


def _read(path: Path) -> str:
    """Read what a task's own programs may have removed, or put something else in the place of."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return os.read(descriptor, _MOST_SHOWN).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


@asynccontextmanager
async def explaining(trust: HostTrust) -> AsyncIterator[None]:
    """Keep what git's ssh met, and let a failure for a host key say which one it was."""
    try:
        yield
    except GitFailure as failure:
        refused = [lesson.sentence for lesson in await trust.learn() if lesson.refused]
        if failure.reason != "host_key" or not refused:
            raise
        raise GitFailure(refused[-1], reason="host_key", details=failure.details) from None


def _options(folder: Path, policy: str, *, judged: bool) -> list[str]:
    if policy == OFF:
        return ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "UpdateHostKeys=no"]
    known = ssh_path(folder / "known_hosts")
    options = [f"UserKnownHostsFile={known}", "UpdateHostKeys=no", "HashKnownHosts=no", "CheckHostIP=no"]
    if not judged:
        strict = "accept-new" if policy == FIRST_USE else "yes"
        return [f"StrictHostKeyChecking={strict}", *options]
    words = ["/bin/sh", ssh_path(folder / "judge.sh"), "%I %H %p %h %t %K", known, ssh_path(folder / "shown"), policy]
    return ["StrictHostKeyChecking=yes", *options, f"KnownHostsCommand={' '.join(words)}"]


_VERSION: Final = re.compile(rb"OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)")
_COMMAND_SINCE: Final = (8, 5)
_asked: dict[str, bool] = {}


async def _has_command() -> bool:
    """Tell whether this machine's ssh can be given a program; asked once."""
    if "ssh" not in _asked:
        try:
            process = await asyncio.create_subprocess_exec(
                "ssh", "-V", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await process.communicate()
        except OSError:
            return True  # without any ssh it does not matter
        match = _VERSION.search(output)
        _asked["ssh"] = match is None or (int(match[1]), int(match[2])) >= _COMMAND_SINCE
    return _asked["ssh"]
