"""The route that finds things by name across projects."""

from __future__ import annotations

from dataclasses import asdict

from hub import shapes
from hub.errors import Invalid
from hub.services import finding
from hub.services.finding import KINDS, Sought
from hub.web.api.about import FOUND_KINDS, FOUND_MOST, FOUND_NEAR, FOUND_TEXT
from hub.web.api.queries import integer, limit_of
from hub.web.api.routing import Access, Answer, Call, route


@route(
    "GET", "/search", Access.USER, wire=False, gives=list[shapes.Found],
    asks=(FOUND_TEXT, FOUND_KINDS, FOUND_NEAR, FOUND_MOST),
)  # fmt: skip
async def search(call: Call) -> Answer:
    """Projects, templates and the things of projects whose names hold every word of `q`, and the task of a number."""
    kinds = frozenset(call.query.get("kinds", "").split(",")) - {""}
    if not kinds <= frozenset(KINDS):
        raise Invalid(f"The parameter kinds takes some of: {', '.join(KINDS)}.", field="kinds")
    sought = Sought(
        call.query.get("q", ""), integer(call, "project_id"), kinds or frozenset(KINDS), limit_of(call, finding.MOST)
    )
    return [asdict(one) for one in await finding.find_all(call.actor, sought)]
