"""A small reverse proxy: passes requests on below a path, as they came or with the path taken off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ReverseProxy:
    """Where it listens, where it leads, and what came by."""

    port: int
    target: int
    base: str = "/hub"
    strip: bool = False
    astray: list[str] = field(default_factory=list)
    """Paths that were asked for outside of the base path."""

    _visits: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, and what is said in both directions after it."""
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            self._visits.discard(visit)
            await _closed(writer)

    async def end(self) -> None:
        """End every connection that is still open; a browser keeps some."""
        visits = [*self._visits]
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, version = first.split(" ")
        if not path.startswith(f"{self.base}/"):
            self.astray.append(path)
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        if self.strip:
            path = path.removeprefix(self.base)
        names = {line.partition(":")[0].lower() for line in lines}
        kept = [one for one in lines if not one.lower().startswith(("connection:", "x-forwarded-", "keep-alive:"))]
        kept += ["Connection: Upgrade" if "upgrade" in names else "Connection: close"]
        kept += [f"X-Forwarded-For: {writer.get_extra_info('peername')[0]}", "X-Forwarded-Proto: http"]
        inner, outer = await asyncio.open_connection("127.0.0.1", self.target)
        outer.write("\r\n".join([f"{method} {path} {version}", *kept, "", ""]).encode("latin-1"))
        there = asyncio.create_task(_pour(reader, outer))
        try:
            await _pour(inner, writer)
        finally:
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
            await _closed(outer)


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def proxying(proxy: ReverseProxy) -> AsyncIterator[ReverseProxy]:
    """Let it pass requests on for the time of the block."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", proxy.port)
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
        await server.wait_closed()
