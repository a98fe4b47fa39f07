"""One bare copy of a repository, brought up to date by at most one git process at a time."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from hub.worker.git import locks, snapshot
from hub.worker.git.command import Call, Git
from hub.worker.git.failure import GitFailure, GitStopped
from hub.worker.git.private import make_folder, replace_file
from hub.worker.git.remote import Remote, Source
from hub.worker.git.snapshot import Snapshot

Log = Callable[[str], Awaitable[None]]
T = TypeVar("T")

PAUSES = (1.0, 3.0)
"""Seconds between the attempts of a fetch whose network fails."""
TRUST_SECONDS = 3600.0
"""How long a credential that the remote accepted opens commits that are here already."""
_PACKS_BEFORE_REPACK = 40
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_MARK = "hub-fetching"


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What one task needs of a fetch."""

    source: Source
    identity: str
    """Only tasks with the same proof of identity share a fetch."""
    log: Log
    head: bool = False
    """Also learn the default branch."""
    afresh: bool = False
    """Build the mirror anew, since it is damaged."""
    tip: tuple[str, str] | None = None
    """(branch, commit) that a local repository had when the task asked."""

    def is_met_by(self, known: Snapshot | None) -> bool:
        """Tell whether somebody else's fetch brought all of it already."""
        if known is None or self.tip is None or self.afresh:
            return False
        return known.branch(self.tip[0]) == self.tip[1]


@dataclass(eq=False, slots=True)
class _Flight:
    """A fetch for everybody who asked before it began."""

    url: str
    members: list[Wanted] = field(default_factory=list)
    task: asyncio.Task[Snapshot] | None = None

    async def attempt(self, talk: Callable[[Source], Awaitable[T]]) -> T:
        """Talk to the remote as somebody who waits; key files and agents go away with the task that owns them."""
        while self.members:
            member = self.members[0]
            try:
                return await talk(member.source)
            except GitFailure:
                if member in self.members:
                    raise
        raise GitStopped

    async def say(self, text: str) -> None:
        await asyncio.gather(*(member.log(text) for member in list(self.members)), return_exceptions=True)


