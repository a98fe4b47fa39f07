"""Routes that deal with several templates at once, and tell what became of each."""

from __future__ import annotations

from hub import shapes
from hub.services import template_bulk
from hub.services.access import RUN_TASKS
from hub.services.template_bulk import BulkDraft, Order, RunDraft
from hub.web.api.routing import Access, Answer, Call, route

_ALL = "/project/{project_id}/templates"


@route(
    "POST", _ALL + "/run", Access.MEMBER, wire=False, needs=RUN_TASKS, takes=RunDraft, gives=list[shapes.TemplateFate]
)
async def run_templates(call: Call) -> Answer:
    """Start every template of these that asks nothing; the others are left out, and it is said why."""
    draft = RunDraft.read(call.body)
    return await _told(call, Order("run", tuple(draft.template_ids), message=draft.message))


@route("POST", _ALL + "/bulk", Access.MEMBER, wire=False, takes=BulkDraft, gives=list[shapes.TemplateFate])
async def change_templates(call: Call) -> Answer:
    """Stop, move or delete several templates, or switch their schedules."""
    draft = BulkDraft.read(call.body)
    action = "" if draft.action in {"run", "star"} else draft.action
    return await _told(call, Order(action, tuple(draft.template_ids), draft.view_id or None))


async def _told(call: Call, order: Order) -> Answer:
    fates = await template_bulk.carry_out(call.hub, call.actor, call.ids["project_id"], order)
    return [one.wire() for one in fates]
