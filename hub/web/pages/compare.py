"""Two runs side by side, on one page."""

from __future__ import annotations

import json
from typing import Final

from quart import Response

from hub.services.tasks import compare as service
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.routing import Who, page
from hub.web.pages.task_hosts import sign, word

_LABELS: Final = {
    "status": N_("Status"), "tpl_alias": N_("Template"), "user_name": N_("Started by"), "message": N_("Message"),
    "version": N_("Version"), "git_branch": N_("Branch"), "commit_hash": N_("Commit"), "inventory_id": N_("Inventory"),
    "playbook": N_("Script"), "arguments": N_("Arguments"), "exit_code": N_("Exit code"), "reason": N_("Reason"),
}  # fmt: skip


@page("/project/<int:project_id>/tasks/<int:task_id>/compare", Who.MEMBER)
async def compare(project_id: int, task_id: int) -> Response:
    """A run beside another one; beside the one before of its template unless the address names another."""
    here = visit.visit()
    other = visit.query_number("with") or await service.before(here.actor, project_id, task_id)
    found = await service.compare(here.actor, project_id, other, task_id)
    return await visit.show("compare.html", found=found, label=_label, plain=_plain, word=word, sign=sign)


def _plain(value: str) -> str:
    """Return a list of texts as its texts; what is no such list as it is."""
    try:
        found = json.loads(value) if value.startswith("[") else None
    except ValueError:
        return value
    return ", ".join(found) if found and all(isinstance(one, str) for one in found) else value


def _label(name: str) -> str:
    """Return what a member is called on pages; variables by their own names."""
    if name in _LABELS:
        return _(_LABELS[name])
    kind, _dot, own = name.partition(".")
    return phrase(own.replace("_", " ").capitalize()) if kind == "params" else own or name
