"""Projects: the overview, a new one, its settings and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden
from hub.services import caches
from hub.services import projects as service
from hub.services.demo import make_demo
from hub.services.listing import LONGEST_SEARCH, Asked
from hub.services.projects import ProjectDraft
from hub.services.retention import MEMBERS
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import backups, kept, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.kept import numbers_of
from hub.web.pages.resource import NOTHING, UNTOUCHED, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.schedules import frozen_now
from hub.web.pages.versions import Held

_SETTINGS: Final = ("name", "max_parallel_tasks", *MEMBERS)
"""Members of a project that its form of settings shows."""


@page("/projects", Who.USER)
async def projects() -> Response:
    """All projects that one may see."""
    wanted = request.args.get("q", "").strip()
    found = await service.list_projects(visit.visit().actor, Asked(wanted[:LONGEST_SEARCH]))
    return await visit.show("projects.html", projects=found, wanted=wanted)


@page("/project/new", Who.USER, methods=FORM)
async def project_new() -> Response:
    """Make a project."""
    here = visit.visit()
    if not service.may_create(here.hub, here.actor):
        raise Forbidden(_("Only an administrator may create projects in this hub."))
    sent: Mapping[str, str] = await request.form if request.method == "POST" else {}
    error, errors = "", dict[str, str]()
    if request.method == "POST":
        try:
            make = make_demo if "demo" in sent else service.create_project
            made = await make(here.hub, here.actor, _draft(sent, errors))
            if "demo" in sent:
                said = _("The project is there. Run one of its templates, and watch the log.")
                return visit.go("templates", project_id=made["id"], say=said)
            return visit.go("setup_repository", project_id=made["id"], say=_("The project is there."))
        except FORM_ERRORS as fault:
            error, found = faults(fault, {"name": "name"})
            errors |= found
        except ValueError:
            pass
    return await visit.show(
        "project_new.html", status=400 if sent else 200, heading=_("New project"), error=error,
        trail=[(_("Projects"), url_for("pages.projects"))], fields=[_name_field(sent, errors), _demo_field(sent)],
        cancel=url_for("pages.projects"), save=_("Create"), section="projects",
    )  # fmt: skip


@page("/project/<int:project_id>", Who.MEMBER)
async def project_home(project_id: int) -> Response:
    """Lead to the history, or to the task of an old link."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    return visit.go("history", project_id=project_id)


@page("/project/<int:project_id>/settings", Who.MEMBER, methods=FORM)
async def project_settings(project_id: int) -> Response:
    """Change or delete the project."""
    here = visit.visit()
    if visit.wants_fragment() and request.args.get("part") == "kept":  # counted apart: it looks at every task
        return await visit.show("parts/kept.html", kept=await kept.picture(project_id, {}))
    known = await service.get_project(here.actor, project_id)
    sent: Mapping[str, str] = await request.form if request.method == "POST" else {}
    error, errors, held = "", dict[str, str](), Held(_shown(known), sent)

    async def read() -> Mapping[str, Any]:
        return _shown(await service.get_project(here.actor, project_id))

    async def save() -> None:
        draft = _draft(sent, errors, await service.get_project(here.actor, project_id))
        await service.update_project(here.hub, here.actor, project_id, draft)

    if request.method == "POST":
        try:
            _draft(sent, errors, known)
            if "look" not in sent:
                await held.saving(read, save)
                return visit.go("project_settings", project_id=project_id, say=_("Saved."))
        except FORM_ERRORS as fault:
            error, found = faults(fault, {name: name for name in _SETTINGS})
            errors |= found
        except ValueError:
            pass
    return await _settings(known, Filled(dict(known), MultiDict(sent), errors), error, held)


async def refused(project_id: int, sent: MultiDict[str, str], error: str, errors: Mapping[str, str]) -> Response:
    """Show the settings once more, with what was wrong in one of the forms below them."""
    known = await service.get_project(visit.visit().actor, project_id)
    stored = Filled(dict(known), NOTHING, {})
    return await _settings(known, stored, error, Held(_shown(known)), Filled({}, sent, errors))


