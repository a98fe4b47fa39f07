"""Two runs side by side, on one page."""

from __future__ import annotations

from typing import Final

from quart import Response

from hub.services.tasks import compare as service
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.routing import Who, page

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
    return await visit.show("compare.html", found=found, label=_label)


def _label(name: str) -> str:
    """Return what a member is called on pages; variables by their own names."""
    if name in _LABELS:
        return _(_LABELS[name])
    kind, _dot, own = name.partition(".")
    return phrase(own.replace("_", " ").capitalize()) if kind == "params" else own or name
