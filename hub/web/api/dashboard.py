"""Routes of dashboards: what is at work and what fails, with figures by day."""

from __future__ import annotations

from hub import shapes
from hub.services import cron, dashboard
from hub.web.api.about import FIGURES, FIGURES_ZONE
from hub.web.api.queries import integer
from hub.web.api.routing import Access, Answer, Call, route

_USUAL = 30
_ASKS = (FIGURES, FIGURES_ZONE)


@route("GET", "/dashboard", Access.USER, wire=False, gives=shapes.Dashboard, asks=_ASKS)
async def of_all(call: Call) -> Answer:
    """What is at work and what fails in every project that the caller sees, with figures by day."""
    return await _whole(call, await dashboard.scope_of(call.actor))


@route(
    "GET",
    "/project/{project_id}/dashboard",
    Access.MEMBER,
    wire=False,
    gives=shapes.Dashboard,
    asks=_ASKS,
)
async def of_project(call: Call) -> Answer:
    """What is at work and what fails in a project, with figures by day."""
    return await _whole(call, await dashboard.scope_of(call.actor, call.ids["project_id"]))


async def _whole(call: Call, scope: dashboard.Scope) -> Answer:
    days = integer(call, "days")
    zone = cron.zone_of(call.query.get("time_zone") or "UTC").key
    figures = await dashboard.figures(call.hub, scope, _USUAL if days is None else days, zone)
    now = await dashboard.at_work(scope)
    return {
        "at_work": now.tasks, "counts": now.counts, "failing": await dashboard.failing(scope), "days": figures.days,
        "cut": figures.cut,
    }  # fmt: skip
