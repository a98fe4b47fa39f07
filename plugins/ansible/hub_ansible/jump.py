"""Jump hosts as people write them: `user@host:port`, several with commas between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MOST: Final = 5
_ONE: Final = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_.][A-Za-z0-9_.@+-]*)@)?"
    r"(?:(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]*)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Jump:
    """A host on the way."""

    host: str
    user: str = ""
    port: int = 0


def jumps_of(text: str) -> list[Jump]:
    """Return the hosts, the first to be reached first. Raises `ValueError` with a sentence."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > _MOST:
        raise ValueError(f"Name at most {_MOST} jump hosts.")
    return [_read(part) for part in parts]


def _read(text: str) -> Jump:
    match = _ONE.fullmatch(text)
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        raise ValueError("Write a jump host as host, user@host or user@host:port, several with commas between.")
    return Jump(match["host"] or match["address"], match["user"] or "", int(match["port"] or 0))


def checked(text: str) -> str:
    """Return the text as it is kept."""
    jumps_of(text)
    return text.strip()
