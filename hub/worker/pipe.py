"""The reading end of a program's output, handed on block by block no faster than it is taken."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Awaitable, Callable

Sink = Callable[[bytes], Awaitable[None]]
"""Takes a block of output; while it works nothing more is read, so that the program has to wait."""

BLOCK = 1 << 16
_BLOCKS_PER_TURN = 16
"""After this many blocks in a row the other tasks of the loop get their turn."""


class Pipe:
    """One pipe: the program writes, `pump` reads."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.read_end, self.write_end = os.pipe()  # neither is inherited; Popen passes the write end as 1 and 2
        os.set_blocking(self.read_end, False)
        self.failure: Exception | None = None
        """What the sink raised. From then on output is read and dropped: a program must not block while it is ended."""
        self._changed = changed
        self._left: int | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    async def pump(self, sink: Sink) -> None:
        """Hand on all output until its end, or until `finish` was called and the pipe is empty."""
        blocks = 0
        while not self._closed and (self._left is None or self._left > 0):
            try:
                block = os.read(self.read_end, BLOCK)
            except BlockingIOError:
                if self._left is not None:
                    return
                await self._readable()
                continue
            if not block:
                return
            if self._left is not None:
                self._left -= len(block)
            await self._hand_on(block, sink)
            blocks += 1
            if blocks % _BLOCKS_PER_TURN == 0:
                await asyncio.sleep(0)

    def finish(self) -> None:
        """Say that no writer of ours is alive. What it has written is still in the pipe, so no more than that is read.

        Without this bound a stranger who still holds the pipe could keep us here for ever.
        """
        self._left = _capacity(self.read_end)
        self._wake()

    def close_write_end(self) -> None:
        """Leave writing to the program alone, or its end would never be seen."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Close both ends."""
        if not self._closed:
            self._closed = True
            self._forget()
            self.close_write_end()
            os.close(self.read_end)

    async def _hand_on(self, block: bytes, sink: Sink) -> None:
        if self.failure is not None:
            return
        try:
            await sink(block)
        except Exception as error:  # noqa: BLE001  # kept, and raised by the one who runs the program
            self.failure = error
            self._changed()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        loop.add_reader(self.read_end, self._wake)
        try:
            await self._waiter
        finally:
            self._forget()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _forget(self) -> None:
        if self._waiter is not None:
            self._waiter.get_loop().remove_reader(self.read_end)
            self._waiter = None


def _capacity(descriptor: int) -> int:
    with contextlib.suppress(AttributeError, OSError):
        return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    return 1 << 20
