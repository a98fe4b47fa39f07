"""A task's private checkout: its own repository that borrows the mirror's objects, filled by one git process.

A linked worktree (`git worktree add`) takes twice the time, leaves traces in the mirror that have to be pruned, and
lets a task write the mirror's branches and configuration. A borrowing repository does none of this, and removing its
folder removes all of it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from hub.services.git_address import Address
from hub.worker.git.command import Call, Git
from hub.worker.git.failure import GitFailure, explain
from hub.worker.git.private import make_folder, write_file
from hub.worker.git.snapshot import Snapshot

LONGEST_MESSAGE = 100

_SUBJECT = re.compile(rb"HEAD is now at [0-9a-f]+ ?([^\n]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Commit:
    """What was checked out."""

    hash: str
    message: str
    """The first line, at most 100 characters (W-23)."""
    branch: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to put where."""

    target: Path
    mirror: Path
    address: Address
    snapshot: Snapshot
    commit: str
    branch: str = ""
    """The local branch to be on; empty for a detached checkout."""


async def fill(git: Git, plan: Plan, stop: asyncio.Event) -> str:
    """Make the checkout and return the first line of the commit's message."""
    await asyncio.to_thread(_furnish, plan)
    inside = plan.target / ".git"
    # A history of what HEAD was would begin with this; git starts one with the first thing that a task does itself.
    quietly = ["-c", "core.logAllRefUpdates=false"]
    arguments = [f"--git-dir={inside}", f"--work-tree={plan.target}", *quietly, "reset", "--hard", plan.commit]
    result = await git.run(arguments, Call(stop=stop))
    if result.code:
        raise explain(result.err, plan.address, None)
    match = _SUBJECT.search(result.out)
    return shorten(match[1] if match else b"")


def shorten(message: bytes) -> str:
    """Return the first line as text that every database takes, cut between characters."""
    text = message.decode(errors="replace").split("\n", 1)[0]
    return _CONTROL.sub(" ", text).strip()[:LONGEST_MESSAGE]


def clear(target: Path) -> None:
    """Make room for a second attempt in a folder that this module filled."""
    for entry in target.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _furnish(plan: Plan) -> None:
    make_folder(plan.target)
    plan.target.chmod(0o700)
    if any(plan.target.iterdir()):
        raise GitFailure(f"The folder {plan.target} is not empty, so nothing is checked out into it.")
    inside = plan.target / ".git"
    for folder in ("objects/info", "refs/heads"):  # git makes the others when it has something for them
        make_folder(inside / folder)
    write_file(inside / "objects/info/alternates", os.fsencode(plan.mirror / "objects") + b"\n")
    write_file(inside / "packed-refs", plan.snapshot.packed)
    write_file(inside / "config", _configuration(plan).encode())
    if plan.branch:
        own = inside / "refs/heads" / plan.branch
        make_folder(own.parent)
        write_file(own, plan.commit.encode() + b"\n")
        write_file(inside / "HEAD", f"ref: refs/heads/{plan.branch}\n".encode())
    else:
        write_file(inside / "HEAD", plan.commit.encode() + b"\n")


def _configuration(plan: Plan) -> str:
    lines = [
        "[core]",
        "\trepositoryformatversion = 0",
        "\tfilemode = true",
        "\tbare = false",
        "\tlogallrefupdates = true",
    ]
    if len(plan.commit) == 64:
        lines[1] = "\trepositoryformatversion = 1"
        lines += ["[extensions]", "\tobjectformat = sha256"]
    lines += [
        '[remote "origin"]',
        f"\turl = {quoted(plan.address.url)}",
        "\tfetch = +refs/heads/*:refs/remotes/origin/*",
    ]
    if plan.branch:
        lines += [
            f"[branch {quoted(plan.branch)}]",
            "\tremote = origin",
            f"\tmerge = {quoted('refs/heads/' + plan.branch)}",
        ]
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """Return a value for git's configuration; the caller knows that it holds no line break."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
