"""What is in a repository: read from a mirror, without a checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hub.worker.git.checkout import Plan, shorten
from hub.worker.git.command import Call, Git
from hub.worker.git.failure import GitFailure, explain
from hub.worker.git.private import make_folder, replace_file

MOST: Final = 500
"""Paths that are told for each thing that is looked for."""
_SILENCE: Final = 60.0
_TRACKING: Final = b"refs/remotes/origin/"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: files, or folders that hold such files."""

    patterns: Sequence[str] = ()
    folders: Sequence[str] = ()
    """Patterns of files whose folders are meant."""
    line: str = ""
    """Extended regular expression; files with such a line come first."""
    text: str = ""
    """Part of the path."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, shallow paths first."""

    likely: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    left: int = 0
    """How many more there are."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A repository at one commit."""

    branch: str
    branches: list[str]
    commit: dict[str, str]
    found: dict[str, Found]


async def read(git: Git, plan: Plan, empty: Path, looks: Mapping[str, Sought]) -> Contents:
    """Look into a mirror. `empty` is a repository without anything, so that no configuration of others counts."""
    inside = _Inside(git, plan, empty)
    paths = (await inside.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", plan.commit)).split(b"\0")
    names = [path for path in (one.decode("utf-8", "replace") for one in paths if one) if path.isprintable()]
    found = {name: await _found(inside, names, sought) for name, sought in looks.items()}
    known = [name.removeprefix(_TRACKING).decode("utf-8", "replace") for name in plan.snapshot.found]
    branches = sorted(name for name in known if not name.startswith("refs/"))
    return Contents(plan.branch, branches, await _commit(inside), found)


@dataclass(frozen=True, slots=True)
class _Inside:
    git: Git
    plan: Plan
    empty: Path

    async def run(self, *arguments: str, nothing: int = 0) -> bytes:
        """Run git on the mirror's objects; `nothing` is the exit code that stands for an empty answer."""
        settings = {"GIT_OBJECT_DIRECTORY": str(self.plan.mirror / "objects")}
        call = Call(environment=settings, silence=_SILENCE)
        result = await self.git.run([f"--git-dir={self.empty}", *arguments], call)
        if result.code and result.code != nothing:
            raise explain(result.err, self.plan.address, None)
        return result.out


async def _commit(inside: _Inside) -> dict[str, str]:
    out = await inside.run("log", "-1", "--format=%H%x00%an%x00%aI%x00%s", inside.plan.commit)
    parts = out.split(b"\0")
    if len(parts) != 4:
        raise GitFailure(f"The newest commit of {inside.plan.address.url} cannot be read.")
    digest, author, moment, subject = parts
    return {
        "hash": digest.decode(), "author": shorten(author), "time": moment.decode(), "message": shorten(subject),
    }  # fmt: skip


async def _found(inside: _Inside, names: Sequence[str], sought: Sought) -> Found:
    folders = sorted({_folder(name) for name in names if _fits(name, sought.folders)}, key=_order)
    files = sorted((name for name in names if _fits(name, sought.patterns)), key=_order)
    likely = set[str]()
    if sought.line and files:
        arguments = ("grep", "-l", "-z", "-I", "-E", "-e", sought.line, inside.plan.commit, "--", *sought.patterns)
        out = await inside.run(*arguments, nothing=1)
        start = f"{inside.plan.commit}:"
        likely = {one.decode("utf-8", "replace").removeprefix(start) for one in out.split(b"\0") if one}
    wanted = [name for name in (*folders, *files) if sought.text.lower() in name.lower()]
    first = [name for name in wanted if name in likely]
    others = [name for name in wanted if name not in likely]
    room = max(MOST - len(first), 0)
    return Found(first[:MOST], others[:room], max(len(wanted) - MOST, 0))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    last = name.rpartition("/")[2]
    return any(fnmatchcase(last, one) or fnmatchcase(f"/{name}", one) or fnmatchcase(name, one) for one in patterns)


def _folder(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _order(name: str) -> tuple[int, str]:
    return len(PurePosixPath(name).parts), name


def sought_of(data: Any) -> dict[str, Sought]:
    """Read what a question looks for."""
    return {str(name): Sought(**one) for name, one in dict(data).items()}


def empty_below(folder: Path) -> Path:
    """Return a repository without anything, through which objects can be looked up by hash only."""
    path = folder / "home/empty.git"
    if not (path / "HEAD").is_file():
        for part in ("objects", "refs"):
            make_folder(path / part)
        replace_file(path / "HEAD", b"ref: refs/heads/none\n")
    return path
