"""Runs one program of a task: its whole output, its exit code, and nothing of it left behind.

The program and all it starts form a family (see `hub.worker.family`) that does not outlive it: what a script has sent
to the background, a daemon with its output closed included, is ended when the script ends. A process that still holds
the output at that moment, such as the `tee` of a shell, has a second to end by itself before it is told to.

The leader is reaped last. Until then it is a zombie at most, so its pid cannot become somebody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from hub.errors import HubError
from hub.worker import family
from hub.worker.isolation import Cell
from hub.worker.pipe import Pipe, Sink
from hub.worker.younger import Since

logger = logging.getLogger(__name__)

LAST_CALL = 2.0
"""Seconds between TERM and KILL for a program that did not end on INT."""

SILENT = 1.0
"""Seconds after which a program that has closed its output is told of: most of those that do it are about to end."""

LINGER = 1.0
"""Seconds that processes which still hold the output have to end by themselves once the program itself has ended."""


class CannotStart(HubError):
    """The program could not be started; the sentence says why and never holds a value of its environment."""


class CannotEnd(HubError):
    """The program could not be ended, not even with KILL."""


class TooMuchOutput(HubError):
    """A program whose output was to be kept in memory wrote more than allowed; it was ended."""


class Witness(Protocol):
    """Hears what befalls a program. It raises nothing, and takes a moment at most."""

    async def mute(self) -> None:
        """It has closed its output, and runs."""
        ...

    async def stopping(self, count: int, grace: float) -> None:
        """So many processes are about to be ended, with so many seconds to do it themselves."""
        ...

    async def left(self, pids: Collection[int]) -> None:
        """These could not be ended."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `env` is the whole environment: nothing of the hub's own is added but the mark of the run."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    grace: float = 10.0
    """Seconds between TERM and KILL."""
    interrupt: bool = False
    """First INT to the program alone, with `grace` seconds to end; then TERM to all, and soon KILL."""
    cell: Cell | None = None
    """What keeps it apart; None for nothing."""
    witness: Witness | None = field(default=None, compare=False)

    @property
    def wrapped(self) -> bool:
        """True when what is started is not the program, but a sandbox around it."""
        return self.cell is not None and self.cell.wraps


async def run(command: Command, sink: Sink, stop: asyncio.Event, *, marker: str) -> int:
    """Run a program to its end and return its exit code, or the negative number of the signal that ended it.

    Standard output and error go through one pipe to `sink`, in the order written and complete: when this returns, the
    sink has had everything. Once `stop` is set, or this is cancelled, or the sink raises, the family is ended with
    TERM, `grace` seconds and KILL; a second cancelling skips the grace. A stop that is set beforehand starts nothing.
    `marker` must be of this run alone: of two runs with the same, the one that ends first ends the other.
    """
    return await _follow(command, (sink,), stop, marker)


async def capture(
    command: Command, stop: asyncio.Event, *, marker: str, errors: Sink, limit: int = 16 << 20
) -> tuple[int, bytes]:
    """Like `run`, but return standard output; only standard error goes to the sink `errors`."""
    kept: list[bytes] = []
    size = 0

    async def keep(block: bytes) -> None:
        nonlocal size
        size += len(block)
        if size > limit:
            kept.clear()
            raise TooMuchOutput(f"The program {command.argv[0]!r} wrote more than the {limit} bytes that can be kept.")
        kept.append(block)

    code = await _follow(command, (keep, errors), stop, marker)
    return code, b"".join(kept)


async def _follow(command: Command, sinks: Sequence[Sink], stop: asyncio.Event, marker: str) -> int:
    family.check_marker(marker)
    if stop.is_set():
        return -signal.SIGTERM
    with _Program(command, marker, pipes=len(sinks)) as program:
        program.attend(sinks, stop)
        try:
            await program.until_over()
        finally:
            await program.end()
        return program.result()


