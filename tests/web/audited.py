"""Every request that changes something leaves an event; whoever calls the API in tests demands it."""

from __future__ import annotations

import re

from hub.models import Event
from hub.web.api.routing import ROUTES

SILENT: dict[str, str] = {
    "POST /project/{project_id}/texts/check": "changes nothing",
    "POST /project/{project_id}/repositories/look": "changes nothing",
    "POST /auth/verify": "ends the sign-in that has an event; wrong codes and recovery codes have their own",
    "POST /user/options": "how the reader wants to see things",
    "PUT /project/{project_id}/templates/{template_id}/star": "how the reader wants to see things",
    "DELETE /project/{project_id}/templates/{template_id}/star": "the same",
    "POST /debug/gc": "changes nothing",
    "POST /debug/pprof/dump": "changes nothing",
    "POST /project/{project_id}/schedules/validate": "changes nothing",
    "POST /project/{project_id}/templates/{template_id}/hosts": "changes nothing",
    "POST /project/{project_id}/templates/{template_id}/preview": "changes nothing",
    "POST /project/{project_id}/inventory/{inventory_id}/hosts": "changes nothing",
    "POST /project/{project_id}/known_hosts": "answers so for keys that are known already, too",
    "POST /project/{project_id}/notifications/test": "changes nothing",
    "POST /project/{project_id}/integrations/{integration_id}/test": "changes nothing",
    "DELETE /project/{project_id}/integrations/aliases/{alias_id}": "answers so where there is nothing to delete, too",
    "DELETE /project/{project_id}/integrations/{integration_id}/aliases/{alias_id}": "the same",
    "POST /project/{project_id}/tasks/{task_id}/stop": "answers so for a task that is over, too",
}
"""Routes that change something and leave no event, each with the reason."""


async def newest_event() -> int:
    """Return the id of the last event; 0 when there is none."""
    found = await Event.all().order_by("-id").limit(1).values_list("id", flat=True)
    return int(found[0]) if found else 0


async def demand_event(method: str, path: str, before: int) -> None:
    """Refuse a success that told nobody."""
    if "dry_run=true" in path:
        return
    name = f"{method} {pattern_of(method, path.partition('?')[0])}"
    assert name in SILENT or await newest_event() > before, f"{name} changed something and left no event"


def pattern_of(method: str, path: str) -> str:
    """Return the route that a path is one of."""
    fitting = [one.path for one in ROUTES.all if one.method == method and _expression(one.path).fullmatch(path)]
    return min(fitting, key=lambda one: one.count("{"), default=path)


def _expression(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
