"""Routes of drift: what tasks have found that looked for it, and starting one."""

from __future__ import annotations

from hub import shapes
from hub.services import drift, drift_looks
from hub.services.access import RUN_TASKS
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_OF_TEMPLATE = "/project/{project_id}/templates/{template_id}/drift"


@route("GET", "/project/{project_id}/drift", Access.MEMBER, wire=False, gives=list[shapes.Drift], lists=drift.STANDING)
async def project_drift(call: Call) -> Answer:
    """The last look at each template and inventory, by the name of the template."""
    return await drift.standing(call.actor, call.ids["project_id"], asked(call))


@route("GET", _OF_TEMPLATE, Access.MEMBER, wire=False, gives=list[shapes.DriftCheck], lists=drift.CHECKS)
async def template_drift(call: Call) -> Answer:
    """Looks at a template, newest first."""
    return await drift.list_checks(call.actor, call.ids["project_id"], call.ids["template_id"], asked(call))


@route(
    "POST", _OF_TEMPLATE, Access.MEMBER, body=False, wire=False, needs=RUN_TASKS, gives=shapes.NewTask, status=201
)  # fmt: skip
async def look_for_drift(call: Call) -> Answer:
    """Start a task that looks whether what a template describes is still so."""
    return Made(await drift_looks.start(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"]))
