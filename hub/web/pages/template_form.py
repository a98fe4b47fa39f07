"""The form of a template: what runs, what is asked, and the options that its executor declares."""

from __future__ import annotations

import json
from typing import Any

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden, NotFound
from hub.plugin import Executor
from hub.services import apps, templates
from hub.services.template_drafts import TemplateDraft
from hub.web.forms import check, lenient_number, lines, read, rows_of, whole_number
from hub.web.i18n import gettext as _
from hub.web.pages import template_limits, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, Who, page
from hub.web.pages.template_fields import Form, all_fields, missing, survey_fields
from hub.web.pages.versions import Held

Row = dict[str, Any]
_TICKS = ("autorun", "allow_override_args_in_task", "allow_override_branch_in_task", "allow_parallel_tasks")
_MEMBERS = {
    name: name
    for name in (
        "name", "playbook", "repository_id", "inventory_id", "environment_id", "view_id", "git_branch", "arguments",
        "start_version", "build_template_id", "working_directory", "runner_tag", "time_limit", "description", "type",
        "host_limit", "queue_limit", "priority", "concurrency_group",
    )
}  # fmt: skip


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
            draft = _draft(row, app, executor, sent, errors)
            if not errors:
                saved = await held.saving(lambda: templates.get_template(here.actor, project_id, int(row["id"])),
                                          lambda: _save(project_id, template_id, draft))  # fmt: skip
                return visit.go("template_details", project_id=project_id, template_id=saved, say=_("Saved."))
        except FORM_ERRORS as fault:
            error, found = faults(fault, _MEMBERS)
            errors |= found
    form = Form(project_id, row, sent, errors, executor)
    fields = await all_fields(form)
    listing = [(_("Task templates"), url_for("pages.templates", project_id=project_id))]
    back = url_for("pages.templates", project_id=project_id)
    if template_id is not None:
        back = url_for("pages.template_details", project_id=project_id, template_id=template_id)
    return await visit.show(
        "template_form.html", status=400 if sent else 200, error=error, trail=listing, cancel=back,
        heading=_("Edit %(name)s", name=row["name"]) if template_id is not None else _("New template"),
        app=await _app(app), fields=fields, survey_fields=survey_fields,
        held=await held.described("template", [one for part in fields.values() for one in part], _MEMBERS),
        survey=_survey(sent) if sent else row.get("survey_vars", []),
        vaults=_vaults(sent) if sent else row.get("vaults", []),
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


def _draft(
    row: Row, app: str, executor: Executor | None, sent: MultiDict[str, str], errors: dict[str, str]
) -> TemplateDraft:  # fmt: skip
    body: Row = {"app": app, "survey_vars": _survey(sent), "vaults": _vaults(sent)}
    for name in ("name", "playbook", "working_directory", "type", "start_version", "concurrency_group"):
        body[name] = sent.get(name, "").strip()
    for name in ("description", "git_branch", "runner_tag"):
        body[name] = sent.get(name, "").strip() or None
    for name in ("repository_id", "inventory_id", "environment_id", "view_id", "build_template_id"):
        body[name] = lenient_number(sent.get(name, "")) or None
    body |= {name: name in sent for name in _TICKS}
    body["suppress_success_alerts"] = bool(row.get("suppress_success_alerts"))
    body["arguments"] = _arguments(sent)
    for name, unit in (("time_limit", 60), ("queue_limit", 60), ("host_limit", 1), ("priority", 1)):
        try:
            if name in sent:
                number, stored = whole_number(sent[name]), int(row.get(name) or 0)
                body[name] = stored if number == stored // unit else number * unit  # what a minute hides stays
        except ValueError as error:
            errors[name] = str(error)
    if "limits-memory_mib" in sent:
        body["limits"] = template_limits.read(sent, errors)
    body["task_params"] = _params(row, executor, sent, errors)
    return TemplateDraft.read(body)


def _arguments(sent: MultiDict[str, str]) -> str | None:
    if "arguments_json" in sent:  # lists by stage, which chips cannot show
        return sent["arguments_json"].strip() or None
    words = lines(sent.get("arguments", ""))
    return json.dumps(words, ensure_ascii=False) if words else None


def _params(
    row: Row, executor: Executor | None, sent: MultiDict[str, str], errors: dict[str, str]
) -> Row | None:  # fmt: skip
    """Return the executor's options; members that it does not know stay as they are."""
    kept = dict(row.get("task_params") or {})
    if executor is None:
        return kept or None
    values, _wrong = read(executor.params_type, sent, prefix="params-")
    fresh = {name: value for name, value in kept.items() if name not in executor.params_type.model_fields} | values
    known = {name: value for name, value in fresh.items() if name in executor.params_type.model_fields}
    errors |= {f"params-{name}": text for name, text in check(executor.params_type, known).items()}
    return fresh or None


def _survey(sent: MultiDict[str, str]) -> list[Row]:
    found: list[Row] = []
    for one in rows_of(sent, "survey"):
        name, kind = one.get("name", "").strip(), one.get("type", "").removeprefix("string")
        if not name and not one.get("title", "").strip():
            continue
        variable: Row = {
            "name": name, "title": one.get("title", "").strip() or name, "type": kind, "required": "required" in one,
            "description": one.get("description", "").strip(), "target": one.get("target", ""),
            "default_value": "" if kind == "secret" else one.get("default", "").strip(),
        }  # fmt: skip
        if kind == "enum":
            variable["values"] = [_choice(line) for line in lines(one.get("values", ""))]
        found.append(variable)
    return found


def _choice(line: str) -> Row:
    value, _equals, title = (part.strip() for part in line.partition("="))
    return {"value": value, "name": title or value}


def _vaults(sent: MultiDict[str, str]) -> list[Row]:
    found: list[Row] = []
    for one in rows_of(sent, "vault"):
        key, script = lenient_number(one.get("key", "")), one.get("script", "").strip()
        kind = "script" if one.get("type") == "script" else "password"
        if key or script:
            found.append({
                "id": lenient_number(one.get("id", "")), "name": one.get("name", "").strip() or None, "type": kind,
                "vault_key_id": key or None if kind == "password" else None,
                "script": script if kind == "script" else None,
            })  # fmt: skip
    return found
