"""Shapes of what is kept for how long, of what was done, and of how the hub is."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time


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


class AuditEntry(TypedDict):
    """What somebody did, from where, and what changed with it."""

    id: int
    created: Time
    actor: str
    """Who, by the name of that day: a person, a token, a schedule, an integration, or the hub itself."""
    address: str
    """Network address that the request came from; empty for what the hub did by itself."""
    object_type: str | None
    object_id: int | None
    description: str | None
    changes: Free | None
    """By name: what it was and what it is; null for a secret, of which only is told that it changed."""
    user_id: int | None
    username: str | None
    """What the person is called today."""
    integration_id: int | None
    project_id: int | None
    project_name: str | None


class HealthNode(TypedDict):
    """The process that answers."""

    name: str
    version: str
    python: str
    system: str
    uptime_seconds: int


class HealthPart(TypedDict):
    """A part of the hub and how it is."""

    name: str
    """`database`, `queue`, `workers`, `tasks`, `storage`, `upkeep`, `schedules`, `deliveries`, `notices`, `keys` or
    `plugins`."""
    state: Literal["ok", "warn", "bad", "unknown"]
    reason: str
    """A word for what is wrong, such as `away`, `slow` or `late`; empty when nothing is."""
    facts: Free


class Health(TypedDict):
    """How the hub is."""

    state: Literal["ok", "warn", "bad", "unknown"]
    """That of the worst part."""
    node: HealthNode
    parts: list[HealthPart]
