"""Routes of the audit: who did what, from where, and what changed."""

from __future__ import annotations

from dataclasses import replace

from hub import shapes
from hub.services import audit
from hub.services.access import MANAGE_RESOURCES
from hub.services.listing import Asked
from hub.web.api.about import Parameter
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.tables import CSV, JSON_LINES, as_csv, as_json_lines

COLUMNS = (
    "id", "created", "actor", "address", "project_id", "project_name", "object_type", "object_id", "description",
    "changes", "user_id", "username", "integration_id",
)  # fmt: skip
FILTERS = (
    Parameter("q", "Only what has all of these words; every filter of the list is taken as well."),
    Parameter("actor", "Only what they did, with commas between several."),
    Parameter("object_type", "Only what was done to such things, with commas between several."),
    Parameter("created__gte", "Only what was done from this moment on.", format="date-time"),
    Parameter("created__lt", "Only what was done before this moment.", format="date-time"),
)
_OF_PROJECT = "/project/{project_id}/audit"


@route("GET", "/audit", Access.ADMIN, wire=False, gives=list[shapes.AuditEntry], lists=audit.LISTING)
async def list_audit(call: Call) -> Answer:
    """What was done in the whole hub, newest first."""
    return await audit.list_audit(call.actor, None, asked(call))


@route(
    "GET", _OF_PROJECT, Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=list[shapes.AuditEntry],
    lists=audit.LISTING,
)  # fmt: skip
async def list_project_audit(call: Call) -> Answer:
    """What was done in a project, newest first."""
    return await audit.list_audit(call.actor, call.ids["project_id"], asked(call))


@route("GET", "/audit/csv", Access.ADMIN, wire=False, status=200, media=CSV, asks=FILTERS)
async def audit_as_csv(call: Call) -> Answer:
    """Everything that the filters leave, as a file for spreadsheets."""
    return as_csv(await audit.export(call.actor, None, _filters(call)), COLUMNS, "audit")


@route("GET", "/audit/jsonl", Access.ADMIN, wire=False, status=200, media=JSON_LINES, asks=FILTERS)
async def audit_as_json_lines(call: Call) -> Answer:
    """Everything that the filters leave, as a file with a JSON object in each line."""
    return as_json_lines(await audit.export(call.actor, None, _filters(call)), "audit")


@route(
    "GET", f"{_OF_PROJECT}/csv", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, status=200, media=CSV,
    asks=FILTERS,
)  # fmt: skip
async def project_audit_as_csv(call: Call) -> Answer:
    """Everything of a project that the filters leave, as a file for spreadsheets."""
    project_id = call.ids["project_id"]
    return as_csv(await audit.export(call.actor, project_id, _filters(call)), COLUMNS, f"audit-project-{project_id}")


@route(
    "GET", f"{_OF_PROJECT}/jsonl", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, status=200, media=JSON_LINES,
    asks=FILTERS,
)  # fmt: skip
async def project_audit_as_json_lines(call: Call) -> Answer:
    """Everything of a project that the filters leave, as a file with a JSON object in each line."""
    project_id = call.ids["project_id"]
    return as_json_lines(await audit.export(call.actor, project_id, _filters(call)), f"audit-project-{project_id}")


def _filters(call: Call) -> Asked:
    """What a file leaves out; it has no pages."""
    return replace(asked(call), limit=None, before="", after="")
