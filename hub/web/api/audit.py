"""Routes of the audit: who did what, from where, and what changed."""

from __future__ import annotations

from hub import shapes
from hub.services import audit
from hub.services.access import MANAGE_RESOURCES
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.tables import CSV, JSON_LINES, as_csv, as_json_lines

COLUMNS = (
    "id", "created", "actor", "address", "project_id", "project_name", "object_type", "object_id", "description",
    "changes", "user_id", "username", "integration_id",
)  # fmt: skip
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


@route("GET", "/audit/csv", Access.ADMIN, wire=False, status=200, media=CSV, lists=audit.LISTING)
async def audit_as_csv(call: Call) -> Answer:
    """Everything that the filters leave, as a file for spreadsheets."""
    return as_csv(await audit.export(call.actor, None, asked(call)), COLUMNS, "audit")


@route("GET", "/audit/jsonl", Access.ADMIN, wire=False, status=200, media=JSON_LINES, lists=audit.LISTING)
async def audit_as_json_lines(call: Call) -> Answer:
    """Everything that the filters leave, as a file with a JSON object in each line."""
    return as_json_lines(await audit.export(call.actor, None, asked(call)), "audit")


@route(
    "GET", f"{_OF_PROJECT}/csv", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, status=200, media=CSV,
    lists=audit.LISTING,
)  # fmt: skip
async def project_audit_as_csv(call: Call) -> Answer:
    """Everything of a project that the filters leave, as a file for spreadsheets."""
    project_id = call.ids["project_id"]
    return as_csv(await audit.export(call.actor, project_id, asked(call)), COLUMNS, f"audit-project-{project_id}")


@route(
    "GET", f"{_OF_PROJECT}/jsonl", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, status=200, media=JSON_LINES,
    lists=audit.LISTING,
)  # fmt: skip
async def project_audit_as_json_lines(call: Call) -> Answer:
    """Everything of a project that the filters leave, as a file with a JSON object in each line."""
    project_id = call.ids["project_id"]
    return as_json_lines(await audit.export(call.actor, project_id, asked(call)), f"audit-project-{project_id}")
