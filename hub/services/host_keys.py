"""Host keys of ssh servers: lines of a known_hosts file, read strictly, and which names they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hub.errors import Invalid

AUTHORITY: Final = "@cert-authority"
REVOKED: Final = "@revoked"
LONGEST_KEY: Final = 8_000
"""Characters of a public key; RSA with 16384 bits needs some 2,800."""
_LONGEST_HOST: Final = 230  # what the table takes, with a marker before it
_HOST: Final = re.compile(
    r"\[[A-Za-z0-9_.:*?%][A-Za-z0-9_.:*?%-]*\]:[0-9*?]{1,5}|[A-Za-z0-9_.:*?%][A-Za-z0-9_.:*?%-]*", re.ASCII
)
_TYPE: Final = re.compile(r"[a-z0-9@.-]{1,50}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key of a host, or of an authority that vouches for hosts."""

    host: str
    """As OpenSSH writes it: `name`, or `[name]:port`; `*` and `?` stand for others."""
    type: str
    key: str
    fingerprint: str
    marker: str = ""
    """`@cert-authority`, `@revoked`, or empty."""

    @property
    def place(self) -> str:
        """The marker and the host, as they are stored."""
        return f"{self.marker} {self.host}".lstrip()

    @property
    def line(self) -> str:
        """Its line of a known_hosts file."""
        return f"{self.place} {self.type} {self.key}"


def split_place(stored: str) -> tuple[str, str]:
    """Return (marker, host) of what is stored."""
    marker, _, host = stored.rpartition(" ")
    return marker, host


def name_of(host: str, port: int) -> str:
    """Return a host as OpenSSH looks it up."""
    host = host.lower()
    return host if port == 22 else f"[{host}]:{port}"


def covers(pattern: str, host: str) -> bool:
    """Tell whether an entry is about a host."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == host
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(words, host) is not None


def read_lines(text: str) -> list[HostKey]:
    """Read what people paste, one entry for each host. Raises `Invalid`, naming the line. Slow: call it in a thread."""
    found: dict[str, HostKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found |= {key.line: key for key in _entries(line)}
        except ValueError as error:
            raise Invalid(f"Line {number} is not a line of a known_hosts file: {error}.", field="lines") from None
    if not found:
        raise Invalid("Paste at least one line of a known_hosts file, such as “host ssh-ed25519 AAAA…”.", field="lines")
    return list(found.values())


def read_shown(text: str) -> list[HostKey]:
    """Read what a task left behind; lines that cannot be read are passed over. Slow: call it in a thread."""
    found: dict[str, HostKey] = {}
    for line in text.splitlines():
        if line in found:
            continue
        try:
            found |= {key.line: key for key in _entries(line)}
        except ValueError:
            continue
    return list(found.values())


def _entries(line: str) -> Iterator[HostKey]:
    words = line.split()
    if not words or words[0].startswith("#"):
        return
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker not in {"", AUTHORITY, REVOKED}:
        raise ValueError(f"the marker {marker} is not known")
    if len(words) < 3:
        raise ValueError("it needs a host, a type of key and the key")
    hosts, kind, key = words[:3]
    fingerprint = fingerprint_of(kind, key)
    for host in hosts.lower().split(","):
        yield HostKey(_checked_host(host), kind, key, fingerprint, marker)


def _checked_host(host: str) -> str:
    if host.startswith("|"):
        raise ValueError("its host is hashed, so nobody could read whose key it is; write the name itself")
    if host.startswith("!"):
        raise ValueError("exceptions (“!”) are not supported; name the hosts that the key is for")
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise ValueError("the host must be a name, an address or a pattern, or [name]:port")
    return host


def fingerprint_of(kind: str, key: str) -> str:
    """Return the fingerprint of a public key as OpenSSH shows it. Raises `ValueError` with half a sentence."""
    from asyncssh import KeyImportError, import_public_key  # noqa: PLC0415 - heavy, and few requests need it

    fine = _TYPE.fullmatch(kind) and _KEY.fullmatch(key) and len(key) <= LONGEST_KEY
    try:
        read = import_public_key(f"{kind} {key}") if fine and "-cert-v" not in kind else None
    except (KeyImportError, ValueError):
        read = None
    if read is None or read.get_algorithm() != kind:
        raise ValueError("the key cannot be read; it must be the public key of a host, in OpenSSH's format")
    return str(read.get_fingerprint())