class Mirror:
    """A bare repository that is fetched, never checked out, and kept when a fetch fails (W-22, W-72)."""

    def __init__(self, path: Path, git: Git, remote: Remote) -> None:
        self.path = path
        self.lock = path.with_suffix(".lock")
        self._git = git
        self._remote = remote
        self._turn = asyncio.Lock()
        self._boarding: dict[str, _Flight] = {}
        self._trusted: dict[str, float] = {}
        self._cached: tuple[tuple[int, int], Snapshot] | None = None

    def snapshot(self) -> Snapshot | None:
        """Return the refs after the last good fetch, by any process."""
        try:
            facts = (self.path / snapshot.FILE).stat()
        except OSError:
            return None
        stamp = (facts.st_mtime_ns, facts.st_ino)
        if self._cached is None or self._cached[0] != stamp:
            found = snapshot.read(self.path)
            if found is None:
                return None
            self._cached = (stamp, found)
        return self._cached[1]

    def trusts(self, identity: str) -> bool:
        """Tell whether the remote itself let this identity in lately: a mirror is no way around a lost permission."""
        return self._trusted.get(identity, 0.0) > time.monotonic()

    def touch(self) -> None:
        """Note that the mirror is in use."""
        with suppress(OSError):
            os.utime(self.path)

    async def refresh(self, wanted: Wanted, stop: asyncio.Event) -> Snapshot:
        """Return refs that a fetch brought which began after this call."""
        flight = self._boarding.get(wanted.identity)
        if flight is None:
            flight = self._boarding[wanted.identity] = _Flight(wanted.source.address.url)
            flight.task = asyncio.create_task(self._fly(flight, wanted.identity))
            flight.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        assert flight.task is not None
        flight.members.append(wanted)
        halt = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({flight.task, halt}, return_when=asyncio.FIRST_COMPLETED)
            if not flight.task.done() or flight.task.cancelled():
                raise GitStopped
            return flight.task.result()
        finally:
            halt.cancel()
            flight.members.remove(wanted)
            if not flight.members:
                self._leave(flight, wanted.identity)
                flight.task.cancel()

    async def fetch_commit(self, source: Source, commit: str) -> None:
        """Fetch one commit that no branch or tag leads to, and keep it."""
        async with self._turn, locks.held(self.lock) as descriptor:
            keep = f"{commit}:refs/hub/{commit}"
            arguments = [
                f"--git-dir={self.path}",
                "fetch",
                "--no-tags",
                "--no-write-fetch-head",
                "--",
                source.location,
                keep,
            ]
            await self._remote.talk(source, arguments, descriptors=[descriptor])

    def _leave(self, flight: _Flight, identity: str) -> None:
        if self._boarding.get(identity) is flight:
            del self._boarding[identity]

    async def _fly(self, flight: _Flight, identity: str) -> Snapshot:
        try:
            async with self._turn, locks.held(self.lock) as descriptor:
                self._leave(flight, identity)
                known = self.snapshot()
                if known is not None and all(member.is_met_by(known) for member in flight.members):
                    return known
                found = await self._update(flight, descriptor)
                self._trusted[identity] = time.monotonic() + TRUST_SECONDS
                return found
        except GitFailure as failure:
            if failure.reason in {"auth", "forbidden", "missing"}:
                self._trusted.pop(identity, None)
            raise
        finally:
            self._leave(flight, identity)

    async def _update(self, flight: _Flight, descriptor: int) -> Snapshot:
        if not any(member.afresh for member in flight.members):
            await asyncio.to_thread(_prepare, self.path)
            try:
                return await self._fetch(self.path, flight, descriptor)
            except GitFailure as failure:
                if failure.reason != "corrupt":
                    raise
        await flight.say("The hub's copy of the repository is damaged and is built anew.")
        fresh = self.path.with_suffix(".new")
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        await asyncio.to_thread(_prepare, fresh)
        found = await self._fetch(fresh, flight, descriptor)
        await asyncio.to_thread(_swap, self.path, fresh)
        return found

    async def _fetch(self, path: Path, flight: _Flight, descriptor: int) -> Snapshot:
        last = self.snapshot()
        head = last.head if last else ""
        if any(member.head for member in flight.members):
            head, _ = await self._insistently(flight, self._remote.head)
        options = ["--prune", "--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--progress"]

        async def fetch(source: Source) -> None:
            arguments = [f"--git-dir={path}", "fetch", *options, "--", source.location, *_REFSPECS]
            await self._remote.talk(source, arguments, descriptors=[descriptor])

        await flight.say(f"Fetching {flight.url}")
        (path / _MARK).touch()
        await self._insistently(flight, fetch)
        (path / _MARK).unlink(missing_ok=True)
        return await self._record(path, head, descriptor)

    async def _insistently(self, flight: _Flight, talk: Callable[[Source], Awaitable[T]]) -> T:
        for pause in PAUSES:
            try:
                return await flight.attempt(talk)
            except GitFailure as failure:
                if failure.reason != "network":
                    raise
                await flight.say(f"{failure} Trying again in {pause:g} seconds.")
            await asyncio.sleep(pause)
        return await flight.attempt(talk)

    async def _record(self, path: Path, head: str, descriptor: int) -> Snapshot:
        listing = [f"--git-dir={path}", "for-each-ref", f"--format={snapshot.FORMAT}", "refs/heads", "refs/tags"]
        call = Call(descriptors=[descriptor])
        result = await self._git.run(listing, call)
        if result.code:
            raise GitFailure("The hub's copy of the repository is damaged.", reason="corrupt", details=result.err)
        found = snapshot.build(result.out, head)
        await asyncio.to_thread(snapshot.write, path, found)
        if await asyncio.to_thread(_packs, path) >= _PACKS_BEFORE_REPACK:
            # Geometric repacking drops no object, so checkouts that borrow objects never lose one.
            await self._git.run([f"--git-dir={path}", "repack", "-d", "--geometric=2", "--quiet"], call)
            await self._git.run([f"--git-dir={path}", "pack-refs", "--all"], call)
        return found


def _prepare(path: Path) -> None:
    """Make an empty bare repository, or clear up after a fetch that was killed. The lock is held."""
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        make_folder(path / folder)
    path.chmod(0o700)
    if (path / _MARK).exists():
        for stale in [*path.glob("*.lock"), *(path / "refs").rglob("*.lock"), *(path / "objects/pack").glob("tmp_*")]:
            stale.unlink(missing_ok=True)
    for name, text in (
        ("config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"),
        ("HEAD", "ref: refs/heads/main\n"),
    ):
        file = path / name
        if not file.is_file() or file.read_text(errors="replace") != text:
            replace_file(file, text.encode())


def _swap(path: Path, fresh: Path) -> None:
    """Put the new mirror in the place of the damaged one, which goes to the rubbish."""
    if path.exists():
        rubbish = path.parent / "rubbish"
        make_folder(rubbish)
        path.rename(rubbish / uuid.uuid4().hex)
    fresh.rename(path)


def _packs(path: Path) -> int:
    return sum(1 for _ in (path / "objects/pack").glob("*.pack"))