class _Program:
    """A started program with its pipes, and the news about it."""

    def __init__(self, command: Command, marker: str, *, pipes: int) -> None:
        self._command = command
        self._marker = marker
        self._news = asyncio.Event()
        self._exited = False
        self._pidfd = -1
        self._pumps: list[asyncio.Task[None]] = []
        self._stopping: asyncio.Task[bool] | None = None
        self._pipes: list[Pipe] = []
        self._before = Since()
        try:
            with _plainly(command):
                for _ in range(pipes):
                    self._pipes.append(Pipe(self._news.set))
                self._popen = _start(command, marker, self._pipes)
        except BaseException:
            self._close()
            raise
        for pipe in self._pipes:
            pipe.close_write_end()
        logger.info("Process %s runs %s.", self._popen.pid, Path(command.argv[0]).name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._close()

    def attend(self, sinks: Sequence[Sink], stop: asyncio.Event) -> None:
        """Begin to read, and to listen for the program's exit and for the stop."""
        self._pumps = [asyncio.create_task(pipe.pump(sink)) for pipe, sink in zip(self._pipes, sinks, strict=True)]
        self._stopping = asyncio.create_task(stop.wait())
        for task in (*self._pumps, self._stopping):
            task.add_done_callback(lambda _: self._news.set())
        loop = asyncio.get_running_loop()
        try:
            self._pidfd = os.pidfd_open(self._popen.pid)
            loop.add_reader(self._pidfd, self._on_exit)
        except (AttributeError, OSError):  # no Linux, an old kernel, or no descriptor left
            threading.Thread(target=self._wait_in_thread, args=(loop,), daemon=True).start()

    async def until_over(self) -> None:
        """Wait until the program has exited or has to be ended."""
        witness = self._command.witness
        while not (self._exited or self._must_end()):
            self._news.clear()
            mute = witness is not None and all(pump.done() for pump in self._pumps)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENT if mute else None):
                    await self._news.wait()
            if witness is not None and mute and not self._news.is_set():
                await witness.mute()
                witness = None

    async def end(self) -> None:
        """End what is left of the family, take the rest of the output, and reap."""
        try:
            await self._linger()
            await self._tell_of_stop()
            left = await family.end(
                self._marker, self._popen.pid, await self._interrupted(), wrapped=self._command.wrapped,
                since=self._before,
            )  # fmt: skip
            await self._exit_or_raise(left)
            for pipe in self._pipes:
                pipe.finish()
            await asyncio.gather(*self._pumps)
            self._popen.wait()
        except asyncio.CancelledError:
            self._kill()
            raise

    def result(self) -> int:
        """Return the exit code, or raise what a sink has raised."""
        for pipe in self._pipes:
            if pipe.failure is not None:
                raise pipe.failure
        code = self._popen.wait()
        logger.info("Process %s ended with %s.", self._popen.pid, code)
        return code

    async def _tell_of_stop(self) -> None:
        """A stopped program is one, or it is hundreds: people see what they end."""
        witness = self._command.witness
        if witness is not None and not self._exited and self._stopping is not None and self._stopping.done():
            members = family.members(self._marker, self._popen.pid)
            await witness.stopping(max(1, len(members)), self._command.grace)

    def _must_end(self) -> bool:
        assert self._stopping is not None
        return self._stopping.done() or any(pipe.failure for pipe in self._pipes)

    async def _linger(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while self._exited and not self._must_end() and not all(pump.done() for pump in self._pumps):
                    self._news.clear()
                    await self._news.wait()

    async def _interrupted(self) -> float:
        """Ask a program that wants it so to end by itself; return the grace that is left for what follows."""
        if not self._command.interrupt or self._exited or self._command.grace <= 0:
            return self._command.grace
        if self._command.wrapped:
            family.interrupt_wrapped(self._popen.pid)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._popen.pid, signal.SIGINT)  # not reaped yet, so the pid is its own
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._command.grace):
                while not self._exited:
                    self._news.clear()
                    await self._news.wait()
        return min(LAST_CALL, self._command.grace)

    async def _exit_or_raise(self, left: set[int]) -> None:
        """Make sure that the leader is gone; others that could not be ended are worth a warning."""
        while not self._exited and self._popen.pid not in left:
            self._news.clear()
            await self._news.wait()
        if not self._exited:
            # Should it end one day, it must not stay a zombie.
            threading.Thread(target=self._popen.wait, name=f"reaper-{self._popen.pid}", daemon=True).start()
            raise CannotEnd(
                f"The program {self._command.argv[0]!r} (process {self._popen.pid}) could not be ended: it belongs to"
                " another user, or hangs in the kernel. End it by hand on the worker."
            )
        if left:
            logger.warning("Processes %s of the run %s could not be ended.", sorted(left), self._marker)
            if self._command.witness is not None:
                await self._command.witness.left(left)

    def _kill(self) -> None:
        """End the family without waiting; the second is for the kernel to carry it out."""
        family.kill(self._marker, self._popen.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=1)

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._exited = True
        self._news.set()

    def _wait_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._popen.wait()

        def tell() -> None:
            self._exited = True
            self._news.set()

        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(tell)

    def _close(self) -> None:
        for task in self._pumps:
            task.cancel()
        if self._stopping is not None:
            self._stopping.cancel()
        for pipe in self._pipes:
            pipe.close()
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1


def _start(command: Command, marker: str, pipes: Sequence[Pipe]) -> subprocess.Popen[bytes]:
    """Start it in a session of its own. No preexec_fn, so that it is vfork and costs the same in a large server."""
    if not command.argv:
        raise ValueError
    start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen if command.cell is None else command.cell.start
    return start(
        command.argv,
        cwd=command.cwd,
        env={**command.env, family.MARK: marker},
        stdin=subprocess.DEVNULL,
        stdout=pipes[0].write_end,
        stderr=pipes[-1].write_end,
        start_new_session=True,
        umask=0o077,
    )


@contextlib.contextmanager
def _plainly(command: Command) -> Iterator[None]:
    """Turn the errors of a start into whole sentences, and leave no trace of the original: it may quote a value."""
    try:
        yield
    except OSError as error:
        raise CannotStart(_why_not(command, error)) from None
    except ValueError:
        raise CannotStart(
            f"The program {''.join(command.argv[:1])!r} cannot be started: its name is empty, or an argument or a"
            " variable holds a character that is not allowed there."
        ) from None


def _why_not(command: Command, error: OSError) -> str:
    name, folder = repr(command.argv[0]), os.fspath(command.cwd)
    if error.filename is not None and os.fspath(error.filename) == folder:
        return f"The program {name} cannot run in the folder {folder!r}: {error.strerror}. Check the working directory."
    if isinstance(error, FileNotFoundError):
        if "/" in command.argv[0] and (command.cwd / command.argv[0]).exists():
            return f"The program {name} cannot run: the interpreter that its first line names was not found here."
        return f"The program {name} was not found. Install it on this worker, or correct its path."
    if isinstance(error, PermissionError):
        return f"The program {name} may not be executed. Make the file executable, and its folders accessible."
    if error.errno == errno.ENOEXEC:
        return f"The file {name} is no program. Let its first line name an interpreter, such as #!/bin/sh."
    if error.errno == errno.E2BIG:
        return f"The program {name} was given too much: arguments and environment are larger than the system allows."
    return f"The program {name} could not be started: {error.strerror}."
