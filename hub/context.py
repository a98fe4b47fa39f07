"""What every verb is handed: the hub, wired once by `hub.boot`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.bell import Bell
from hub.queue import Queue
from hub.registry import Registry
from hub.settings import Settings
from hub.tally import Tally
from hub.tally.memory import MemoryTally
from hub.vault import Vault


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Hub:
    """Settings and seams. Holds no state of its own; the database does."""

    settings: Settings
    registry: Registry
    queue: Queue
    bell: Bell
    vault: Vault = field(repr=False)
    node: str
    """Name of this process among all: host, pid and a random part."""
    clock: Callable[[], datetime] = utc_now
    tally: Tally = field(default_factory=MemoryTally)
