"""One part of the hub as its health shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OK: Final = "ok"
WARN: Final = "warn"
BAD: Final = "bad"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """A part, how it is, and why."""

    name: str
    state: str = OK
    reason: str = ""
    """A word for what is wrong; empty when nothing is."""
    facts: Mapping[str, Any] = field(default_factory=dict)
