"""Errors as people see them: a page that says what happened and what to do, or a sentence beside a field."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from quart import Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from hub.errors import (
    Changed,
    Conflict,
    Forbidden,
    HubError,
    InUse,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from hub.plugin import PluginError, Refused
from hub.services.outages import met
from hub.web.beside import apart, beside
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import drawing, visit

logger = logging.getLogger(__name__)

FORM_ERRORS: Final = (Invalid, Conflict, Changed, Forbidden, Unavailable, NotFound, TooMany, PluginError)
"""What a form shows above itself instead of a page of its own."""


@dataclass(frozen=True, slots=True)
class _Face:
    heading: str
    icon: str
    advice: str = ""


_FACES: Final = {
    400: _Face(N_("That cannot be done"), "alert-circle", N_("Go back and correct what the sentence names.")),
    401: _Face(N_("Sign in first"), "lock"),
    403: _Face(N_("You may not do this"), "lock", N_("Ask an owner of the project, or an administrator of the hub.")),
    404: _Face(N_("There is no such page"), "route"),
    405: _Face(N_("There is no such page"), "route", N_("It may have been deleted, or the address is mistyped.")),
    409: _Face(N_("Not at this moment"), "clock-pause", N_("Look at the present state and try again.")),
    413: _Face(N_("That is too large"), "alert-circle"),
    429: _Face(N_("Too many attempts"), "clock", N_("Wait a little and try again.")),
    503: _Face(N_("Something outside does not answer"), "plug", N_("Try again in a moment.")),
}
_REASONS: Final = {
    403: (
        N_("Your role in this project does not reach that far; its owners can give you another."),
        N_("The page is for administrators of the hub."),
        N_("You were given more or less lately: sign out and in again, or reload the page."),
    ),
    404: (
        N_("It was deleted, or moved to another project."),
        N_("You are not a member of its project: then the hub does not even say that it exists."),
        N_("The address is mistyped, or the link was cut."),
    ),
}
"""What may be behind a refusal, by status."""
_BROKEN: Final = _Face(N_("The hub met an error of its own"), "bug", N_("Its administrator finds it in the hub's log."))


_IN_USE: Final = _Face(
    N_("It is still in use"), "link", N_("Change or delete what uses it first, then delete it. Nothing was changed.")
)
_PLACES: Final = {
    "template": (N_("Template"), "template", "template_id"),
    "template_schedules": (N_("Schedules of the template"), "template", "template_id"),
    "inventory": (N_("Inventory"), "inventory_edit", "item_id"),
    "repository": (N_("Repository"), "repositories_edit", "item_id"),
    "environment": (N_("Variable group"), "environment_edit", "item_id"),
    "key": (N_("Key"), "keys_edit", "item_id"),
    "integration": (N_("Integration"), "integration", "integration_id"),
    "channel": (N_("Channel"), "channel_edit", "channel_id"),
}
"""Where the things of a project are that may use another one."""
_PROJECTS: Final = {"team": (N_("Team"), "team"), "invites": (N_("Invitations"), "invites")}


def sentence(error: BaseException) -> str:
    """Return an error's text as a whole sentence in the reader's language."""
    return apart(str(error))


def faults(error: BaseException, names: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """Return (sentence for the whole form, sentence by field). `names` maps wire members to fields of the form."""
    member = error.field if isinstance(error, Invalid | Conflict | Forbidden | NotFound | Refused) else None
    known = names or {}
    if member and member in known:
        return "", {known[member]: beside(str(error))}
    return sentence(error), {}


async def error_page(error: Exception) -> Response:
    """Return the page for an error that ended a request; scripts get JSON."""
    status = _status(error)
    if status >= 500:
        met(error)
    if not g.get("language"):
        visit.speak()
    if isinstance(error, Unauthenticated) and not visit.wants_fragment() and not visit.quiet():
        back = {"return": place} if (place := drawing.place()) else {}
        return visit.go("verify" if error.code == "TOTP_REQUIRED" else "login", **back)
    if status >= 500 and not isinstance(error, HubError | HTTPException):
        logger.error("A page failed inside the hub.", exc_info=error)
    if status in {404, 405} and g.get("visit") is None:
        with suppress(HubError):  # no page was found, so nobody has asked yet who is looking
            await visit.begin(signed_in=False)
    face = _FACES.get(status, _BROKEN)
    text = _text(error, face)
    if visit.quiet():
        return _with_headers(error, jsonify({"error": text or _(face.heading)}), status)
    users = _users(error)
    face = _IN_USE if users else face
    if any(one.address for one in users) and isinstance(error, InUse) and error.users[0].kind not in _PROJECTS:
        text = ""  # the list tells more, and in the reader's language
    page = await visit.show(
        "error.html", status=status, heading=_(face.heading), picture=face.icon, sentence=text,
        advice=_(face.advice) if face.advice else "", reasons=[_(one) for one in _REASONS.get(status, ())],
        users=users, form=drawing.place() if isinstance(error, visit.OutOfDate) else "", home=_home(),
        retry=drawing.here() if _worth_retrying(status) else None,
    )  # fmt: skip
    return _with_headers(error, page, status)


@dataclass(frozen=True, slots=True)
class Link:
    """Something that uses what was to be deleted."""

    kind: str
    name: str
    address: str
    """Empty where there is no page of it."""


def _users(error: Exception) -> list[Link]:
    here = g.get("visit")
    found = []
    for one in error.users if isinstance(error, InUse) else ():
        label, address = one.kind, ""
        if one.kind in _PROJECTS:
            label, endpoint = _PROJECTS[one.kind]
            address = visit.address(endpoint, project_id=one.id)
        elif one.kind in _PLACES and here and here.grant:
            label, endpoint, parameter = _PLACES[one.kind]
            address = visit.address(endpoint, project_id=here.grant.project_id, **{parameter: one.id})
        elif one.kind == "host_config":
            label = N_("Keys of hosts")
        found.append(Link(_(label), one.name, address))
    return found


def _home() -> str:
    """Address of the project of the page that failed, where the reader may see it."""
    here = g.get("visit")
    return visit.address("project_home", project_id=here.grant.project_id) if here and here.grant else ""


def _status(error: Exception) -> int:
    if isinstance(error, HubError):
        return error.status
    if isinstance(error, PluginError):
        return 400
    return (error.code or 500) if isinstance(error, HTTPException) else 500


def _text(error: Exception, face: _Face) -> str:
    if isinstance(error, HubError | PluginError):
        return sentence(error)
    if isinstance(error, HTTPException) and face is _BROKEN:
        return phrase(error.description or error.name)
    return "" if isinstance(error, HTTPException) else _("Nothing was lost that was saved before.")


def _worth_retrying(status: int) -> bool:
    return request.method == "GET" and status in {409, 429, 500, 503}


def _with_headers(error: Exception, response: Response, status: int) -> Response:
    response.status_code = status
    return wait_for(error, response)


def wait_for(error: Exception, response: Response) -> Response:
    """Tell scripts and browsers how long to wait, where an error says so."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
