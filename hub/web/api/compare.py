"""The route that lays two runs side by side."""

from __future__ import annotations

from dataclasses import asdict

from hub import shapes
from hub.services.tasks import compare
from hub.web.api.about import OTHER_RUN
from hub.web.api.queries import integer
from hub.web.api.routing import Access, Answer, Call, route


@route(
    "GET", "/project/{project_id}/tasks/{task_id}/compare", Access.MEMBER, wire=False, gives=shapes.Comparison,
    asks=(OTHER_RUN,),
)  # fmt: skip
async def compare_tasks(call: Call) -> Answer:
    """Two runs: what was asked of each, what became of their hosts, and where their logs differ."""
    project_id, task_id = call.ids["project_id"], call.ids["task_id"]
    other = integer(call, "with")
    if other is None:
        other = await compare.before(call.actor, project_id, task_id)
    found = asdict(await compare.compare(call.actor, project_id, other, task_id))
    for hunk in found["hunks"]:
        hunk["lines"] = [{"sign": sign, "s": text} for sign, text in hunk["lines"]]
    return found
