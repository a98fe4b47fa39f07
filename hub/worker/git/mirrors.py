"""The worker's store of mirrors, and the one way from a git address to a task's private checkout."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.errors import Invalid
from hub.services import git_address
from hub.worker.confine import confine
from hub.worker.git import checkout, contents, local, locks, submodules
from hub.worker.git.checkout import Commit, Plan
from hub.worker.git.command import Call, Git
from hub.worker.git.contents import Contents, Sought, empty_below
from hub.worker.git.credentials import fingerprint
from hub.worker.git.failure import GitFailure, NoBranch
from hub.worker.git.keyring import Keyring, Proof, ring_of
from hub.worker.git.mirror import Log, Mirror, Wanted
from hub.worker.git.private import make_folder
from hub.worker.git.remote import Remote, Source
from hub.worker.git.removal import remove_tree
from hub.worker.git.snapshot import Snapshot

UNUSED_DAYS = 60
"""A mirror that no task used for so long is removed when a worker starts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which state of which repository a task wants."""

    url: str
    branch: str = ""
    """A branch or tag; empty for the remote's default branch."""
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """What a first look at a wish found, without a process."""

    source: Source
    written: git_address.Address
    """As people wrote it; a mapping may have it read from elsewhere."""
    keyring: Keyring = field(default_factory=Keyring)
    identity: str = ""
    """Stands for the credential; empty for none."""
    tip: tuple[str, str] | None = None
    """(branch, commit) of a local repository at this moment, where that could be read."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """One checkout on its way."""

    wish: Wish
    target: Path
    place: _Place
    mirror: Mirror
    log: Log
    stop: asyncio.Event
    depth: int = 0

    @property
    def source(self) -> Source:
        return self.place.source

    @property
    def written(self) -> git_address.Address:
        return self.place.written

    def wanted(self, *, head: bool = False, afresh: bool = False) -> Wanted:
        return Wanted(
            self.source, self.place.identity, self.log, head, afresh, None if self.wish.commit else self.place.tip
        )


class Mirrors:
    """Bare mirrors in a folder of the worker, shared by everything that reads the same address."""

    def __init__(self, folder: Path, *, local_roots: Sequence[Path]) -> None:
        self._folder = folder.absolute()
        self._roots = tuple(local_roots)
        self._git = Git(self._folder)
        self._remote = Remote(self._git, self._folder)
        self._mirrors: dict[str, Mirror] = {}
        self._places = asyncio.Semaphore(max(4, 2 * (os.cpu_count() or 2)))
        self._removals: set[asyncio.Task[None]] = set()
        self._lent: dict[Path, Path] = {}
        self._furnished = False

    async def checkout(self, wish: Wish, target: Path, *, credential: Proof, log: Log, stop: asyncio.Event) -> Commit:
        """Fill `target`, a new or empty folder, with the wished state; `GitFailure` or `Invalid` say why it failed."""
        with _explained():
            place = await self._look(wish, credential)
            commit = await self._deliver(_Errand(wish, target, place, self._mirror(place.source), log, stop))
        told = f" ({commit.branch})" if commit.branch else ""
        await log(f"Checked out {commit.hash[:12]}{told}: {commit.message}")
        return commit

    async def branches(self, url: str, credential: Proof) -> list[str]:
        """Return the full names of the remote's branches, sorted (W-23)."""
        with _explained():
            return await self._remote.branches((await self._look(Wish(url), credential)).source)

    async def head(self, url: str, branch: str, credential: Proof) -> str:
        """Return the commit that a branch or tag has at the remote now; "" asks for the default branch."""
        with _explained():
            place = await self._look(Wish(url, branch), credential)
            if place.tip is not None:
                return place.tip[1]
            remote, source = self._remote, place.source
            found = await remote.tip(source, branch) if branch else (await remote.head(source))[1]
        if not found:
            raise _no_branch(source, branch)
        return found

    async def contents(self, wish: Wish, credential: Proof, looks: Mapping[str, Sought]) -> Contents:
        """Return what a branch has now, as far as it is looked for; the remote itself is asked."""
        with _explained():
            place = await self._look(wish, credential)
            errand = _Errand(wish, self._folder, place, self._mirror(place.source), _unheard, asyncio.Event())
            plan = await self._newest(errand)
            errand.mirror.touch()
            return await contents.read(self._git, plan, await asyncio.to_thread(empty_below, self._folder), looks)

    def lent_to(self, folder: Path) -> tuple[Path, ...]:
        """Return the folders of objects that the checkouts below a folder borrow from."""
        return tuple({objects for target, objects in self._lent.items() if target.is_relative_to(folder)})

    async def release(self, target: Path) -> None:
        """Remove a checkout. It is out of the way at once; its files go in the background."""
        for one in [one for one in self._lent if one.is_relative_to(target)]:
            del self._lent[one]
        moved = await asyncio.to_thread(self._set_aside, target)
        if moved is not None:
            self._remove_later(moved)

    def _remove_later(self, moved: Path) -> None:
        task = asyncio.create_task(asyncio.to_thread(remove_tree, moved))
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)

    async def sweep(self) -> None:
        """Clear up at start: half-made mirrors, released checkouts, mirrors that nobody used for long."""
        with _explained():
            await asyncio.to_thread(self._sweep)

    def forget(self, urls: Sequence[str] | None = None) -> int:
        """Put the mirrors of these addresses, or all of them, out of the way; return how many there were.

        Checkouts borrow from mirrors: call it only while none is in use. It is one step for whoever shares the loop. A
        mirror that another process holds at this moment stays.
        """
        self._furnish()
        wanted = None if urls is None else {_name(location) for url in urls for location in self._locations(url)}
        count = 0
        for entry in list(self._folder.glob("*.git")):
            if wanted is not None and entry.stem not in wanted:
                continue
            descriptor = locks.take_now(entry.with_suffix(".lock"))
            if descriptor is None:
                continue
            try:
                moved = self._set_aside(entry)
            finally:
                os.close(descriptor)
            self._mirrors.pop(entry.stem, None)
            count += 1
            if moved is not None:
                self._remove_later(moved)
        return count

    def _locations(self, url: str) -> Iterator[str]:
        try:
            address = git_address.parse(url, local_roots=self._roots)
            yield str(local.git_folder(address, self._roots)) if address.is_local else address.url
        except (Invalid, GitFailure):
            return  # what cannot be read has no mirror

    async def close(self) -> None:
        """Wait until released checkouts are gone."""
        await asyncio.gather(*self._removals, return_exceptions=True)

    async def _look(self, wish: Wish, proof: Proof) -> _Place:
        """Check a wish and choose its key; read a local repository's branch without a process."""
        place, keyring = await asyncio.to_thread(self._look_now, wish), ring_of(proof)
        if place.written.is_local:
            return replace(place, keyring=keyring)
        address, credential = await keyring.key_for(place.written)
        identity = await fingerprint(credential) if credential else ""
        known = None
        if keyring.trust is not None and address.kind == "ssh":
            known = await keyring.trust.open()
            identity = f"{identity} {keyring.trust.name}"
        return _Place(Source(address, address.url, credential, known), place.written, keyring, identity)

    def _look_now(self, wish: Wish) -> _Place:
        self._furnish()
        address = git_address.parse(wish.url, local_roots=self._roots)
        if wish.branch:
            git_address.check_branch(wish.branch)
        if wish.commit:
            git_address.check_commit(wish.commit)
        if not address.is_local:
            return _Place(Source(address, address.url), address)
        folder = local.git_folder(address, self._roots)
        return _Place(
            Source(address, str(folder)), address, tip=None if wish.commit else local.tip(folder, wish.branch)
        )

    def _furnish(self) -> None:
        if not self._furnished:
            make_folder(self._folder)
            self._folder.chmod(0o700)
            self._git.furnish()
            self._furnished = True

    def _mirror(self, source: Source) -> Mirror:
        key = _name(source.location)
        if key not in self._mirrors:
            self._mirrors[key] = Mirror(self._folder / f"{key}.git", self._git, self._remote)
        return self._mirrors[key]

    async def _deliver(self, errand: _Errand) -> Commit:
        if errand.wish.commit:
            plan = await self._pinned(errand, errand.wish.commit.lower())
        else:
            plan = await self._newest(errand)
        async with self._places:
            message = await self._fill(errand, plan)
        errand.mirror.touch()
        self._lent[errand.target] = errand.mirror.path / "objects"
        await self._submodules(errand)
        return Commit(plan.commit, message, errand.wish.branch or plan.branch)

    async def _newest(self, errand: _Errand) -> Plan:
        """Plan for the present tip of a branch; a local repository without news costs no process."""
        tip = errand.place.tip
        branch = errand.wish.branch or (tip[0] if tip else "")
        known = errand.mirror.snapshot()
        if tip is None or known is None or known.branch(branch) != tip[1]:
            known = await errand.mirror.refresh(errand.wanted(head=not branch), errand.stop)
            branch = branch or known.head
        commit = known.branch(branch)
        if commit is not None:
            return self._plan(errand, known, commit, branch)
        commit = known.tag(branch)
        if commit is None:
            raise _no_branch(errand.source, branch)
        return self._plan(errand, known, commit)

    async def _pinned(self, errand: _Errand, commit: str) -> Plan:
        """Plan for a given commit; nothing is fetched when it is here and the remote lately let this credential in."""
        wanted = errand.wanted()
        known = errand.mirror.snapshot()
        trusted = errand.source.address.is_local or errand.mirror.trusts(wanted.identity)
        full = await self._expand(errand, commit) if known is not None and trusted else None
        if known is None or full is None:
            known = await errand.mirror.refresh(wanted, errand.stop)
            full = await self._expand(errand, commit)
        if full is None and errand.depth and len(commit) >= 40:
            # The parent repository pins this very commit, so it may come from outside of branches and tags.
            await errand.mirror.fetch_commit(errand.source, commit)
            full = commit
        if full is None:
            raise GitFailure(
                f"The repository {errand.source.address.url} has no commit {commit}. "
                "Check the hash, and that it is pushed.",
                reason="missing",
            )
        return self._plan(errand, known, full)

    async def _expand(self, errand: _Errand, commit: str) -> str | None:
        """Return the full hash of a commit that the mirror has; branches and tags with such a name do not count."""
        empty = await asyncio.to_thread(empty_below, self._folder)
        settings = {"GIT_OBJECT_DIRECTORY": str(errand.mirror.path / "objects")}
        arguments = [f"--git-dir={empty}", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
        result = await self._git.run(arguments, Call(environment=settings, stop=errand.stop))
        return result.out.decode().strip() or None

    def _plan(self, errand: _Errand, known: Snapshot, commit: str, branch: str = "") -> Plan:
        return Plan(errand.target, errand.mirror.path, errand.written, known, commit, branch)

    async def _fill(self, errand: _Errand, plan: Plan) -> str:
        try:
            return await checkout.fill(self._git, plan, errand.stop)
        except GitFailure as failure:
            if failure.reason != "corrupt":
                raise
        known = await errand.mirror.refresh(errand.wanted(afresh=True), errand.stop)
        await asyncio.to_thread(checkout.clear, errand.target)
        return await checkout.fill(self._git, replace(plan, snapshot=known), errand.stop)

    async def _submodules(self, errand: _Errand) -> None:
        address = errand.written
        found = await submodules.listed(self._git, errand.target, address, errand.stop)
        if found and errand.depth >= submodules.DEEPEST:
            raise GitFailure(f"The submodules of {address.url} are nested deeper than {submodules.DEEPEST} levels.")
        for each in found:
            try:
                await self._submodule(errand, each)
            except (Invalid, GitFailure) as failure:
                if isinstance(failure, GitFailure) and failure.reason == "stopped":
                    raise
                details = failure.details if isinstance(failure, GitFailure) else ""
                raise GitFailure(f"The submodule “{each.path}” failed. {failure}", details=details) from None
        if found:
            await asyncio.to_thread(submodules.register, errand.target, found)

    async def _submodule(self, errand: _Errand, each: submodules.Submodule) -> None:
        wish = Wish(each.url, commit=each.commit)
        place = confine(errand.target, each.path, what="path of the submodule")
        if place != errand.target.resolve() / each.path:
            raise Invalid("Its path leads through a symbolic link.")
        address = git_address.parse(each.url, local_roots=self._roots)
        found = await self._look(wish, errand.place.keyring.below(errand.written, address))
        mirror = self._mirror(found.source)
        await self._deliver(_Errand(wish, place, found, mirror, errand.log, errand.stop, errand.depth + 1))

    def _set_aside(self, target: Path) -> Path | None:
        """Move a checkout into the rubbish; across file systems it is removed on the spot."""
        moved = self._folder / "rubbish" / uuid.uuid4().hex
        try:
            make_folder(moved.parent)
            target.rename(moved)
        except FileNotFoundError:
            return None
        except OSError:
            remove_tree(target)
            return None
        return moved

    def _sweep(self) -> None:
        self._furnish()
        if self._roots:
            local.tip(self._folder, "")  # loads what reads local repositories, so that no task waits for it
        rubbish = self._folder / "rubbish"
        for entry in list(rubbish.iterdir()) if rubbish.is_dir() else []:
            remove_tree(entry)
        oldest = time.time() - UNUSED_DAYS * 86400
        for entry in list(self._folder.iterdir()):
            unused = entry.suffix == ".git" and entry.stat().st_mtime < oldest
            if entry.suffix == ".new" or unused:
                descriptor = locks.take_now(entry.with_suffix(".lock"))
                if descriptor is not None:
                    try:
                        remove_tree(entry)
                    finally:
                        os.close(descriptor)


async def _unheard(_text: str) -> None:
    """Take what a fetch says where nobody reads a log."""


def _name(location: str) -> str:
    """Name of the folder of a mirror, without its suffix."""
    return hashlib.sha256(location.encode()).hexdigest()[:32]


def _no_branch(source: Source, branch: str) -> NoBranch:
    url = source.address.url
    if branch:
        return NoBranch(f"The repository {url} has no branch or tag “{branch}”. Correct the branch.")
    return NoBranch(f"The repository {url} has no default branch. Name a branch, or push a first commit.")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise GitFailure(
                "The hub's disk is full. Free some space and start the task again.", reason="space"
            ) from None
        raise GitFailure(
            f"The hub cannot use its folder for git: {error.strerror or error}. Check its permissions."
        ) from error
