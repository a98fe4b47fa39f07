"""Backups of a project: what its settings show of them, and restoring with a look at what would come of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

import orjson
from quart import Response, request, url_for

from hub.errors import Invalid
from hub.services.access import EVERYTHING
from hub.services.backup import projects as service
from hub.services.backup.locked import SHORTEST
from hub.services.projects import require_creator
from hub.web.forms import Field
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import Filled
from hub.web.pages.routing import FORM, Who, page

KINDS: Final[Mapping[str, str]] = {
    "secret_storages": N_("Secret storages"), "roles": N_("Roles"), "environments": N_("Variable groups"),
    "views": N_("Views"), "keys": N_("Keys"), "repositories": N_("Repositories"), "inventories": N_("Inventories"),
    "templates": N_("Templates"), "host_configs": N_("Keys of hosts"), "integrations": N_("Integrations"),
    "schedules": N_("Schedules"), "freezes": N_("Freezes"), "known_hosts": N_("Known hosts"),
    "channels": N_("Channels"),
}  # fmt: skip

_SHOWN: Final = 400_000
"""Letters of a document that the page carries from the look to the deed; a form's fields are not much larger."""


@page("/project/restore", Who.USER, methods=FORM)
async def project_restore() -> Response:
    """Make a project of a backup."""
    here = visit.visit()
    require_creator(here.hub, here.actor)
    return await _restore(None)


@page("/project/<int:project_id>/restore", Who.MEMBER, methods=FORM)
async def project_restore_into(project_id: int) -> Response:
    """Put a backup into this project."""
    return await _restore(project_id)


async def _restore(project_id: int | None) -> Response:
    here = visit.visit()
    sent: Mapping[str, str] = await request.form if request.method == "POST" else {}
    text = await sent_text(sent) if sent else ""
    error, errors, report = "", dict[str, str](), None
    only_look = sent.get("do") != "restore"
    if sent:
        try:
            body = {"backup": _parsed(text), "name": sent.get("name", ""), "passphrase": sent.get("passphrase", "")}
            if project_id is None:
                report = await service.restore(here.hub, here.actor, body, dry_run=only_look)
            else:
                report = await service.restore_into(here.hub, here.actor, project_id, body, dry_run=only_look)
            if not only_look:
                return _done(report, project_id)
        except FORM_ERRORS as fault:
            error, errors = faults(fault, {"name": "name", "passphrase": "passphrase", "backup": "text"})
    return await visit.show(
        "restore.html", status=400 if error or errors else 200, error=error, errors=errors,
        fields=_fields(sent, errors, project_id),
        report=report, changes=_by_kind(report), text=text if len(text) <= _SHOWN else "", long=len(text) > _SHOWN,
        section="projects" if project_id is None else "settings", pid=project_id,
        trail=[(_("Projects"), url_for("pages.projects"))] if project_id is None
        else [(_("Settings"), url_for("pages.project_settings", project_id=project_id))],
    )  # fmt: skip


def _done(report: Mapping[str, Any], project_id: int | None) -> Response:
    if project_id is None:
        return visit.go("project_home", project_id=report["id"], say=_("The project is restored."))
    say = _(
        "Restored: %(added)s added, %(changed)s changed.",
        added=report["counts"]["added"], changed=report["counts"]["changed"],
    )  # fmt: skip
    return visit.go("project_settings", project_id=project_id, say=say)


async def sent_text(sent: Mapping[str, str]) -> str:
    """Return the file that was chosen, else the text of the field."""
    file = (await request.files).get("file")
    if file is None or not file.filename:
        return sent.get("text", "")
    try:
        return bytes(file.read()).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _parsed(text: str) -> Any:
    if not text.strip():
        raise Invalid(_("Choose the file of a backup, or paste its text."), field="backup")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid(_("This is no JSON document, so it is no backup of a project."), field="backup") from None


def _fields(sent: Mapping[str, str], errors: Mapping[str, str], project_id: int | None) -> list[Field]:
    name = Field(
        "name", _("Name"), "line", sent.get("name", ""), error=errors.get("name", ""), limits={"maxlength": 255},
        help=_("Empty for the name that the backup has."),
    )  # fmt: skip
    passphrase = Field(
        "passphrase", _("Passphrase"), "secret", error=errors.get("passphrase", ""),
        help=_("Only where secrets are locked in the backup and you want them. It is asked for at each step."),
    )  # fmt: skip
    return [name, passphrase] if project_id is None else [passphrase]


def _by_kind(report: Mapping[str, Any] | None) -> list[tuple[str, list[Mapping[str, Any]]]]:
    if report is None or "changes" not in report:
        return []
    grouped = groupby(report["changes"], key=lambda one: one["kind"])
    return [(phrase(KINDS[kind]), list(found)) for kind, found in grouped]


def settings_values(form: Filled) -> dict[str, Any]:
    """Return what the settings of a project show of backups and copies, as far as it was filled in."""
    grant = visit.visit().grant
    everything = bool(grant and grant.allows(EVERYTHING))
    passphrase = Field(
        "passphrase", _("Passphrase"), "secret", required=True, limits={"minlength": SHORTEST},
        error=form.error("passphrase"),
        help=_("Locks the secrets in the file. At least 12 characters; nobody can open them without it."),
    )  # fmt: skip
    copying = [Field("copy_name", _("Name of the copy"), "line", form.value("copy_name"), limits={"maxlength": 255},
                     error=form.error("copy_name"))]  # fmt: skip
    if everything:
        copying.append(Field("secrets", _("Copy the secrets, too"), "tick", "secrets" in form.sent))
    return {
        "may_take_secrets": everything, "may_restore": bool(grant and grant.allows(service.RESTORES)),
        "passphrase": passphrase, "copying": copying,
    }  # fmt: skip
