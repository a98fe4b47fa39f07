"""Shapes of what is kept for how long, and of what was done."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.shapes.kinds import described


@described
class Retention(TypedDict):
    """How long a project keeps what, and what would go now; 0 is without limit."""

    keep_tasks: int
    keep_days: int
    keep_log_days: int
    keep_log_mib: int
    tasks: int
    """Tasks that it has."""
    log_bytes: int
    """What their logs take as they are stored."""
    over_tasks: int
    """Tasks that are over a limit."""
    over_logs: int
    """Logs that are, of tasks that stay."""
