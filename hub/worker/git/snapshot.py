"""The refs of a mirror after its last good fetch: resolved in-process, copied into checkouts as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from hub.worker.git.private import replace_file

FILE = "hub-refs"
FORMAT = "%(objectname) %(*objectname) %(refname)"

_HEADER = b"# pack-refs with: peeled fully-peeled sorted \n"
_HASH = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCHES = b"refs/heads/"
_TRACKING = b"refs/remotes/origin/"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Branches and tags of the remote at one moment."""

    head: str
    """The default branch; empty while nobody has asked for it."""
    packed: bytes
    """In git's packed-refs format, with branches as `refs/remotes/origin/…`."""
    found: dict[bytes, str] = field(repr=False)

    def branch(self, name: str) -> str | None:
        """Return the commit at the tip of a branch."""
        return self.found.get(_TRACKING + name.encode())

    def tag(self, name: str) -> str | None:
        """Return the commit that a tag leads to."""
        return self.found.get(b"refs/tags/" + name.encode())


def build(listing: bytes, head: str) -> Snapshot:
    """Make a snapshot from the output of `git for-each-ref` in `FORMAT`."""
    rows: list[tuple[bytes, bytes, bytes]] = []
    for line in listing.splitlines():
        own, peeled, name = line.split(b" ", 2)
        if name.startswith(_BRANCHES):
            name = _TRACKING + name.removeprefix(_BRANCHES)
        rows.append((name, own, peeled))
    lines = [_HEADER]
    for name, own, peeled in sorted(rows):
        lines.append(own + b" " + name + b"\n")
        if peeled:
            lines.append(b"^" + peeled + b"\n")
    return _parse(head, b"".join(lines))


def read(mirror: Path) -> Snapshot | None:
    """Return the snapshot of a mirror, or None when there is none that can be read."""
    try:
        head, packed = (mirror / FILE).read_bytes().split(b"\n", 1)
        return _parse(head.decode(), packed)
    except (OSError, ValueError):
        return None


def write(mirror: Path, snapshot: Snapshot) -> None:
    """Keep a snapshot in one step, so that readers never see half of it."""
    replace_file(mirror / FILE, snapshot.head.encode() + b"\n" + snapshot.packed)


def _parse(head: str, packed: bytes) -> Snapshot:
    if not packed.startswith(_HEADER):
        raise ValueError("not a snapshot")
    found: dict[bytes, str] = {}
    last = b""
    for line in packed.split(b"\n")[1:-1]:
        value, _, name = line.partition(b" ")
        if _HASH.fullmatch(value.removeprefix(b"^")) is None:
            raise ValueError("not a snapshot")
        last = name or last
        found[last] = value.removeprefix(b"^").decode()
    return Snapshot(head=head, packed=packed, found=found)
