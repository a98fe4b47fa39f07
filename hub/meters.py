"""What a process counts while it works: plain numbers, that cost next to nothing until somebody asks for them.

Names and labels are documented in docs/observability.md. A meter with labels holds so many series at most; what comes
beyond is counted together as `other`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 1000
"""Series of one meter."""
OTHER: Final = "other"

Labels = tuple[str, ...]


@dataclass(slots=True)
class Counter:
    """Something that only grows."""

    name: str
    text: str
    labels: Labels = ()
    values: dict[Labels, float] = field(default_factory=dict)

    def add(self, *labels: str, count: float = 1) -> None:
        """Count."""
        at = _series(self.values, labels)
        self.values[at] = self.values.get(at, 0) + count


@dataclass(slots=True)
class Spread:
    """How something is spread over bounds: a histogram."""

    name: str
    text: str
    bounds: tuple[float, ...]
    labels: Labels = ()
    values: dict[Labels, list[float]] = field(default_factory=dict)
    """Counts by bound, the last one beyond them all; behind it the sum."""

    def see(self, value: float, *labels: str) -> None:
        """Count a value."""
        at = _series(self.values, labels)
        row = self.values.get(at)
        if row is None:
            row = self.values[at] = [0.0] * (len(self.bounds) + 2)
        row[bisect_left(self.bounds, value)] += 1
        row[-1] += value


def _series(values: dict[Labels, float] | dict[Labels, list[float]], labels: Labels) -> Labels:
    return labels if labels in values or len(values) < MOST else (OTHER,) * len(labels)


_WEB: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_START: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0)
_RUN: Final = (1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 86400.0)

REQUESTS = Counter("hub_http_requests", "Requests that were answered.", ("method", "route", "status"))
REQUEST_SECONDS = Spread(
    "hub_http_request_seconds", "Time to answer a request, live views left out.", _WEB, ("method", "route")
)
STARTED = Spread("hub_task_start_seconds", "Time from the launch of a task until a worker has it.", _START, ("app",))
FINISHED = Counter("hub_tasks_finished", "Tasks that ended.", ("status", "app", "project_id", "template_id"))
TASK_SECONDS = Spread(
    "hub_task_seconds", "Time from the start of a task to its end.", _RUN,
    ("status", "app", "project_id", "template_id"),
)  # fmt: skip
LOG_LINES = Counter("hub_log_lines", "Lines of logs that were stored.")
LOG_BYTES = Counter("hub_log_bytes", "Bytes of logs that were stored, compressed.")
LEASES_LOST = Counter("hub_leases_lost", "Tasks that were ended because their worker was gone.")
WEBHOOKS = Counter("hub_webhooks", "Webhooks that came in, by what came of them.", ("outcome",))
SIGN_INS = Counter("hub_sign_ins", "Sign-ins, and those that failed.", ("outcome",))
NOTICES = Counter("hub_notices", "Notices that were sent, put off or given up.", ("notifier", "outcome"))
REMOVED = Counter("hub_retention_removed", "What retention has removed.", ("kind",))

COUNTERS: Final = (REQUESTS, FINISHED, LOG_LINES, LOG_BYTES, LEASES_LOST, WEBHOOKS, SIGN_INS, NOTICES, REMOVED)
SPREADS: Final = (REQUEST_SECONDS, STARTED, TASK_SECONDS)


def clear() -> None:
    """Begin at nothing."""
    for one in (*COUNTERS, *SPREADS):
        one.values.clear()
