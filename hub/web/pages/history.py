"""A list of tasks that refreshes itself: filtered, newest first, continued by the last id that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from quart import request, url_for

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


async def page_of_tasks(endpoint: str, project_id: int, template_id: int | None = None, **path: int) -> dict[str, Any]:
    """Return what the list's template needs."""
    want = wanted()
    before = visit.query_number("before")
    found = await list_tasks(
        visit.visit().actor,
        project_id,
        template_id=template_id if template_id is not None else want.template,
        status=[want.status] if want.status else (),
        search=want.q,
        before=before,
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    kept = {"q": want.q or None, "status": want.status or None, "template": want.template}
    address = {"project_id": project_id, **path}
    return {
        "tasks": shown,
        "wanted": want,
        "filtered": bool(want.q or want.status or want.template),
        "older": before is not None,
        "next_address": url_for(endpoint, **address, **kept, before=shown[-1]["id"]) if len(found) > PAGE else None,
        "newest_address": url_for(endpoint, **address, **kept),
        "newest_address_bare": url_for(endpoint, **address),
    }
