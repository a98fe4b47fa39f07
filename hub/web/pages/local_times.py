"""Moments in forms: written in a time zone that the form names, stored in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hub.errors import Invalid
from hub.services import cron
from hub.web.forms import Field
from hub.web.i18n import gettext as _


def to_utc(text: str, zone: str, field: str) -> str | None:
    """Return a moment of a form as the API takes it; None for an empty field. Raises `Invalid`."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip()).replace(tzinfo=cron.zone_of(zone or "UTC"))
        return moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise Invalid(_("Write a day and a time such as 2030-01-31 12:00."), field=field) from None


def to_local(moment: datetime | str | None, zone: str) -> str:
    """Return a stored moment as a field of a form holds it."""
    if not moment:
        return ""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.astimezone(ZoneInfo(zone or "UTC")).strftime("%Y-%m-%dT%H:%M")


def zone_field(value: Any, error: str = "", when: str = "") -> Field:
    """Return the field that names the time zone; a script offers the reader's own in a new form."""
    return Field("time_zone", _("Time zone"), "line", value, required=True, error=error, when=when, placeholder="UTC",
                 limits={"list": "zones", "autocomplete": "off", "spellcheck": "false", "maxlength": 64})  # fmt: skip


@lru_cache(maxsize=1)
def zones() -> Sequence[str]:
    """Return the names of all time zones that people live in."""
    names = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *sorted(names))
