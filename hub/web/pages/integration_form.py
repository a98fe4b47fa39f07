"""The form of an integration: what it starts, how senders prove themselves, and what each task starts from."""

from __future__ import annotations

import json
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import integration_secrets, keys, templates
from hub.services import integrations as service
from hub.services.integration_parts import create_alias
from hub.services.integration_secrets import NewSecret
from hub.services.integrations import CLOSED, IntegrationDraft
from hub.web.forms import Field, Option, allowed, lenient_number
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.names import choices
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.run import Ask, draft_of, members_of, options_of, prompts_of, questions
from hub.web.pages.starting import About, Chooser, about_of, chosen
from hub.web.pages.versions import Held

Row = dict[str, Any]
ROOT: Final = "/project/<int:project_id>/integrations"
ONE: Final = f"{ROOT}/<int:integration_id>"
OPEN: Final = "open"
"""What the form sends for an integration that believes everybody, which the wire writes as nothing."""
NEW: Final = "new"

_MEMBERS: Final = {
    "name": "name", "template_id": "template_id", "auth_method": "auth_method", "auth_header": "auth_header",
    "auth_secret_id": "auth_secret_id", "secret": "new_secret",
}  # fmt: skip


@page(f"{ROOT}/new", Who.MEMBER, methods=FORM)
async def integration_new(project_id: int) -> Response:
    """Choose a template, then say who may start it."""
    trail = (_("Integrations"), visit.address("integrations", project_id=project_id))
    found = await chosen(project_id, Chooser("integrations", "integration_new", _("New integration"), "webhook", trail))
    return found if isinstance(found, Response) else await _form(found, {})


@page(f"{ONE}/settings", Who.MEMBER, methods=FORM)
async def integration_settings(project_id: int, integration_id: int) -> Response:
    """Look at what an integration is set to, and change it."""
    row = await service.get_integration(visit.visit().actor, project_id, integration_id)
    return await _form(await about_of(project_id, row["template_id"]), row)


@page(f"{ONE}/delete", Who.MEMBER, methods=SEND)
async def integration_delete(project_id: int, integration_id: int) -> Response:
    """Delete an integration."""
    here = visit.visit()
    try:
        await service.delete_integration(here.hub, here.actor, project_id, integration_id)
    except FORM_ERRORS as fault:
        return visit.go("integrations", project_id=project_id, say=sentence(fault), kind="danger")
    return visit.go("integrations", project_id=project_id, say=_("Deleted."))


async def _form(about: About, row: Row) -> Response:
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors, held = "", dict[str, str](), Held(row, sent)
    if request.method == "POST":
        try:
            made = await held.saving(lambda: _read(about, row), lambda: _save(about, row, sent))
            if not row and "searchable" not in sent:
                here = visit.visit()
                await create_alias(here.hub, here.actor, about.project_id, integration_id=made)
            said = _("Saved.") if row else _("The integration is there. Tell its address to the sender now.")
            return visit.go("integration", project_id=about.project_id, integration_id=made, say=said)
        except FORM_ERRORS as fault:
            error, errors = faults(fault, members_of(about.template, about.executor) | _MEMBERS)
    ask = Ask(
        about.project_id, about.template, about.executor, sent, row.get("task_params") or {}, errors, by_itself=True
    )
    listing = visit.address("integrations", project_id=about.project_id)
    fields = await _fields(about, Filled(row, sent, errors))
    asked = [one for one in questions(ask) if one.widget != "secret"]
    return await visit.show(
        "integration_form.html", status=400 if sent else 200, section="integrations", error=error, row=row,
        heading=row["name"] if row else _("New integration"), trail=[(_("Integrations"), listing)], cancel=listing,
        fields=fields, template=about.template, tab="settings",
        held=await held.described("integration", fields, _MEMBERS),
        prompts=[*asked, *await prompts_of(ask), *options_of(ask)], read_only=not visit.visit().may_manage,
    )  # fmt: skip


async def _read(about: About, row: Row) -> Row:
    return await service.get_integration(visit.visit().actor, about.project_id, row["id"])


async def _save(about: About, row: Row, sent: MultiDict[str, str]) -> int:
    here = visit.visit()
    template_id = lenient_number(sent.get("template_id", "")) or about.template["id"]
    method, chosen = sent.get("auth_method", CLOSED), sent.get("auth_secret_id", "")
    body: Row = {
        "name": sent.get("name", "").strip(), "template_id": template_id, "active": "active" in sent,
        "auth_method": "" if method == OPEN else method, "auth_header": sent.get("auth_header", "").strip(),
        "auth_secret_id": lenient_number(chosen), "searchable": "searchable" in sent,
    }  # fmt: skip
    if template_id == about.template["id"]:
        body["task_params"] = _params(about, row, sent)
    draft = IntegrationDraft.read(body)
    if chosen == NEW and method in here.hub.registry.webhook_adapters:
        login = sent.get("new_login", "").strip() or "hub" if method == "basic" else ""
        secret, at = NewSecret(sent.get("new_secret", "").strip(), login), (about.project_id, row.get("id"))
        return await integration_secrets.save(here.hub, here.actor, at, draft, secret)
    if row:
        await service.update_integration(here.hub, here.actor, about.project_id, row["id"], draft)
        return int(row["id"])
    return int((await service.create_integration(here.hub, here.actor, about.project_id, draft))["id"])


