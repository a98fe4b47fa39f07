"""Which submodules a checkout wants, read from its own files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.services.git_address import Address
from hub.worker.git.checkout import quoted
from hub.worker.git.command import Call, Git
from hub.worker.git.failure import GitFailure

DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Submodule:
    """A repository inside of a repository."""

    name: str
    path: str
    url: str
    commit: str


async def listed(git: Git, target: Path, address: Address, stop: asyncio.Event) -> list[Submodule]:
    """Return the submodules that the checkout in `target` pins and describes."""
    described = target / ".gitmodules"
    if described.is_symlink() or not described.is_file():
        return []
    arguments = ["config", "-z", "--file", str(described), "--get-regexp", r"^submodule\..*\.(path|url|update)$"]
    result = await git.run(arguments, Call(stop=stop))
    if result.code > 1:
        raise GitFailure("The file .gitmodules cannot be read. Correct it in the repository.", details=result.err)
    entries = _entries(result.out.decode(errors="surrogateescape"))
    wanted = {entry["path"]: (name, entry) for name, entry in entries.items() if "path" in entry}
    if not wanted:
        return []
    pinned = await _pinned(git, target, sorted(wanted), stop)
    found = []
    for path, commit in sorted(pinned.items()):
        name, entry = wanted[path]
        if entry.get("update") == "none":
            continue
        if "url" not in entry:
            raise GitFailure(f"The submodule “{path}” has no url in .gitmodules. Add it in the repository.")
        found.append(Submodule(name=name, path=path, url=absolute(address, entry["url"]), commit=commit))
    return found


def absolute(address: Address, url: str) -> str:
    """Return a submodule's address; one that begins with ./ or ../ is meant relative to its parent's."""
    if not url.startswith(("./", "../")):
        return url
    base, mark = (address.path if address.is_local else address.url).rstrip("/"), "/"
    while url.startswith(("./", "../")):
        if url.startswith("./"):
            url = url[2:]
            continue
        url = url[3:]
        if "/" in base:
            base = base.rpartition("/")[0]
        else:
            base, mark = base.rpartition(":")[0], ":"
    return f"{base}{mark}{url}".rstrip("/")


def register(target: Path, submodules: Sequence[Submodule]) -> None:
    """Note the submodules in the checkout's configuration, as `git submodule init` would."""
    with (target / ".git/config").open("a", encoding="utf-8", errors="surrogateescape") as file:
        for each in submodules:
            file.write(f"[submodule {quoted(each.name)}]\n\tactive = true\n\turl = {quoted(each.url)}\n")


def _entries(listing: str) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = {}
    for row in listing.split("\0"):
        key, _, value = row.partition("\n")
        name, _, member = key.removeprefix("submodule.").rpartition(".")
        if name and "\n" not in value and "\n" not in name:
            entries.setdefault(name, {})[member] = value
    return entries


async def _pinned(git: Git, target: Path, paths: Sequence[str], stop: asyncio.Event) -> dict[str, str]:
    """Return {path: commit} for those paths that really are submodules in the index."""
    places = [f"--git-dir={target / '.git'}", f"--work-tree={target}", "--literal-pathspecs"]
    result = await git.run([*places, "ls-files", "-z", "--stage", "--", *paths], Call(stop=stop))
    pinned = {}
    for row in result.out.decode(errors="surrogateescape").split("\0"):
        facts, _, path = row.partition("\t")
        if facts.startswith("160000 ") and path in paths:
            pinned[path] = facts.split(" ")[1]
    return pinned
