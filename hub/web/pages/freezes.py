"""Freezes of a project: times in which its schedules start nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.services import freezes as service
from hub.services.freezes import FreezeDraft
from hub.web.forms import Field, Option, whole_number
from hub.web.i18n import N_, ngettext
from hub.web.i18n import gettext as _
from hub.web.pages import cron_fields, visit
from hub.web.pages.local_times import to_local, to_utc, zone_field
from hub.web.pages.resource import Filled, Kind, Row, Words, declare

_WORDS = Words(
    title=N_("Freezes"),
    about=N_("Times in which schedules start nothing: releases, holidays, the end of a quarter."),
    new=N_("New freeze"),
    one=N_("the freeze"),
    empty=N_("No freezes"),
    empty_text=N_("A freeze holds the schedules of this project back for a while, or at certain times."),
    columns=(N_("When"), N_("Holds back"), N_("State")),
)
_MEMBERS = {
    name: name for name in (
        "name", "starts", "ends", "cron_format", "time_zone", "minutes", "at", "days", "day", "months",
    )
}  # fmt: skip
_HOUR = 60


async def _rows(project_id: int) -> Sequence[Row]:
    return await service.list_freezes(visit.visit().actor, project_id)


async def _now(_project_id: int) -> datetime:
    return visit.visit().hub.clock()


def _cells(row: Row, now: datetime) -> Sequence[str]:
    what = _("Everything") if row["everything"] else _("Schedules")
    return _when(row), what, _state(row, now)


def _state(row: Row, now: datetime) -> str:
    if not row["active"]:
        return _("switched off")
    if service.end_of_shape(row, now) is not None:
        return _("holds back now")
    return _("over") if row["ends"] is not None and row["ends"] <= now else _("to come")


def _when(row: Row) -> str:
    zone = row["time_zone"] or "UTC"
    if row["cron_format"]:
        return _("%(when)s for %(long)s (%(zone)s)", when=cron_fields.spoken(row["cron_format"]),
                 long=_span(row["minutes"]), zone=zone)  # fmt: skip
    starts, ends = (to_local(row[name], zone).replace("T", " ") for name in ("starts", "ends"))
    if not ends:
        return _("From %(starts)s (%(zone)s) until somebody ends it", starts=starts, zone=zone)
    return _("From %(starts)s to %(ends)s (%(zone)s)", starts=starts, ends=ends, zone=zone)


def _span(minutes: int) -> str:
    if minutes % _HOUR:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes)
    return ngettext("%(n)s hour", "%(n)s hours", minutes // _HOUR)


async def _fields(_project_id: int, form: Filled) -> list[Field]:
    zone = form.value("time_zone") or ("UTC" if form.row or form.sent else "")
    kind = form.value("kind") if form.sent else ("cron" if form.row.get("cron_format") else "")
    parts = cron_fields.sent_values(form.sent) if form.sent else cron_fields.take_apart(form.row.get("cron_format", ""))
    starts, ends = (
        form.sent.get(name, "") if form.sent else to_local(form.row.get(name), zone) for name in ("starts", "ends")
    )
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name"),
              limits={"maxlength": 100}, help=_("Say why; people read it where something does not start.")),
        Field("kind", _("It freezes"), "choice", kind, required=True,
              options=[Option("", _("Once")), Option("cron", _("Again and again"))]),
        Field("starts", _("From"), "moment", starts, when="kind=", error=form.error("starts"), unmarked=True,
              help=_("Empty means from now on.")),
        Field("ends", _("To"), "moment", ends, when="kind=", error=form.error("ends"), unmarked=True,
              help=_("Empty means until somebody ends it.")),
        *cron_fields.fields(parts, form.errors, when="kind=cron"),
        Field("length", _("How many minutes each time"), "number", form.sent.get("length", "") if form.sent
              else form.row.get("minutes") or 60, required=True, when="kind=cron",
              limits={"min": 1, "max": service.LONGEST}, error=form.error("length")),
        zone_field(zone, form.error("time_zone")),
        Field("everything", _("Hold back everything"), "tick", bool(form.value("everything")),
              help=_("People, webhooks and pipelines start nothing either. Tasks that run already are left alone.")),
        Field("active", _("Switched on"), "tick", bool(form.value("active")) if form.row or form.sent else True),
    ]  # fmt: skip


async def _save(project_id: int, item_id: int | None, _row: Row, sent: MultiDict[str, str]) -> None:
    here, zone, often = visit.visit(), sent.get("time_zone", "").strip(), sent.get("kind") == "cron"
    try:
        minutes = whole_number(sent.get("length", "")) if often else 0
    except ValueError as error:
        raise Invalid(str(error), field="minutes") from None
    draft = FreezeDraft.read({
        "name": sent.get("name", "").strip(), "active": "active" in sent, "everything": "everything" in sent,
        "starts": None if often else to_utc(sent.get("starts", ""), zone, "starts"),
        "ends": None if often else to_utc(sent.get("ends", ""), zone, "ends"),
        "cron_format": cron_fields.compose(sent) if often else "", "time_zone": zone, "minutes": minutes,
    })  # fmt: skip
    if item_id is None:
        await service.create_freeze(here.hub, here.actor, project_id, draft)
    else:
        await service.update_freeze(here.hub, here.actor, project_id, item_id, draft)


async def _get(project_id: int, item_id: int) -> Row:
    return await service.get_freeze(visit.visit().actor, project_id, item_id)


async def _delete(project_id: int, item_id: int) -> None:
    here = visit.visit()
    await service.delete_freeze(here.hub, here.actor, project_id, item_id)


def _members(sent: MultiDict[str, str]) -> Mapping[str, str]:
    return _MEMBERS if sent.get("every") == "minutes" else _MEMBERS | {"minutes": "length"}


declare(
    Kind("freezes", "clock-pause", _WORDS, _rows, _cells, _now, _fields, _get, _save, _delete, _members,
         template="freeze_form.html", tabs="parts/schedule_tabs.html", noun="freeze",
         parting=N_("The schedules that it holds back go on then."),
         told={"cron_format": "every"}, said={"cron_format": cron_fields.spoken})
)  # fmt: skip