def _params(about: About, row: Row, sent: MultiDict[str, str]) -> Row:
    """Return what each task starts from; what the form does not ask for stays as it is."""
    stored = row.get("task_params") or {}
    draft = draft_of(about.template, about.executor, sent)
    asked = {variable["name"] for variable in about.template.get("survey_vars") or ()}
    beside = {name: value for name, value in _object(stored.get("environment")).items() if name not in asked}
    environment = beside | _object(draft.environment)
    found = {name: value for name, value in stored.items() if name not in sent}
    for name in ("arguments", "git_branch", "message", "inventory_id"):
        if name in sent:
            found[name] = getattr(draft, name)
    names = allowed(about.executor.task_params_type, about.template.get("task_params") or {}) if about.executor else ()
    params = {name: value for name, value in (stored.get("params") or {}).items() if name not in names}
    found["environment"] = json.dumps(environment, ensure_ascii=False) if environment else ""
    found["params"] = params | dict(draft.params or {})
    return {name: value for name, value in found.items() if value}


def _object(text: str | None) -> Row:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def _fields(about: About, form: Filled) -> list[Field]:
    here = visit.visit()
    found = await templates.list_names(here.actor, about.project_id)
    searchable = "searchable" in form.sent if form.sent else bool(form.row.get("searchable"))
    active = "active" in form.sent if form.sent else bool(form.row.get("active", True))
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name"),
              placeholder=_("Deploy on push"), limits={"maxlength": 255}),
        Field("template_id", _("Task template"), "choice", form.value("template_id") or about.template["id"],
              options=choices(found), required=True, error=form.error("template_id"),
              help=_("With another template, what each task starts from is forgotten; enter it afterwards.")
              if form.row else ""),
        *await _proof(about, form),
        Field("searchable", _("Listens at the shared address"), "tick", searchable,
              help=_("Then it has no address of its own: requests to the shared address of the project start it when "
                     "all its conditions fit. Without a condition it never starts there.")),
        Field("active", _("Switched on"), "tick", active),
    ]  # fmt: skip


async def _proof(about: About, form: Filled) -> list[Field]:
    """How senders prove themselves, and with which secret."""
    adapters = visit.the_hub().registry.webhook_adapters
    stored = (form.row["auth_method"] or OPEN) if form.row else "github"
    method = form.sent.get("auth_method", "") if form.sent else stored
    by_header = [name for name, one in adapters.items() if "header" in one.params_type.model_fields]
    proved = f"auth_method={','.join(adapters)}"
    rows = await keys.list_keys(visit.visit().actor, about.project_id)
    fit = [row for row in rows if row["type"] in {"login_password", "string"}]
    secret = form.value("auth_secret_id") or ("" if form.row else NEW)
    return [
        Field("auth_method", _("Who sends"), "choice", method, required=True, error=form.error("auth_method"), options=[
            *(Option(name, phrase(one.title)) for name, one in adapters.items()),
            Option(CLOSED, _("Nobody: every request is refused")),
            Option(OPEN, _("Anybody: no proof is asked for")),
        ], help=_("Who cannot prove itself with the secret is refused.")),
        Field("open_note", "", "note", _("Whoever learns the address can start this template."),
              when=f"auth_method={OPEN}"),
        *(Field(f"about_{name}", "", "note", phrase(one.description), when=f"auth_method={name}")
          for name, one in adapters.items() if one.description),
        Field("auth_header", _("Header with the proof"), "line", form.value("auth_header"), required=True,
              error=form.error("auth_header"), placeholder="X-Signature", when=f"auth_method={','.join(by_header)}"),
        Field("auth_secret_id", _("Secret"), "choice", secret, error=form.error("auth_secret_id"), required=True,
              options=[Option(NEW, _("A new one, kept in the key store")), *choices(fit)], when=proved),
        Field("new_login", _("Login"), "line", form.sent.get("new_login", ""), required=True, placeholder="hub",
              when=f"auth_method=basic&auth_secret_id={NEW}"),
        Field("new_secret", _("New secret"), "new_secret", "", required=True, error=form.error("new_secret"),
              help=_("Copy it now for the sender: it is stored encrypted and never shown again."),
              when=f"{proved}&auth_secret_id={NEW}"),
    ]  # fmt: skip
