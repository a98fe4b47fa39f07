"""The form of a template: what runs, what is asked, and the options that its executor declares."""

from __future__ import annotations

from typing import Any

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden, NotFound
from hub.services import apps, templates
from hub.services.template_drafts import TemplateDraft
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, Who, page
from hub.web.pages.template_checks import every_fault
from hub.web.pages.template_fields import Form, all_fields, missing, survey_fields
from hub.web.pages.template_sections import sections
from hub.web.pages.template_sent import MEMBERS, body_of, survey_of, vaults_of
from hub.web.pages.versions import Held

Row = dict[str, Any]


@page("/project/<int:project_id>/templates/new", Who.MEMBER, methods=FORM)
async def template_new(project_id: int) -> Response:
    """Make a template, or a copy of one."""
    here = visit.visit()
    copied = visit.query_number("copy")
    row: Row = {}
    if copied is not None:
        row = await templates.get_template(here.actor, project_id, copied)
        row = {**row, "name": _("%(name)s (copy)", name=row["name"])[:100]}
    app = (await request.form).get("app") or row.get("app") or request.args.get("app", "")
    return await _form(project_id, None, row, app)


@page("/project/<int:project_id>/templates/<int:template_id>/edit", Who.MEMBER, methods=FORM)
async def template_edit(project_id: int, template_id: int) -> Response:
    """Change a template."""
    row = await templates.get_template(visit.visit().actor, project_id, template_id)
    return await _form(project_id, template_id, row, row.get("app", ""))


async def _form(project_id: int, template_id: int | None, row: Row, app: str) -> Response:
    here = visit.visit()
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    executor = await apps.find(here.hub, app)
    if executor is None and template_id is None:
        raise NotFound(_("No plugin brings the executor %(name)s.", name=app or "?"))
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors, held = "", dict[str, str](), Held(row if template_id is not None else {}, sent)
    if request.method == "POST":
        try:
            body = body_of(row, app, executor, sent, errors)
            draft = TemplateDraft.read(body)
            if not errors:
                saved = await held.saving(lambda: templates.get_template(here.actor, project_id, int(row["id"])),
                                          lambda: _save(project_id, template_id, draft))  # fmt: skip
                return visit.go("template_details", project_id=project_id, template_id=saved, say=_("Saved."))
        except FORM_ERRORS as fault:
            error, found = faults(fault, MEMBERS)
            errors |= found
        if errors:
            errors = await every_fault(project_id, template_id, app, executor, sent) | errors
    form = Form(project_id, row, sent, errors, executor)
    fields = await all_fields(form)
    listing = [(_("Task templates"), url_for("pages.templates", project_id=project_id))]
    back = url_for("pages.templates", project_id=project_id)
    if template_id is not None:
        back = url_for("pages.template_details", project_id=project_id, template_id=template_id)
    return await visit.show(
        "template_form.html", status=400 if sent else 200, error=error, trail=listing, cancel=back,
        errors=errors, template_id=template_id,
        heading=_("Edit %(name)s", name=row["name"]) if template_id is not None else _("New template"),
        app=await _app(app), fields=fields, sections=await sections(form, fields), survey_fields=survey_fields,
        held=await held.described("template", [one for part in fields.values() for one in part], MEMBERS),
        survey=survey_of(sent) if sent else row.get("survey_vars", []),
        vaults=vaults_of(sent) if sent else row.get("vaults", []),
        vault_keys=await form.vault_keys(), missing=await missing(form) if not sent else [],
    )  # fmt: skip


async def _app(name: str) -> Row:
    found = [one for one in await apps.list_apps(visit.the_hub()) if one["id"] == name]
    return found[0] if found else {"id": name, "title": name, "icon": "puzzle"}


async def _save(project_id: int, template_id: int | None, draft: TemplateDraft) -> int:
    here = visit.visit()
    if template_id is None:
        made = await templates.create_template(here.hub, here.actor, project_id, draft)
        return int(made["id"])
    await templates.update_template(here.hub, here.actor, project_id, template_id, draft)
    return template_id
