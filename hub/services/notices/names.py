"""What may be told: one name for each kind of news. Channels say which of them they want."""

from __future__ import annotations

from typing import Final

STARTED: Final = "task.started"
SUCCESS: Final = "task.success"
FAILED: Final = "task.failed"
STOPPED: Final = "task.stopped"
WAITS: Final = "task.waiting_confirmation"
RECOVERED: Final = "task.recovered"
DRIFT_OPENED: Final = "drift.opened"
DRIFT_CLOSED: Final = "drift.closed"
SCHEDULE_FAILED: Final = "schedule.failed"
WORKER_LOST: Final = "worker.lost"
KEY_EXPIRING: Final = "key.expiring"
TEST: Final = "test"
"""What a person sends to see whether it arrives; no channel asks for it."""

EVENTS: Final = (
    STARTED, SUCCESS, FAILED, STOPPED, WAITS, RECOVERED, DRIFT_OPENED, DRIFT_CLOSED, SCHEDULE_FAILED, WORKER_LOST,
    KEY_EXPIRING,
)  # fmt: skip
USUAL: Final = (FAILED, WAITS, RECOVERED)
"""What a new channel is told unless it says otherwise."""
