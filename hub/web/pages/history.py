"""A list of tasks that refreshes itself: filtered, newest first, continued by the last id that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from quart import request

from hub.services.listing import Asked
from hub.services.tasks.read import list_tasks
from hub.web.pages import visit

PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader filters by."""

    q: str
    status: str
    template: int | None


def wanted() -> Wanted:
    """Read the filter from the address."""
    status = request.args.get("status", "")
    known = status if status.isidentifier() else ""
    return Wanted(request.args.get("q", "").strip()[:200], known, visit.query_number("template"))


async def page_of_tasks(endpoint: str, project_id: int, template_id: int | None = None) -> dict[str, Any]:
    """Return what the list's template needs."""
    want = wanted()
    before = visit.query_number("before")
    asked = Asked(want.q, before=str(before or ""), limit=PAGE, filters={"status": want.status})
    shown = await list_tasks(visit.visit().actor, project_id, asked, template_id=template_id or want.template)
    kept = {"q": want.q or None, "status": want.status or None, "template": want.template}
    path: dict[str, Any] = {"project_id": project_id}
    if template_id is not None:
        path["template_id"] = template_id
    return {
        "tasks": shown,
        "wanted": want,
        "filtered": bool(want.q or want.status or want.template),
        "older": before is not None,
        "next_address": visit.address(endpoint, **path, **kept, before=shown[-1]["id"]) if shown.following else None,
        "newest_address": visit.address(endpoint, **path, **kept),
        "newest_address_bare": visit.address(endpoint, **path),
    }
