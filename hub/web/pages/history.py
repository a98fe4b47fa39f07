"""A list of tasks that refreshes itself: filtered, newest first, continued from where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from quart import request

from hub.services import user_options, zone_days
from hub.services.listing import Asked
from hub.services.tasks.read import list_tasks
from hub.web.pages import visit

PAGE: Final = 30

STARTERS: Final[dict[str, dict[str, str]]] = {
    "person": {"schedule_id__null": "true", "integration_id__null": "true"},
    "schedule": {"schedule_id__null": "false"},
    "integration": {"integration_id__null": "false"},
}
"""What starts tasks, and the filters that choose them."""


_FIRST, _LAST = date(1970, 1, 1), date(9999, 12, 30)
"""No zone moves what lies between them out of the calendar."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader filters by."""

    q: str
    status: str
    template: int | None
    user: int | None = None
    by: str = ""
    """What started it: a key of `STARTERS`."""
    since: str = ""
    until: str = ""
    """First and last day."""
    zone: str = "UTC"
    """Where these days begin and end."""

    @property
    def filters(self) -> dict[str, str]:
        """The same, as lists are asked for it."""
        found = {"status": self.status, **STARTERS.get(self.by, {})}
        if self.user is not None:
            found["user_id"] = str(self.user)
        if self.since:
            found["created__gte"] = self._begin(date.fromisoformat(self.since))
        if self.until:
            found["created__lt"] = self._begin(date.fromisoformat(self.until) + timedelta(days=1))
        return found

    def _begin(self, day: date) -> str:
        return zone_days.begin(day, self.zone).isoformat()

    @property
    def kept(self) -> dict[str, Any]:
        """The same, as parameters of an address."""
        members = ("q", "status", "template", "user", "by", "since", "until")
        found = {name: getattr(self, name) or None for name in members}
        return found | {"zone": self.zone if self.since or self.until else None}

    @property
    def further(self) -> bool:
        """One of the rarer filters is in use."""
        return bool(self.user or self.by or self.since or self.until)


def wanted() -> Wanted:
    """Read the filter from the address."""
    status = request.args.get("status", "")
    known = status if status.isidentifier() else ""
    by = request.args.get("by", "")
    return Wanted(
        request.args.get("q", "").strip()[:200], known, visit.query_number("template"), visit.query_number("user"),
        by if by in STARTERS else "", _day("since"), _day("until"), _zone(),
    )  # fmt: skip


def _zone() -> str:
    """Return the zone that the address names, else the reader's own."""
    named = request.args.get("zone", "")
    return named if user_options.is_zone(named) else visit.days_zone()


def _day(name: str) -> str:
    """Return a day of the query; empty when there is none."""
    text = request.args.get(name, "")
    try:
        return text if len(text) == len("2030-01-31") and _FIRST < date.fromisoformat(text) < _LAST else ""
    except ValueError:
        return ""


async def page_of_tasks(endpoint: str, project_id: int, template_id: int | None = None) -> dict[str, Any]:
    """Return what the list's template needs."""
    want = wanted()
    after, before = request.args.get("after", ""), visit.query_number("before")  # the latter of old links
    asked = Asked(want.q, after=after, before="" if after else str(before or ""), limit=PAGE, filters=want.filters)
    shown = await list_tasks(visit.visit().actor, project_id, asked, template_id=template_id or want.template)
    kept = want.kept
    path: dict[str, Any] = {"project_id": project_id}
    if template_id is not None:
        path["template_id"] = template_id
    return {
        "tasks": shown,
        "wanted": want,
        "kept": kept,
        "filtered": any(kept.values()),
        "older": bool(after) or before is not None,
        "next_address": visit.address(endpoint, **path, **kept, after=shown.following) if shown.following else None,
        "newest_address": visit.address(endpoint, **path, **kept),
        "newest_address_bare": visit.address(endpoint, **path),
    }
