"""Talks to the place that a repository comes from, and explains when that place does not play along."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub.plugin import KnownHosts
from hub.services.git_address import Address
from hub.worker.git.command import Call, Git, Result
from hub.worker.git.credentials import CONNECT_SECONDS, Credential, environment, key_problem
from hub.worker.git.failure import GitFailure, explain

_PORTS = {"https": 443, "http": 80, "git": 9418}
_LIST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a repository comes from, and as whom it is read."""

    address: Address
    location: str
    """What git is given: the address, or the folder of a local repository."""
    credential: Credential | None = None
    known: KnownHosts | None = None
    """For ssh: whose host keys count."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The git program, pointed at other people's servers."""

    git: Git
    folder: Path
    """Where known host keys are kept."""

    async def talk(
        self, source: Source, arguments: Sequence[str], *, silence: float = 300.0, descriptors: Sequence[int] = ()
    ) -> Result:
        """Run a git command that reads from `source`; raise `GitFailure` when it fails."""
        await _knock(source.address)
        settings = environment(source.address, source.credential, folder=self.folder, known=source.known)
        call = Call(environment=settings, silence=silence, descriptors=descriptors)
        result = await self.git.run(arguments, call)
        if result.code:
            raise await _explained(result.err, source)
        return result

    async def branches(self, source: Source) -> list[str]:
        """Return the full names of all branches, sorted (W-23)."""
        result = await self._list(source, ["--heads"], [])
        names = (line.partition("\t")[2] for line in result.splitlines())
        return sorted(name.removeprefix("refs/heads/") for name in names if name.startswith("refs/heads/"))

    async def head(self, source: Source) -> tuple[str, str]:
        """Return (default branch, its commit); either is empty when the remote has none."""
        branch, commit = "", ""
        for line in (await self._list(source, ["--symref"], ["HEAD"])).splitlines():
            value, _, name = line.partition("\t")
            if name == "HEAD" and value.startswith("ref: refs/heads/"):
                branch = value.removeprefix("ref: refs/heads/")
            elif name == "HEAD":
                commit = value
        return branch, commit

    async def tip(self, source: Source, branch: str) -> str | None:
        """Return the commit that a branch, or else a tag, leads to at this moment."""
        wanted = [f"refs/heads/{branch}", f"refs/tags/{branch}^{{}}", f"refs/tags/{branch}"]
        rows = (line.partition("\t") for line in (await self._list(source, [], wanted)).splitlines())
        found = {name: value for value, _, name in rows}
        return next((found[name] for name in wanted if name in found), None)

    async def _list(self, source: Source, options: Sequence[str], patterns: Sequence[str]) -> str:
        arguments = ["ls-remote", *options, "--", source.location, *patterns]
        result = await self.talk(source, arguments, silence=_LIST_SECONDS)
        return result.out.decode(errors="surrogateescape")


async def _explained(words: str, source: Source) -> GitFailure:
    failure = explain(words, source.address, source.credential)
    if failure.reason == "auth" and source.address.kind == "ssh":
        problem = await asyncio.to_thread(key_problem, source.credential)
        if problem is not None:
            return GitFailure(problem, reason="auth", details=failure.details)
    return failure


async def _knock(address: Address) -> None:
    """Fail soon when nobody answers: git itself would wait for minutes for a connection (ssh has its own limit)."""
    proxied = any(name.lower() in {"http_proxy", "https_proxy", "all_proxy"} for name in os.environ)
    if address.kind not in _PORTS or proxied:
        return
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(
                address.host, address.port or _PORTS[address.kind], happy_eyeballs_delay=0.25
            )
    except (OSError, UnicodeError) as error:
        words = "Could not resolve host" if isinstance(error, UnicodeError) else f"Failed to connect: {error}"
        raise explain(words, address, None) from None
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
