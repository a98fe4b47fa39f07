"""API tokens as forms and lists: one's own, and those of a service account."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.context import Hub
from hub.errors import Invalid
from hub.services import projects, sessions
from hub.services.access import SCOPES
from hub.services.actor import Actor
from hub.services.sessions import TokenDraft
from hub.web.encoding import wire_time
from hub.web.forms import Field, Option, lenient_number
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages.names import by_id, choices
from hub.web.pages.resource import Filled

_SCOPES: Final = {
    "read": (N_("Reading"), N_("Look at projects, tasks and logs. Every other right reads, too.")),
    "run": (N_("Running tasks"), N_("Start, stop, confirm and reject tasks.")),
    "manage": (N_("Managing projects"), N_("Change what is in projects, make new ones, and back them up.")),
    "admin": (N_("Administering the hub"), N_("Everything, with people and options of the whole hub.")),
}  # fmt: skip

_LIFETIMES: Final = {
    "30": N_("in 30 days"), "7": N_("in a week"), "90": N_("in 90 days"), "365": N_("in a year"),
    "day": N_("on a day of your choice"), "": N_("never"),
}  # fmt: skip


def members(sent: MultiDict[str, str]) -> dict[str, str]:
    """Return the fields of the form by wire member."""
    expires = "day" if sent.get("lifetime") == "day" else "lifetime"
    return {"name": "name", "scopes": "scopes", "project_id": "project_id", "expires_at": expires}


async def fields(owner: Actor, form: Filled) -> list[Field]:
    """Return the fields for a new token of `owner`."""
    known = [name for name in SCOPES if name != "admin" or owner.admin]
    scopes = [Option(name, _(_SCOPES[name][0]), _(_SCOPES[name][1])) for name in known]
    ticked = form.sent.getlist("scopes") if form.sent else ["read"]
    reach = [
        Option("some", _("What is ticked below")),
        Option("all", _("Everything that its owner may do, also what is added later")),
    ]
    own_projects = choices(await projects.list_projects(owner))
    return [
        Field("name", _("What it is for"), "line", form.value("name"), placeholder=_("Nightly deploys"),
              required=True, error=form.error("name"), limits={"maxlength": 100}),
        Field("reach", _("What it may do"), "choice", form.value("reach") or "some", required=True, options=reach),
        Field("scopes", _("Rights"), "ticks", ticked, options=scopes, error=form.error("scopes"), when="reach=some"),
        Field("project_id", _("Where"), "choice", form.value("project_id"), unmarked=True, options=own_projects,
              placeholder=_("In all projects of its owner"), error=form.error("project_id")),
        Field("lifetime", _("Expires"), "choice", form.value("lifetime") if form.sent else "30", required=True,
              options=[Option(value, _(title)) for value, title in _LIFETIMES.items() if value], unmarked=True,
              placeholder=_("never"), error=form.error("lifetime")),
        Field("day", _("Last day"), "date", form.value("day"), required=True, when="lifetime=day",
              help=_("It is good until the end of that day, UTC."), error=form.error("day")),
    ]  # fmt: skip


def read(hub: Hub, sent: MultiDict[str, str]) -> TokenDraft:
    """Return what the form asks for. Raises `Invalid` in words of the form."""
    name, scopes = sent.get("name", "").strip(), sent.getlist("scopes")
    if not name:
        raise Invalid(_("Write what the token is for: whoever finds it in this list later will thank you."),
                      field="name")  # fmt: skip
    if sent.get("reach") != "all" and not scopes:
        raise Invalid(_("Tick at least one right."), field="scopes")
    return TokenDraft.read(
        {
            "name": name,
            "scopes": None if sent.get("reach") == "all" else scopes,
            "project_id": lenient_number(sent.get("project_id", "")),
            "expires_at": _expires(hub, sent),
        }
    )


def _expires(hub: Hub, sent: MultiDict[str, str]) -> str | None:
    wish = sent.get("lifetime", "")
    if wish != "day":
        days = lenient_number(wish)
        return wire_time(hub.clock() + timedelta(days=min(days, 36500))) if days else None
    try:
        day = date.fromisoformat(sent.get("day", ""))
    except ValueError:
        raise Invalid(_("Choose the last day on which the token is good."), field="expires_at") from None
    if day < hub.clock().astimezone(UTC).date():
        raise Invalid(_("Choose a day in the future."), field="expires_at")
    return f"{day.isoformat()}T23:59:59Z"


async def rows(hub: Hub, owner: Actor) -> list[dict[str, Any]]:
    """Return the tokens of `owner` with words for what each may do, and where."""
    names = by_id(await projects.list_projects(owner))
    return [
        {
            **one,
            "rights": None if one["scopes"] is None else [_(_SCOPES[name][0]) for name in one["scopes"]],
            "project": names[one["project_id"]] or _("a project that its owner has left") if one["project_id"] else "",
        }
        for one in await sessions.list_tokens(hub, owner)
    ]
