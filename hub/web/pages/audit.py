"""Pages of what was done: of the whole hub for administrators, and of a project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import orjson
from quart import Response, request

from hub.errors import Invalid
from hub.services import audit, events, zone_days
from hub.services.listing import LONGEST_SEARCH, Asked
from hub.web.api import audit as api
from hub.web.forms import Field, Option
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.event_sentences import kind_title, told
from hub.web.pages.routing import Who, page
from hub.web.tables import as_csv, as_json_lines

ROWS: Final = 50
FORMATS: Final = ("csv", "jsonl")


@page("/audit", Who.ADMIN)
async def audit_log() -> Response:
    """What was done in the whole hub."""
    return await _shown("audit_log", None)


@page("/audit/file", Who.ADMIN)
async def audit_file() -> Response:
    """The same to take along."""
    return await _file(None)


@page("/project/<int:project_id>/activity", Who.MEMBER)
async def activity(project_id: int) -> Response:
    """What people did in a project, newest first; those who manage it see what changed as well."""
    if visit.visit().may_manage:
        return await _shown("activity", project_id)
    found = await events.list_for_project(visit.visit().actor, project_id, Asked(limit=events.LAST))
    return await visit.show("activity.html", tab="activity", events=await told(found))


@page("/project/<int:project_id>/activity/file", Who.MEMBER)
async def activity_file(project_id: int) -> Response:
    """The same to take along."""
    return await _file(project_id)


async def _shown(endpoint: str, project_id: int | None) -> Response:
    sent, path = _sent(), {} if project_id is None else {"project_id": project_id}
    actor, error = visit.visit().actor, ""
    asked = _asked(sent)
    try:
        found = await audit.list_audit(actor, project_id, asked)
    except Invalid as fault:
        error, found = fault.sentence, await audit.list_audit(actor, project_id, Asked(limit=ROWS))
    kept = {name: text for name, text in sent.items() if text and name not in {"before", "after"}}
    newer, older = (
        visit.address(endpoint, **path, **kept, **{side: cursor}) if cursor else ""
        for side, cursor in (("before", found.previous), ("after", found.following))
    )
    name = f"{endpoint.removesuffix('_log')}_file"
    return await visit.show(
        "audit.html", rows=await told(map(_row, found)), fields=await _fields(actor, project_id, sent),
        error=error, tab="activity", whole=visit.address(endpoint, **path), filtered=bool(kept), newer=newer,
        older=older, files={one: visit.address(name, **path, **kept, format=one) for one in FORMATS},
    )  # fmt: skip


async def _file(project_id: int | None) -> Response:
    rows = await audit.export(visit.visit().actor, project_id, _asked(_sent()))
    name = "audit" if project_id is None else f"audit-project-{project_id}"
    if request.args.get("format") == "jsonl":
        return as_json_lines(rows, name)
    return as_csv(rows, api.COLUMNS, name)


def _sent() -> dict[str, str]:
    names = ("q", "who", "kind", "from", "to", "before", "after")
    return {name: request.args.get(name, "").strip()[:LONGEST_SEARCH] for name in names[:5]} | {
        name: request.args.get(name, "") for name in names[5:]
    }


def _asked(sent: Mapping[str, str]) -> Asked:
    filters = {"actor__contains": sent["who"], "object_type": sent["kind"]}
    filters |= {"created__gte": _day(sent["from"]), "created__lt": _day(sent["to"], later=1)}
    return Asked(sent["q"], limit=ROWS, before=sent["before"], after=sent["after"], filters=filters)


def _day(text: str, *, later: int = 0) -> str:
    """Return the beginning of a day of the reader's zone, or of one after it; nothing for what is none."""
    try:
        return zone_days.begin(date.fromisoformat(text) + timedelta(days=later), visit.days_zone()).isoformat()
    except (ValueError, OverflowError):
        return ""


async def _fields(actor: Any, project_id: int | None, sent: Mapping[str, str]) -> list[Field]:
    kinds = [Option(one, kind_title(one)) for one in await audit.kinds(actor, project_id)]
    return [
        Field("q", _("Search"), "line", sent["q"], unmarked=True),
        Field("who", _("Who"), "line", sent["who"], unmarked=True),
        Field("kind", _("What"), "choice", sent["kind"], options=kinds, placeholder=_("Everything"), unmarked=True),
        Field("from", _("From"), "date", sent["from"], unmarked=True),
        Field("to", _("To"), "date", sent["to"], unmarked=True),
    ]


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event with its changes as texts."""
    changes = [(name, *_sides(value)) for name, value in sorted((one["changes"] or {}).items())]
    return {**one, "differences": changes}


def _sides(value: Any) -> tuple[str, str, bool]:
    """Return before, after, and whether both are hidden."""
    if not isinstance(value, list) or len(value) != 2:
        return "", "", True
    return _text(value[0]), _text(value[1]), False


def _text(value: Any) -> str:
    if value is None or value == "":
        return "—"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
