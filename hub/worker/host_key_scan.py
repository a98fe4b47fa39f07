"""Fetches the host keys of an ssh server, without signing in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from hub.errors import Invalid, Unavailable

_SECONDS: Final = 10
_TYPES: Final = "ed25519,ecdsa,rsa"
_LONGEST: Final = 100_000


async def scan(host: str, port: int) -> list[str]:
    """Return the lines that a known_hosts file would have. Raises `Unavailable` when nobody answers."""
    if host.startswith("-"):
        raise Invalid("The name of a server does not begin with a dash.")
    try:
        process = await asyncio.create_subprocess_exec(
            "ssh-keyscan", "-T", str(_SECONDS // 2), "-t", _TYPES, "-p", str(port), "--", host,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unavailable("The program “ssh-keyscan” is not on this worker. Install OpenSSH's client.") from None
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        output = b""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    lines = output[:_LONGEST].decode("ascii", "replace").splitlines()
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise Unavailable(f"No ssh server answers at {host}, port {port}. Check its name and the network.")
    return found
