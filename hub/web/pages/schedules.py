"""Schedules of a project: the list with its switches, and the calendar of the days to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from quart import Response, request

from hub.errors import Invalid
from hub.services import cron, forecast, freezes, schedules
from hub.services.freezes import FreezeDraft
from hub.services.listing import Asked
from hub.web.i18n import gettext as _
from hub.web.pages import cron_fields, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import SEND, Who, page

ROWS: Final = 100
FEW: Final = 3
"""Starts of one schedule on one day that the calendar shows one by one."""
_ROOT = "/project/<int:project_id>/schedule"
_WEEKDAYS: Final = cron_fields.DAYS


@page(_ROOT, Who.MEMBER, name="schedules")
async def listing(project_id: int) -> Response:
    """All schedules, by name."""
    here = visit.visit()
    search = request.args.get("q", "").strip()[:200]
    asked = Asked(q=search, sort="name", limit=ROWS, after=request.args.get("after", ""))
    found = await schedules.list_all(here.actor, project_id, asked)
    return await visit.show(
        "schedules.html", section="schedule", tab="list", search=search, following=found.following,
        rows=[row | {"when": cron_fields.spoken(row["cron_format"])} for row in found],
        frozen=await frozen_now(project_id),
    )  # fmt: skip


@page(f"{_ROOT}/<int:item_id>/active", Who.MEMBER, methods=SEND)
async def schedule_active(project_id: int, item_id: int) -> Response:
    """Switch one on or off."""
    here, wanted = visit.visit(), (await request.form).get("active") == "true"
    try:
        await schedules.set_active(here.hub, here.actor, project_id, item_id, active=wanted)
    except FORM_ERRORS as fault:
        return visit.go("schedules", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("schedules", project_id=project_id, say=_("Switched on.") if wanted else _("Switched off."))


@page(f"{_ROOT}/pause", Who.MEMBER, methods=SEND)
async def schedules_pause(project_id: int) -> Response:
    """Pause all of them with a freeze that lasts until somebody ends it."""
    here = visit.visit()
    name = _("Paused by %(name)s", name=here.actor.label)[:100]
    await freezes.create_freeze(here.hub, here.actor, project_id, FreezeDraft.read({"name": name}))
    return visit.go("schedules", project_id=project_id, say=_("All schedules are paused."))


@page(f"{_ROOT}/resume", Who.MEMBER, methods=SEND)
async def schedules_resume(project_id: int) -> Response:
    """End a freeze that has no end of its own."""
    here, freeze_id = visit.visit(), visit.query_number("freeze", await request.form) or 0
    await freezes.delete_freeze(here.hub, here.actor, project_id, freeze_id)
    return visit.go("schedules", project_id=project_id, say=_("The schedules go on."))


@page(f"{_ROOT}/calendar", Who.MEMBER)
async def schedule_calendar(project_id: int) -> Response:
    """What will start today and on the six days after."""
    here, wanted = visit.visit(), request.args.get("time_zone", "").strip()
    error = ""
    try:
        zone = cron.zone_of(wanted or "UTC")
    except Invalid:
        zone, error = ZoneInfo("UTC"), _("There is no time zone of that name.")
    found = await forecast.forecast(here.hub, here.actor, project_id, time_zone=zone.key)
    today = here.hub.clock().astimezone(zone).date()
    by_day = {
        day: _together(list(group))
        for day, group in groupby((_entry(one, zone) for one in found), key=lambda one: one["clock"].date())
    }
    days = [today + timedelta(days=number) for number in range(forecast.DAYS)]
    return await visit.show(
        "calendar.html", status=400 if error else 200, section="schedule", tab="calendar", error=error,
        shown_zone=zone.key, chosen=bool(wanted),
        days=[(day, _(_WEEKDAYS[day.weekday()]), by_day.get(day, [])) for day in days],
    )  # fmt: skip


def _entry(coming: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {**coming, "clock": coming["at"].astimezone(zone)}


def _together(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Draw what starts more than a few times on a day once, with the number of its times."""
    often = Counter((one["schedule_id"], one["freeze"]) for one in entries)
    shown: dict[Any, dict[str, Any]] = {}
    for one in entries:
        key = (one["schedule_id"], one["freeze"])
        times = often[key]
        more = one["more"] or shown.get(key, {}).get("more", False)
        if times <= FEW:
            shown[key, one["at"]] = one | {"times": 1}
        else:
            shown[key] = shown.get(key, one) | {"times": times, "more": more}
    return list(shown.values())


async def frozen_now(project_id: int) -> dict[str, Any] | None:
    """Return the freeze that holds the schedules back now, the one that lasts longest."""
    here = visit.visit()
    now: datetime = here.hub.clock()
    lasting = [
        (until, row) for row in await freezes.list_freezes(here.actor, project_id)
        if row["active"] and (until := freezes.end_of_shape(row, now)) is not None
    ]  # fmt: skip
    if not lasting:
        return None
    until, row = max(lasting, key=lambda one: one[0])
    return row | {"until": until if until < freezes.FOREVER else None}
