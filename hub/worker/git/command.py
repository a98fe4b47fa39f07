"""Runs the git program: argument lists, a clean environment, its own process group, an end to silence."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.worker.git.credentials import ASKPASS
from hub.worker.git.failure import GitFailure, GitStopped
from hub.worker.git.private import make_folder, replace_file

GRACE_SECONDS = 2.0
_LONGEST_ANSWER = 64 * 1024 * 1024
_LONGEST_COMPLAINT = 64 * 1024
_INHERITED = (
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR",
)  # fmt: skip

# Nothing of the machine's or the service user's git configuration is read; this is all there is. The owner of a
# local repository may be anybody ("safe.directory = *") because every path was checked against the allowed roots.
_CONFIGURATION = """\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tattributesFile = /dev/null
\tautocrlf = false
\tabbrev = 40
[protocol]
\tallow = never
[protocol "ext"]
\tallow = never
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = 30
\tfollowRedirects = initial
[credential]
\thelper =
[safe]
\tdirectory = *
[gc]
\tauto = 0
[maintenance]
\tauto = false
[transfer]
\tunpackLimit = 1
[fetch]
\trecurseSubmodules = false
[submodule]
\trecurse = false
[i18n]
\tlogOutputEncoding = UTF-8
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a git process ended."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of one git process."""

    environment: Mapping[str, str] = field(default_factory=dict)
    stop: asyncio.Event | None = None
    silence: float = 300.0
    """Seconds without a byte from git after which it is given up."""
    descriptors: Sequence[int] = ()
    """Kept open in git, so that a lock lives as long as git does, even when this process is killed."""


class Git:
    """Starts git processes that see only what the hub shows them."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "home"
        self._base = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "HOME": str(self._home),
            "GIT_CONFIG_GLOBAL": str(self._home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_ASKPASS": str(self._home / "askpass"),
            "SSH_ASKPASS": str(self._home / "askpass"),
            "SSH_ASKPASS_REQUIRE": "force",
        }
        self._base |= {name: os.environ[name] for name in _INHERITED if name in os.environ}

    def furnish(self) -> None:
        """Write git's home: its configuration and the program that answers its questions."""
        make_folder(self._home)
        for name, text, mode in (("gitconfig", _CONFIGURATION, 0o600), ("askpass", ASKPASS, 0o700)):
            path = self._home / name
            if not path.is_file() or path.read_text() != text or path.stat().st_mode & 0o777 != mode:
                replace_file(path, text.encode(), mode=mode)

    async def run(self, arguments: Sequence[str], call: Call) -> Result:
        """Run git to its end. A stop or cancellation ends its whole process group."""
        if call.stop is not None and call.stop.is_set():
            raise GitStopped
        process = await self._started(arguments, call)
        try:
            return await _watch(process, call)
        finally:
            if process.returncode is None:
                await asyncio.shield(asyncio.ensure_future(_end(process)))

    async def _started(self, arguments: Sequence[str], call: Call) -> Process:
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                "git",
                *arguments,
                env=self._base | dict(call.environment),
                cwd=self._home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                umask=0o077,
                pass_fds=tuple(call.descriptors),
            )
        )
        try:
            return await asyncio.shield(starting)
        except FileNotFoundError:
            raise GitFailure("The program “git” is not installed on this worker. Install it.") from None
        except asyncio.CancelledError:
            # asyncio itself would kill git alone, and leave the programs that git has started already.
            await asyncio.shield(asyncio.ensure_future(_end_once_started(starting)))
            raise


async def _watch(process: Process, call: Call) -> Result:
    work = asyncio.ensure_future(_drain(process, call.silence))
    halt = asyncio.ensure_future(call.stop.wait()) if call.stop is not None else None
    try:
        await asyncio.wait({work} if halt is None else {work, halt}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise GitStopped
        return work.result()
    finally:
        for each in (work, halt):
            if each is not None and not each.done():
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each


async def _drain(process: Process, silence: float) -> Result:
    out, err = bytearray(), bytearray()
    clock = asyncio.get_running_loop()

    async def read(stream: asyncio.StreamReader | None, into: bytearray, limit: int, *, whole: bool) -> None:
        assert stream is not None
        while chunk := await stream.read(65536):
            patience.reschedule(clock.time() + silence)
            into += chunk
            if len(into) > limit:
                if whole:
                    raise GitFailure("The git server's answer is too long. Ask its administrator what it sends.")
                del into[:-limit]

    try:
        async with asyncio.timeout(silence) as patience:
            await asyncio.gather(
                read(process.stdout, out, _LONGEST_ANSWER, whole=True),
                read(process.stderr, err, _LONGEST_COMPLAINT, whole=False),
            )
            code = await process.wait()
    except TimeoutError:
        raise GitFailure(
            f"Git said nothing for {silence:.0f} seconds and was ended. Check the server and the network.",
            reason="network",
        ) from None
    return Result(code, bytes(out), err.decode(errors="replace"))


async def _end_once_started(starting: asyncio.Future[Process]) -> None:
    with suppress(OSError):
        await _end(await starting)


async def _end(process: Process) -> None:
    """End the whole process group: TERM first, so that git removes its lock files, then KILL."""
    for sign, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await process.wait()
