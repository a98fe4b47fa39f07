"""The form of a schedule: when, with which answers, and what becomes of moments that do not work out."""

from __future__ import annotations

from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import HubError, Invalid
from hub.services import repositories, schedules
from hub.services.schedules import RUN_AT, CronDraft, ScheduleDraft
from hub.web.forms import Field, Option, lenient_number, whole_number
from hub.web.i18n import gettext as _
from hub.web.pages import cron_fields, visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.local_times import to_local, to_utc, zone_field
from hub.web.pages.names import choices
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.run import Ask, draft_of, members_of, options_of, prompts_of, questions
from hub.web.pages.starting import About, Chooser, about_of, chosen, only_who_may
from hub.web.pages.versions import Held

Row = dict[str, Any]
_ROOT = "/project/<int:project_id>/schedule"
_MEMBERS = {
    name: name for name in (
        "name", "cron_format", "minutes", "minute", "at", "days", "day", "months", "time_zone", "run_at", "ends_at",
        "max_runs", "repository_id", "misfire", "overlap",
    )
}  # fmt: skip
_TOLD: Final = {"task_params": "answers", "template_id": "template", "cron_format": "every"}
"""Members that a form has under other names, for people who are told that somebody else was quicker."""
_SAID: Final = {"cron_format": cron_fields.spoken}


@page(f"{_ROOT}/new", Who.MEMBER, methods=FORM)
async def schedule_new(project_id: int) -> Response:
    """Choose a template, then say when."""
    trail = (_("Schedules"), visit.address("schedules", project_id=project_id))
    found = await chosen(project_id, Chooser("schedule", "schedule_new", _("New schedule"), "calendar-time", trail))
    return found if isinstance(found, Response) else await _form(found, {})


@page(f"{_ROOT}/<int:item_id>", Who.MEMBER, methods=FORM)
async def schedule_edit(project_id: int, item_id: int) -> Response:
    """Look at a schedule, and change it."""
    row = await schedules.get_schedule(visit.visit().actor, project_id, item_id)
    return await _form(await about_of(project_id, row["template_id"]), row)


@page(f"{_ROOT}/preview", Who.MEMBER, methods=SEND)
async def schedule_preview(project_id: int) -> Response:
    """The next moments of what a form of a schedule or a freeze says, or what is wrong with it: a part of the page."""
    here, sent = visit.visit(), await request.form
    zone = sent.get("time_zone", "")
    found: list[Row] = []
    error = ""
    try:
        if sent.get("type") != RUN_AT and sent.get("kind", "cron") == "cron":
            draft = CronDraft(cron_format=cron_fields.compose(sent), time_zone=zone)
            found = await schedules.preview(here.hub, here.actor, project_id, draft)
    except HubError as fault:
        error = sentence(fault)
    return await visit.show("parts/schedule_preview.html", moments=found, error=error, freezes="kind" in sent)


@page(f"{_ROOT}/<int:item_id>/delete", Who.MEMBER, methods=SEND)
async def schedule_delete(project_id: int, item_id: int) -> Response:
    """Delete a schedule."""
    here = visit.visit()
    await schedules.delete_schedule(here.hub, here.actor, project_id, item_id)
    return visit.go("schedules", project_id=project_id, say=_("Deleted."))


