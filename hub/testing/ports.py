"""Ports of this machine: one that nobody listens on, and waiting until somebody does."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(port: int, who: str) -> None:
    """Return once the port takes connections."""
    for _ in range(500):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{who} does not answer.")
