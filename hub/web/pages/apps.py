"""Apps, for administrators: what templates can run with, in which order, and apps of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.errors import Invalid, NotFound
from hub.plugin import Executor
from hub.services import apps as service
from hub.services.apps import AppActiveDraft, AppDraft
from hub.web.forms import Field, Option, lines, whole_number
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.drawing import APP_COLORS
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.versions import Held

Row = dict[str, Any]

_ICONS: Final = (
    "terminal", "terminal-2", "code", "file-code", "command", "flask", "box", "package", "cube", "rocket", "robot",
    "tool", "wand", "bolt", "database", "server", "cloud", "cloud-up", "network", "shield", "bug", "test-pipe",
    "brand-ansible", "brand-aws", "brand-docker", "brand-git", "brand-nodejs", "brand-powershell", "brand-python",
    "brand-terraform", "brand-windows", "puzzle",
)  # fmt: skip
_COLOR_TITLES: Final[Mapping[str, str]] = {
    "secondary": N_("Grey"), "blue": N_("Blue"), "purple": N_("Purple"), "pink": N_("Pink"), "red": N_("Red"),
    "orange": N_("Orange"), "yellow": N_("Yellow"), "green": N_("Green"), "teal": N_("Teal"),
}  # fmt: skip
_MEMBERS: Final = {name: name for name in ("id", "title", "icon", "color", "priority", "path", "args")}


@page("/apps", Who.ADMIN)
async def apps() -> Response:
    """Every app in the order of the menus."""
    found = await service.list_apps(visit.the_hub())
    return await visit.show("apps.html", apps=[{**one, "own": _executor(one["id"]) is None} for one in found])


@page("/apps/new", Who.ADMIN, methods=FORM)
async def app_new() -> Response:
    """Define an app."""
    if request.method == "GET":
        return await _form({}, NOTHING)
    sent = await request.form
    app_id = sent.get("id", "").strip()
    try:
        if any(one["id"] == app_id for one in await service.list_apps(visit.the_hub())):
            return await _form({}, sent, errors={"id": _("There is an app of this name already.")})
        await _save(app_id, sent)
    except FORM_ERRORS as fault:
        return await _form({}, sent, fault)
    return visit.go("apps", say=_("Saved."))


@page("/apps/<app_id>", Who.ADMIN, methods=FORM)
async def app_edit(app_id: str) -> Response:
    """Change an app, or how an executor is shown and started."""
    row = await _row(app_id)
    if request.method == "GET":
        return await _form(row, NOTHING)
    sent = await request.form
    held = Held(row, sent)
    try:
        await held.saving(lambda: _row(app_id), lambda: _save(app_id, sent))
    except FORM_ERRORS as fault:
        return await _form(row, sent, fault, held=held)
    return visit.go("apps", say=_("Saved."))


@page("/apps/<app_id>/active", Who.ADMIN, methods=SEND)
async def app_active(app_id: str) -> Response:
    """Switch an app on or off."""
    here = visit.visit()
    on = (await request.form).get("active") == "true"
    await service.set_active(here.hub, here.actor, app_id, AppActiveDraft(active=on))
    return visit.go("apps", say=_("The app is on.") if on else _("The app is off: it is offered for nothing."))


@page("/apps/<app_id>/delete", Who.ADMIN, methods=SEND)
async def app_delete(app_id: str) -> Response:
    """Delete an app, or what was changed about an executor."""
    here = visit.visit()
    try:
        await service.delete_app(here.hub, here.actor, app_id)
    except FORM_ERRORS as fault:
        return visit.go("app_edit", app_id=app_id, say=faults(fault)[0], kind="danger")
    return visit.go("apps", say=_("Deleted.") if _executor(app_id) is None else _("It is as its plugin brought it."))


def _executor(app_id: str) -> Executor | None:
    return visit.the_hub().registry.executors.get(app_id)


async def _row(app_id: str) -> Row:
    found = [one for one in await service.list_apps(visit.the_hub()) if one["id"] == app_id]
    if not found:
        raise NotFound(_("There is no such app."))
    return found[0]


async def _save(app_id: str, sent: MultiDict[str, str]) -> None:
    here = visit.visit()
    try:
        priority = whole_number(sent.get("priority", "") or "0")
    except ValueError as error:
        raise Invalid(str(error), field="priority") from None
    body: Row = {name: sent.get(name, "").strip() for name in ("title", "icon", "color", "path")}
    for name in ("title", "icon", "color"):
        if body[name] == getattr(_executor(app_id), name, None):
            body[name] = ""  # what a plugin says of itself stays the plugin's, and translated
    body |= {"active": "active" in sent, "priority": priority, "args": lines(sent.get("args", "")) or None}
    await service.put_app(here.hub, here.actor, app_id, AppDraft.read(body))


async def _form(
    row: Row, sent: MultiDict[str, str], fault: Exception | None = None, errors: dict[str, str] | None = None,
    held: Held | None = None,
) -> Response:  # fmt: skip
    error, found = faults(fault, _MEMBERS) if fault else ("", errors or {})
    executor = _executor(row["id"]) if row else None
    form, held = Filled(row, sent, found), held or Held(row)
    fields = [*([] if row else [_id_field(form)]), *_fields(form), *_program_fields(form, executor)]
    return await visit.show(
        "form.html", status=400 if sent else 200, section="apps", error=error, fields=fields,
        held=await held.described("app", fields, {}),
        heading=row["title"] if row else _("New app"), trail=[(_("Apps"), url_for("pages.apps"))],
        cancel=url_for("pages.apps"), save=_("Save"), delete=_deletion(row, executor) if row else None,
        intro="" if executor else _("Templates of this app run a script of their repository with the program."),
    )  # fmt: skip


def _id_field(form: Filled) -> Field:
    return Field("id", _("Id"), "line", form.value("id"), required=True, error=form.error("id"),
                 help=_("Stored with each template and never changed, such as `ruby`."))  # fmt: skip


def _fields(form: Filled) -> list[Field]:
    colors = [Option(name, _(_COLOR_TITLES[name])) for name in APP_COLORS]
    icons = [Option(name, name) for name in dict.fromkeys([*_ICONS, form.row.get("icon") or "puzzle"])]
    ticked = "active" in form.sent if form.sent else bool(form.row.get("active", True))
    return [
        Field("title", _("Title"), "line", form.value("title"), error=form.error("title")),
        Field("icon", _("Icon"), "choice", form.value("icon") or "terminal", options=icons, unmarked=True,
              error=form.error("icon")),
        Field("color", _("Colour"), "choice", form.value("color") or "secondary", options=colors, unmarked=True,
              error=form.error("color")),
        Field("priority", _("Priority"), "number", form.value("priority") or 0, error=form.error("priority"),
              help=_("Apps with a higher one stand first in menus.")),
        Field("active", _("Active"), "tick", ticked, help=_("Offered for new templates, and may start tasks.")),
    ]  # fmt: skip


def _program_fields(form: Filled, executor: Executor | None) -> list[Field]:
    """An executor of a plugin that starts no single program has none to choose."""
    if executor is not None and type(executor).adapted is Executor.adapted:
        return []
    words = form.sent.get("args", "") if form.sent else "\n".join(form.row.get("args") or ())
    usual = _("Empty for the one of the plugin.") if executor else _("Empty for a program that is called as the id.")
    return [
        Field("path", _("Program"), "line", form.value("path"), error=form.error("path"), placeholder="/usr/bin/ruby",
              help=_("A name on the PATH of the workers, or an absolute path.") + " " + usual),
        Field("args", _("Arguments before the script"), "words", words, error=form.error("args"),
              help=_("One in each line, as the program gets them.")),
    ]  # fmt: skip


def _deletion(row: Row, executor: Executor | None) -> dict[str, str]:
    if executor is None:
        title, note = _("Delete this app"), _("Only possible while no template uses it.")
        ask = _("Delete “%(name)s”?", name=row["title"])
    else:
        title, note = _("Back to the plugin's own"), _("Forgets what was changed here.")
        ask = _("Forget what was changed about “%(name)s”?", name=row["title"])
    return {"title": title, "note": note, "address": url_for("pages.app_delete", app_id=row["id"]), "ask": ask}
