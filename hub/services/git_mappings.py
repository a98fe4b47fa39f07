"""Which of a project's mapped keys opens which git address: the effect of host configurations, as pure rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hub.models import HostConfig
from hub.services import git_address
from hub.services.git_address import Address

_USER = "git"
"""Who asks over ssh for what was written with https, as all hosting services have it."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One host configuration."""

    id: int
    type: str
    host: str
    """A host, or what addresses begin with."""
    key_id: int
    key_type: str

    @property
    def alias(self) -> str:
        """Name of the mapping in ssh's configuration, as on the wire."""
        return f"semaphore-mapping-{self.id}"

    def covers(self, address: Address) -> bool:
        """True where this mapping is about the address; whole parts of a path count, never a half name."""
        if self.type == "host":
            return address.kind == "ssh" and address.host.rstrip(".") == self.host.lower().rstrip(".")
        if address.kind not in {"http", "https"}:
            return False
        parts = urlsplit(self.host)
        here = (address.kind, address.host.rstrip("."), address.port or _port(address.kind))
        there = (parts.scheme.lower(), (parts.hostname or "").rstrip("."), parts.port or _port(parts.scheme.lower()))
        return here == there and _within(address.path, parts.path)

    def reached(self, address: Address) -> Address:
        """Return the address to ask instead: an SSH key opens what was written with https over ssh."""
        if self.type == "host" or self.key_type != "ssh":
            return address
        host = f"[{address.host}]" if ":" in address.host else address.host
        return git_address.parse(f"ssh://{_USER}@{host}{address.path}", local_roots=())


async def load(project_id: int) -> tuple[Mapping, ...]:
    """Return the mappings of a project, for a worker."""
    rows = HostConfig.filter(project_id=project_id).order_by("id")
    found = await rows.values_list("id", "type", "host", "ssh_key_id", "ssh_key__type")
    return tuple(Mapping(*row) for row in found)


def choose(mappings: Sequence[Mapping], address: Address) -> Mapping | None:
    """Return the mapping for an address: the longest URL, else the host."""
    found = [mapping for mapping in mappings if mapping.covers(address)]
    return max(found, key=lambda mapping: (mapping.type == "url", len(mapping.host)), default=None)


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _within(path: str, prefix: str) -> bool:
    """True when a path is at or below the prefix, and stays there."""
    if any(part in {".", ".."} for part in unquote(path).split("/")):
        return False
    prefix = prefix.rstrip("/")
    rest = path.removeprefix(prefix)
    return path.startswith(prefix) and (rest in {"", ".git"} or rest.startswith(("/", ".git/")))
