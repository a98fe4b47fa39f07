"""Routes of projects as documents: the wire's two, and beside them secrets, dry runs, restoring into, and copies."""

from __future__ import annotations

import orjson
from quart import Response

from hub import shapes
from hub.services.access import EVERYTHING
from hub.services.backup import projects
from hub.services.backup.document import Document
from hub.services.backup.projects import RESTORES, BackupDraft, CopyDraft, RestoreDraft
from hub.web.api.about import DRY_RUN
from hub.web.api.routing import Access, Answer, Call, Made, route
from hub.web.errors import JSON


@route("GET", "/project/{project_id}/backup", Access.MEMBER, gives=shapes.Backup)
async def backup_project(call: Call) -> Answer:
    """The project as a document, without secrets."""
    return _pretty(await projects.backup(call.hub, call.actor, call.ids["project_id"]))


@route(
    "POST", "/project/{project_id}/backup", Access.MEMBER, wire=False, needs=EVERYTHING, takes=BackupDraft,
    gives=shapes.Backup,
)  # fmt: skip
async def backup_project_with_secrets(call: Call) -> Answer:
    """The project as a document with its secrets, locked with the passphrase of the body."""
    draft = BackupDraft.read(call.body)
    return _pretty(await projects.backup_with_secrets(call.hub, call.actor, call.ids["project_id"], draft))


@route(
    "POST", "/projects/restore", Access.USER, takes=RestoreDraft | Document, gives=shapes.Project | shapes.Restored,
    asks=(DRY_RUN,),
)  # fmt: skip
async def restore_project(call: Call) -> Answer:
    """Make a project of a document; with `dry_run=true` tell what would come of it."""
    return await projects.restore(call.hub, call.actor, call.body, dry_run=is_dry(call))


@route(
    "POST", "/project/{project_id}/restore", Access.MEMBER, wire=False, needs=RESTORES, takes=RestoreDraft | Document,
    gives=shapes.Restored, asks=(DRY_RUN,),
)  # fmt: skip
async def restore_into_project(call: Call) -> Answer:
    """Put a document into this project; with `dry_run=true` tell what would change."""
    return await projects.restore_into(call.hub, call.actor, call.ids["project_id"], call.body, dry_run=is_dry(call))


@route(
    "POST", "/project/{project_id}/copy", Access.MEMBER, wire=False, takes=CopyDraft, gives=shapes.Project, status=201
)
async def copy_project(call: Call) -> Answer:
    """Make another project like this one."""
    return Made(await projects.copy(call.hub, call.actor, call.ids["project_id"], CopyDraft.read(call.body)))


def is_dry(call: Call) -> bool:
    return call.query.get("dry_run", "") in {"1", "true", "yes"}


def _pretty(document: dict[str, object]) -> Response:
    """Write it as the wire does: two spaces, members in order, no end of line."""
    return Response(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS), content_type=JSON)
