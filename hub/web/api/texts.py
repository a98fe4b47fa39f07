"""The route that looks at a text which somebody writes."""

from __future__ import annotations

from hub import shapes
from hub.services import texts
from hub.services.texts import TextDraft
from hub.web.api.routing import Access, Answer, Call, route


@route(
    "POST", "/project/{project_id}/texts/check", Access.MEMBER, wire=False, takes=TextDraft,
    gives=shapes.TextFaults, status=200,
)  # fmt: skip
async def check(call: Call) -> Answer:
    """What is wrong with a text in YAML, in JSON, or of an inventory in the manner of INI files, and in which line."""
    return await texts.check(call.actor, call.ids["project_id"], TextDraft.read(call.body))