async def _form(about: About, row: Row) -> Response:
    if not row:
        only_who_may()
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors, held = "", dict[str, str](), Held(_held(row), sent)
    if request.method == "POST":
        try:
            await held.saving(lambda: _read(about, row), lambda: _save(about, row, sent))
            return visit.go("schedules", project_id=about.project_id, say=_("Saved."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, members_of(about.template, about.executor) | _MEMBERS)
    earlier = row.get("task_params") or {}
    ask = Ask(about.project_id, about.template, about.executor, sent, earlier, errors, by_itself=True)
    listing = visit.address("schedules", project_id=about.project_id)
    form = Filled(row, sent, errors)
    fields, after = await _fields(about.project_id, form), _after(form)
    told = [*fields, *after, Field("answers", _("Answers"), "note", ""), Field("template", _("Template"), "note", "")]
    return await visit.show(
        "schedule_form.html", status=400 if sent else 200, section="schedule", error=error, row=row,
        heading=row["name"] or _("(no name)") if row else _("New schedule"), trail=[(_("Schedules"), listing)],
        cancel=listing, template=about.template, fields=fields,
        questions=questions(ask), prompts=[*await prompts_of(ask), *options_of(ask)],
        read_only=not visit.visit().may_manage, after=after,
        held=await held.described("schedule", told, _MEMBERS | _TOLD, _SAID),
    )  # fmt: skip


async def _read(about: About, row: Row) -> Row:
    return _held(await schedules.get_schedule(visit.visit().actor, about.project_id, row["id"]))


def _held(row: Row) -> Row:
    """Return a schedule with the answers that say something: the form writes empty ones beside them."""
    given = {name: value for name, value in (row.get("task_params") or {}).items() if value and value != "{}"}
    return row | {"task_params": given} if row else {}


async def _save(about: About, row: Row, sent: MultiDict[str, str]) -> None:
    here, zone, once = visit.visit(), sent.get("time_zone", "").strip(), sent.get("type") == RUN_AT
    try:
        most = whole_number(sent.get("max_runs", ""))
    except ValueError as error:
        raise Invalid(str(error), field="max_runs") from None
    answers = draft_of(about.template, about.executor, sent).model_dump(
        include={"environment", "secret", "arguments", "git_branch", "message", "inventory_id", "params"}
    )
    answers["secret_changes"] = answers.pop("secret")
    draft = ScheduleDraft.read({
        "template_id": about.template["id"], "name": sent.get("name", "").strip(), "active": "active" in sent,
        "type": RUN_AT if once else "", "cron_format": "" if once else cron_fields.compose(sent), "time_zone": zone,
        "run_at": to_utc(sent.get("run_at", ""), zone, "run_at") if once else None,
        "delete_after_run": "delete_after_run" in sent, "repository_id": lenient_number(sent.get("repository_id", "")),
        "misfire": sent.get("misfire") or None, "overlap": sent.get("overlap") or None, "max_runs": most,
        "ends_at": None if once else to_utc(sent.get("ends_at", ""), zone, "ends_at"), "task_params": answers,
    })  # fmt: skip
    if not draft.name:
        raise Invalid(_("Give the schedule a name."), field="name")
    if row:
        await schedules.update_schedule(here.hub, here.actor, about.project_id, row["id"], draft)
    else:
        await schedules.create_schedule(here.hub, here.actor, about.project_id, draft)


async def _fields(project_id: int, form: Filled) -> list[Field]:
    zone = form.value("time_zone") or ("UTC" if form.row or form.sent else "")
    parts = cron_fields.sent_values(form.sent) if form.sent else cron_fields.take_apart(form.row.get("cron_format", ""))
    run_at = form.sent.get("run_at", "") if form.sent else to_local(form.row.get("run_at"), zone)
    found = await repositories.list_repositories(visit.visit().actor, project_id)
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name"),
              limits={"maxlength": 100}),
        Field("type", _("It runs"), "choice", form.value("type"), required=True,
              options=[Option("", _("Again and again")), Option(RUN_AT, _("Once"))]),
        *cron_fields.fields(parts, form.errors, when="type="),
        Field("run_at", _("Day and time"), "moment", run_at, required=True, when=f"type={RUN_AT}",
              error=form.error("run_at")),
        zone_field(zone, form.error("time_zone")),
        Field("repository_id", _("Only for new commits in"), "key", form.value("repository_id"),
              options=choices(found), placeholder=_("Any time, new commits or not"), error=form.error("repository_id"),
              help=_("The hub looks at these moments, even while the schedule is switched off, and starts the template "
                     "when it finds another commit than last time.")),
    ]  # fmt: skip


def _after(form: Filled) -> list[Field]:
    """What becomes of moments that do not work out, and when it ends."""
    zone = form.value("time_zone") or "UTC"
    ends_at = form.sent.get("ends_at", "") if form.sent else to_local(form.row.get("ends_at"), zone)
    return [
        Field("overlap", _("While its last task is not finished"), "choice", form.value("overlap") or "queue",
              required=True, error=form.error("overlap"), options=[
                  Option("queue", _("Start another one, which waits until the last one has finished")),
                  Option("skip", _("Start nothing")),
                  Option("parallel", _("Start another one; the template decides whether both run at once")),
              ]),
        Field("misfire", _("When the hub was not running at a moment"), "choice", form.value("misfire") or "skip",
              required=True, error=form.error("misfire"), options=[
                  Option("skip", _("Leave it out")),
                  Option("once", _("Run once afterwards, however many moments were missed")),
                  Option("all", _("Make up for every moment, 100 at most")),
              ], help=_("Freezes count as well, and are made up for once.")),
        Field("ends_at", _("It ends"), "moment", ends_at, when="type=", error=form.error("ends_at")),
        Field("max_runs", _("At most so many runs"), "number", form.value("max_runs") or "", when="type=",
              limits={"min": 0, "max": 1_000_000}, error=form.error("max_runs")),
        Field("delete_after_run", _("Delete it when it has run"), "tick", bool(form.value("delete_after_run")),
              when=f"type={RUN_AT}"),
        Field("active", _("Switched on"), "tick", bool(form.value("active")) if form.row or form.sent else True),
    ]  # fmt: skip
