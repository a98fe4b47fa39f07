"""Statuses of a task and the moves between them.

waiting ──► starting ──► running ──► success | error | stopped
   ▲            │           │  ▲
   └────────────┘           ▼  └──────────── starting ◄── confirmed
                   waiting_confirmation ──► confirmed | rejected ──► error
any unfinished one ──► stopping ──► stopped
"""

from __future__ import annotations

from typing import Final

WAITING: Final = "waiting"
STARTING: Final = "starting"
RUNNING: Final = "running"
WAITING_CONFIRMATION: Final = "waiting_confirmation"
CONFIRMED: Final = "confirmed"
REJECTED: Final = "rejected"
STOPPING: Final = "stopping"
STOPPED: Final = "stopped"
SUCCESS: Final = "success"
ERROR: Final = "error"

FINISHED: Final = frozenset({STOPPED, SUCCESS, ERROR})
HELD: Final = frozenset({STARTING, RUNNING, STOPPING})
"""Statuses that use a slot: admitted and not yet over. A task that waits for a person uses none."""
UNFINISHED: Final = frozenset({WAITING, STARTING, RUNNING, WAITING_CONFIRMATION, CONFIRMED, REJECTED, STOPPING})

MOVES: Final[dict[str, frozenset[str]]] = {
    WAITING: frozenset({STARTING, STOPPED, ERROR}),
    STARTING: frozenset({RUNNING, WAITING, STOPPING, STOPPED, ERROR}),
    RUNNING: frozenset({SUCCESS, ERROR, STOPPED, STOPPING, WAITING_CONFIRMATION, WAITING}),
    WAITING_CONFIRMATION: frozenset({CONFIRMED, REJECTED, STOPPED, ERROR}),
    CONFIRMED: frozenset({STARTING, STOPPED, ERROR}),
    REJECTED: frozenset({ERROR}),
    STOPPING: frozenset({STOPPED, ERROR}),
    STOPPED: frozenset(),
    SUCCESS: frozenset(),
    ERROR: frozenset(),
}
"""What may follow what. `running → waiting` hands a task of a lost worker back to the queue."""


def sources_of(target: str) -> frozenset[str]:
    """Statuses from which `target` may be reached."""
    return frozenset(source for source, targets in MOVES.items() if target in targets)
