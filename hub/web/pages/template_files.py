"""A template as a file: downloading it, and putting one into a project with a look at what would come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from quart import Response, request

from hub.services import environments, inventories, keys, repositories, views
from hub.services.backup import template_file as service
from hub.services.backup.template_file import MAPPED, ImportDraft
from hub.web import template_texts
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import visit
from hub.web.pages.backups import KINDS, sent_text
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import FORM, Who, page

_SHOWN: Final = 400_000
"""Letters of a file that the page carries from the look to the deed."""


@page("/project/<int:project_id>/templates/<int:template_id>/export/file", Who.MEMBER)
async def template_export(project_id: int, template_id: int) -> Response:
    """Download the template with all that it names, as YAML or JSON."""
    here = visit.visit()
    document = await service.export(here.hub, here.actor, project_id, template_id)
    form = "json" if request.args.get("format") == "json" else "yaml"
    data, kind = template_texts.written(document, form)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", str(document["template"])).strip("-.")[:80] or "template"
    headers = {"Content-Disposition": f'attachment; filename="{plain}.{form}"', "Cache-Control": "no-store"}
    return Response(data, content_type=kind, headers=headers)


@page("/project/<int:project_id>/templates/import", Who.MEMBER, methods=FORM)
async def template_import(project_id: int) -> Response:
    """Show what a file would bring, and bring it."""
    here = visit.visit()
    sent: Mapping[str, str] = await request.form if request.method == "POST" else {}
    text = await sent_text(sent) if sent else ""
    error, errors, report, raw = "", dict[str, str](), None, dict[str, Any]()
    try:
        if sent:
            raw = template_texts.parsed(text)
            draft = ImportDraft.read(_body(raw, sent))
            look = sent.get("do") != "import"
            report = await service.put(here.hub, here.actor, project_id, draft, dry_run=look)
            if not look:
                return visit.go("template_details", project_id=project_id, template_id=report["template_id"],
                                say=_("The template was imported."))  # fmt: skip
    except FORM_ERRORS as fault:
        error, errors = faults(fault, {"name": "name"})
    return await visit.show(
        "template_import.html", status=400 if error or errors else 200, error=error, errors=errors, sent=sent,
        text=text if len(text) <= _SHOWN else "", report=report, choices=await _choices(project_id, raw, sent),
        changes=[(phrase(KINDS[one["kind"]]), one) for one in report["changes"]] if report else [],
        warnings=[phrase(one) for one in report["warnings"]] if report else [],
        trail=[(_("Task templates"), visit.address("templates", project_id=project_id))],
    )  # fmt: skip


def _body(raw: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    instead: dict[str, dict[str, str]] = {kind: {} for kind in MAPPED}
    for kind, number, name in _named(raw):
        chosen = sent.get(f"instead-{kind}-{number}", "")
        if chosen:
            instead[kind][name] = chosen
    return {
        "document": dict(raw), "name": sent.get("name", "").strip(), "replace": "replace" in sent,
        "starters": "starters" in sent or "again" not in sent, "instead": instead,
    }  # fmt: skip


def _named(raw: Mapping[str, Any]) -> Sequence[tuple[str, int, str]]:
    """Return what a file names: (kind, place in its list, name)."""
    found = []
    for kind in MAPPED:
        entries = raw.get(kind)
        for number, one in enumerate(entries if isinstance(entries, list) else ()):
            name = one.get("title" if kind == "views" else "name") if isinstance(one, Mapping) else None
            if isinstance(name, str):
                found.append((kind, number, name))
    return found


async def _choices(project_id: int, raw: Mapping[str, Any], sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a choice for each thing that the file names: what of the project is to be taken for it."""
    named = _named(raw)
    if not named:
        return []
    here = visit.visit()
    there: dict[str, list[str]] = {
        "environments": [one["name"] for one in await environments.list_environments(here.actor, project_id)],
        "views": [one["title"] for one in await views.list_views(here.actor, project_id)],
        "keys": [one["name"] for one in await keys.list_keys(here.actor, project_id)],
        "repositories": [one["name"] for one in await repositories.list_repositories(here.actor, project_id)],
        "inventories": [one["name"] for one in await inventories.list_inventories(here.hub, here.actor, project_id)],
    }
    return [
        {
            "field": f"instead-{kind}-{number}", "kind": phrase(KINDS[kind]), "name": name, "there": there[kind],
            "known": name in there[kind], "chosen": sent.get(f"instead-{kind}-{number}", ""),
        }
        for kind, number, name in named
    ]  # fmt: skip