async def _settings(
    known: Mapping[str, Any], form: Filled, error: str, held: Held, below: Filled = UNTOUCHED
) -> Response:
    here, sent, errors = visit.visit(), form.sent, form.errors
    values = sent or {name: str(value) for name, value in known.items()}
    fields = [_name_field(values, errors), _limit_field(values, errors), *kept.fields(here.hub, values, errors)]
    frozen = await frozen_now(here.project_id) if here.may_manage else None
    return await visit.show(
        "project_settings.html", status=400 if error or errors or below.errors else 200, heading=_("Settings"),
        error=error, tab="settings", fields=fields, section="settings", tabs_template="parts/dashboard_tabs.html",
        read_only=not here.may_update, delete=_delete(known, here.project_id, below) if here.may_update else None,
        kept_address="" if sent else visit.address("project_settings", project_id=here.project_id, part="kept"),
        kept=await kept.picture(here.project_id, sent) if sent and not errors else None,
        frozen=frozen["name"] if frozen else "", held=await held.described("project", fields, {}),
        **backups.settings_values(below),
    )  # fmt: skip


def _shown(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the form of settings shows of a project."""
    return {"id": known["id"], **{name: known.get(name, 0) for name in _SETTINGS}}


@page("/project/<int:project_id>/cache", Who.MEMBER, methods=SEND)
async def project_cache(project_id: int) -> Response:
    """Forget what was kept of the project's repositories."""
    here = visit.visit()
    try:
        await caches.clear_project(here.hub, here.actor, project_id)
    except FORM_ERRORS as fault:
        return visit.go("project_settings", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("project_settings", project_id=project_id, say=_("The caches were cleared."))


@page("/project/<int:project_id>/delete", Who.MEMBER, methods=SEND)
async def project_delete(project_id: int) -> Response:
    """Delete the project with everything in it."""
    here = visit.visit()
    name = here.grant.project_name if here.grant else ""
    sent = await request.form
    if sent.get("typed", "").strip() != name.strip():
        said = _("The name that you typed is not that of this project, so nothing was deleted.")
        return await refused(project_id, sent, "", {"typed": said})
    try:
        await service.delete_project(here.hub, here.actor, project_id)
    except FORM_ERRORS as fault:
        return visit.go("project_settings", project_id=project_id, say=faults(fault)[0], kind="danger")
    return visit.go("projects", say=_("The project “%(name)s” was deleted.", name=name))


def _draft(sent: Mapping[str, str], errors: dict[str, str], known: Mapping[str, Any] | None = None) -> ProjectDraft:
    """Read the form; what it does not show stays as it is. Raises `ValueError` once `errors` says why."""
    name = sent.get("name", "").strip()
    if not name:
        errors["name"] = _("A project needs a name.")
    numbers = numbers_of(sent, ("max_parallel_tasks", *(MEMBERS if known else ())), errors)
    if errors:
        raise ValueError("the form is incomplete")
    unshown = {member: known[member] for member in ("alert", "alert_chat", "type") if known and member in known}
    return ProjectDraft.read({**unshown, "name": name, **numbers})


def _name_field(values: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    return Field("name", _("Name"), "line", values.get("name", ""), required=True, error=errors.get("name", ""),
                 limits={"maxlength": 255})  # fmt: skip


def _demo_field(values: Mapping[str, str]) -> Field:
    return Field(
        "demo", _("Fill it with examples"), "tick", "demo" in values,
        help=_("A small repository and templates that run at once, to look around."),
    )  # fmt: skip


def _limit_field(values: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    return Field(
        "max_parallel_tasks", _("Tasks at once"), "number", values.get("max_parallel_tasks", "0"),
        error=errors.get("max_parallel_tasks", ""), limits={"min": 0},
        help=_("How many tasks of this project may run at the same time; 0 means no limit of its own."),
    )  # fmt: skip


def _delete(known: Mapping[str, Any], project_id: int, form: Filled) -> dict[str, str]:
    return {
        "title": _("Delete this project"),
        "note": _("Templates, keys, inventories, tasks and their logs go with it."),
        "address": url_for("pages.project_delete", project_id=project_id),
        "typed": known["name"],
        "written": form.value("typed"),
        "wrong": form.error("typed"),
        "ask": _("Delete the project “%(name)s” with everything in it? This cannot be undone.", name=known["name"]),
    }
