"""Figures of a project as charts, and the overview of all projects that the reader sees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from quart import Response, request

from hub.services import dashboard, zone_days
from hub.services.dashboard import SPANS, Figures, Scope
from hub.web.i18n import gettext as _
from hub.web.i18n import ngettext
from hub.web.pages import visit
from hub.web.pages.routing import Who, page

USUAL: Final = 30

_OUTCOMES: Final = ("success", "error", "stopped")


@page("/project/<int:project_id>/stats", Who.MEMBER)
async def stats(project_id: int) -> Response:
    """What fails, and how many tasks ended how, ran how long and waited how long, by day."""
    scope = await dashboard.scope_of(visit.visit().actor, project_id)
    address = visit.address("stats", project_id=project_id, part="failing")
    if visit.wants_fragment():
        return await visit.show("parts/failing.html", failing=await dashboard.failing(scope), failing_address=address)
    return await visit.show("stats.html", tab="stats", failing_address=address, **await _shared(scope))


@page("/overview", Who.USER)
async def overview() -> Response:
    """What is at work and what fails in every project that the reader sees, with the figures of all of them."""
    scope = await dashboard.scope_of(visit.visit().actor)
    addresses: dict[str, Any] = {
        "now_address": visit.address("overview"), "failing_address": visit.address("overview", part="failing"),
        "everywhere": True,
    }  # fmt: skip
    if visit.wants_fragment() and request.args.get("part") == "failing":
        return await visit.show("parts/failing.html", failing=await dashboard.failing(scope), **addresses)
    now = await dashboard.at_work(scope)
    if visit.wants_fragment():
        return await visit.show("parts/now.html", now=now, **addresses)
    return await visit.show("overview.html", now=now, **addresses, **await _shared(scope))


async def _shared(scope: Scope) -> dict[str, Any]:
    wanted = visit.query_number("days")
    days = wanted if wanted in SPANS else USUAL
    hub, zone = visit.visit().hub, visit.days_zone()
    found = await dashboard.figures(hub, scope, days, zone)
    rows = rows_of(found, zone_days.today(zone, hub.clock()), days)
    return {
        "days_zone": zone, "days": days, "spans": SPANS, "rows": rows, "cut": found.cut, "said": summary_of(rows, days),
        "failing": await dashboard.failing(scope),
    }  # fmt: skip


def rows_of(found: Figures, today: date, days: int) -> list[dict[str, Any]]:
    """Return one row for each day, also for those without tasks, oldest first."""
    known = {one["date"]: one for one in found.days}
    rows = []
    for back in range(days, -1, -1):
        day = (today - timedelta(days=back)).isoformat()
        one = known.get(day, {"count_by_status": {}, "avg_duration": 0, "avg_wait": 0})
        counts = {name: one["count_by_status"].get(name, 0) for name in _OUTCOMES}
        unfinished = sum(one["count_by_status"].values()) - sum(counts.values())
        rows.append({"date": day, **counts, "other": unfinished, "ran": one["avg_duration"], "waited": one["avg_wait"]})
    return rows


def summary_of(rows: list[dict[str, Any]], days: int) -> str:
    """Say in a sentence what the charts show."""
    ended = sum(row[name] for row in rows for name in _OUTCOMES)
    if not ended:
        return ngettext("Nothing ended in the last %(n)s day.", "Nothing ended in the last %(n)s days.", days)
    failed = sum(row["error"] for row in rows)
    share = round(100 * failed / ended)
    return _("%(ended)s tasks ended; %(failed)s of them failed (%(share)s %%).",
             ended=ended, failed=failed, share=share)  # fmt: skip
