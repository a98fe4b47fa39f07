"""Moments and times of day that people send in."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.errors import Invalid
from hub.services import cron


def moment_of(text: str | None, field: str) -> datetime:
    """Read a moment such as 2030-01-31T12:00:00Z; without a zone it is UTC. Raises `Invalid`."""
    try:
        moment = datetime.fromisoformat(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"The member {field} must be a time such as 2030-01-31T12:00:00Z.", field=field) from None


def zoned(cron_format: str, time_zone: str) -> cron.Cron:
    """Read a cron text with its zone. `@every` has no times of day of its own. Raises `Invalid`."""
    read = cron.parse(cron_format, time_zone)
    if read.every is not None:
        raise Invalid("Name times of day here; @every counts from whenever it was begun.", field="cron_format")
    return read
