"""Routes of templates as files: one with all that it names, and putting it into a project."""

from __future__ import annotations

from hub import shapes
from hub.services.backup import template_file
from hub.services.backup.template_file import ImportDraft
from hub.web.api.about import DRY_RUN
from hub.web.api.backups import is_dry
from hub.web.api.routing import Access, Answer, Call, route

_ALL = "/project/{project_id}/templates"


@route(
    "GET", _ALL + "/{template_id}/export", Access.MEMBER, wire=False, needs=template_file.NEEDS,
    gives=shapes.TemplateFile,
)  # fmt: skip
async def export_template(call: Call) -> Answer:
    """A template with all that it names, without secrets."""
    return await template_file.export(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"])


@route(
    "POST", _ALL + "/import", Access.MEMBER, wire=False, takes=ImportDraft, gives=shapes.TemplateImported,
    asks=(DRY_RUN,),
)  # fmt: skip
async def import_template(call: Call) -> Answer:
    """Put the file of a template into this project; with `dry_run=true` tell what would come of it."""
    draft = ImportDraft.read(call.body)
    return await template_file.put(call.hub, call.actor, call.ids["project_id"], draft, dry_run=is_dry(call))
