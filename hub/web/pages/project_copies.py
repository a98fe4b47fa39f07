"""A project as a whole, taken away in a file or made once more; its settings tell what was wrong with the wish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from quart import Response, request

from hub.services.backup import projects as service
from hub.services.backup.projects import BackupDraft, CopyDraft
from hub.web.i18n import gettext as _
from hub.web.pages import projects, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import FORM, SEND, Who, page


@page("/project/<int:project_id>/backup/file", Who.MEMBER, methods=FORM)
async def backup_file(project_id: int) -> Response:
    """Download the project as a document; sent as a form, with its secrets."""
    here = visit.visit()
    if request.method == "GET":
        return _download(
            here.grant.project_name if here.grant else "", await service.backup(here.hub, here.actor, project_id)
        )
    passphrase = (await request.form).get("passphrase", "")
    try:
        draft = BackupDraft.read({"passphrase": passphrase})
        document = await service.backup_with_secrets(here.hub, here.actor, project_id, draft)
    except FORM_ERRORS as fault:
        return await projects.refused(project_id, await request.form, *faults(fault, {"passphrase": "passphrase"}))
    return _download(here.grant.project_name if here.grant else "", document)


@page("/project/<int:project_id>/copy", Who.MEMBER, methods=SEND)
async def project_copy(project_id: int) -> Response:
    """Make another project like this one."""
    here, sent = visit.visit(), await request.form
    try:
        draft = CopyDraft.read({"name": sent.get("copy_name", ""), "secrets": "secrets" in sent})
        made = await service.copy(here.hub, here.actor, project_id, draft)
    except FORM_ERRORS as fault:
        return await projects.refused(project_id, sent, *faults(fault, {"name": "copy_name"}))
    say = _("The copy is there.") if draft.secrets else _("The copy is there. Enter its secrets in the key store.")
    return visit.go("project_home", project_id=made["id"], say=say)


def _download(name: str, document: Mapping[str, Any]) -> Response:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "project"
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    headers = {"Content-Disposition": f'attachment; filename="backup-{plain[:80]}.json"', "Cache-Control": "no-store"}
    return Response(data, content_type="application/json", headers=headers)
