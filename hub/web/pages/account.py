"""One's own account: name, password and API tokens."""

from __future__ import annotations

from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import sessions, users
from hub.services.users import PasswordDraft, UserDraft
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import token_form, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.users import MEMBERS, profile_body, profile_fields, written
from hub.web.pages.versions import Held

_WRITTEN: Final = ("id", "name", "username", "email", "alert")


@page("/account", Who.USER)
async def account() -> Response:
    """Name, password, language, colours and time."""
    return await _show()


@page("/tokens", Who.USER)
async def tokens() -> Response:
    """Lead an old link to where tokens are."""
    return visit.go("account_tokens")


@page("/account/profile", Who.USER, methods=SEND)
async def account_save() -> Response:
    """Change name and addresses."""
    here, sent = visit.visit(), await request.form
    row = await users.own_user(here.hub, here.actor)
    held = Held(written(row, _WRITTEN), sent, place=visit.address("account"))
    try:
        await held.saving(_read_profile, lambda: _save_profile(sent))
    except FORM_ERRORS as fault:
        error, errors = faults(fault, MEMBERS)
        return await _show(status=400, error=error, profile=Filled(row, sent, errors), held=held)
    return visit.go("account", say=_("Saved."))


async def _read_profile() -> dict[str, Any]:
    here = visit.visit()
    return written(await users.own_user(here.hub, here.actor), _WRITTEN)


async def _save_profile(sent: MultiDict[str, str]) -> None:
    """Save what the form holds, and leave the rest as it is now."""
    here = visit.visit()
    row = await users.own_user(here.hub, here.actor)
    kept = {name: row[name] for name in ("admin", "external", "pro")}
    body = {**profile_body(sent), **kept, "alert": "alert" in sent}
    await users.update_user(here.hub, here.actor, row["id"], UserDraft.read(body))


@page("/account/password", Who.USER, methods=SEND)
async def account_password() -> Response:
    """Change one's own password."""
    here, sent = visit.visit(), await request.form
    fresh = sent.get("password", "")
    if fresh != sent.get("repeated", ""):
        return await _show(status=400, password_errors={"repeated": _("The two passwords differ.")})
    draft = PasswordDraft.read({"password": fresh, "current_password": sent.get("current_password", "")})
    try:
        await users.change_password(here.hub, here.actor, here.actor.user_id or 0, draft)
    except FORM_ERRORS as fault:
        error, errors = faults(fault, MEMBERS)
        return await _show(status=400, error=error, password_errors=errors)
    return visit.go("account", say=_("The password was changed. Your other sessions were ended."))


@page("/account/tokens", Who.USER)
async def account_tokens() -> Response:
    """One's API tokens."""
    return await _show_tokens()


@page("/account/tokens/new", Who.USER)
async def token_new() -> Response:
    """The form of a new API token."""
    return await _token_form(NOTHING)


@page("/account/tokens", Who.USER, methods=SEND)
async def token_create() -> Response:
    """Make an API token and show it once."""
    here, sent = visit.visit(), await request.form
    try:
        made = await sessions.create_token(here.hub, here.actor, token_form.read(here.hub, sent))
    except FORM_ERRORS as fault:
        return await _token_form(sent, fault)
    return await _show_tokens(new_token=made["id"])


async def _token_form(sent: MultiDict[str, str], fault: Exception | None = None) -> Response:
    error, errors = faults(fault, token_form.members(sent)) if fault else ("", {})
    return await visit.show(
        "form.html", status=400 if fault else 200, heading=_("New token"), error=error, save=_("Create"),
        trail=[(_("Your account"), visit.address("account_tokens"))], cancel=visit.address("account_tokens"),
        fields=await token_form.fields(visit.visit().actor, Filled({}, sent, errors)),
        action=visit.address("token_create"),
    )  # fmt: skip


@page("/account/tokens/<token>/delete", Who.USER, methods=SEND)
async def token_delete(token: str) -> Response:
    """Delete an API token."""
    await sessions.delete_token(visit.the_hub(), visit.visit().actor, token)
    return visit.go("account_tokens", say=_("The token was deleted."))


async def _show_tokens(new_token: str = "") -> Response:
    here = visit.visit()
    rows = await token_form.rows(here.hub, here.actor)
    return await visit.show("account_tokens.html", new_token=new_token, tokens=rows)


async def _show(
    *, status: int = 200, error: str = "", profile: Filled | None = None,
    password_errors: dict[str, str] | None = None, held: Held | None = None,
) -> Response:  # fmt: skip
    here = visit.visit()
    row: dict[str, Any] = await users.own_user(here.hub, here.actor)
    profile, held = profile or Filled(row, NOTHING, {}), held or Held(written(row, _WRITTEN))
    fields = [*profile_fields(profile), _alert_field(profile)]
    return await visit.show(
        "account.html", status=status, error="" if held.now else error,
        profile=fields, held=await held.described("user", fields, {}),
        password=[] if row["external"] else _password_fields(password_errors or {}),
    )  # fmt: skip


def _alert_field(form: Filled) -> Field:
    wished = "alert" in form.sent if form.sent else bool(form.row.get("alert"))
    return Field("alert", _("Send me alerts by e-mail"), "tick", wished,
                 help=_("What the e-mail channels of your projects tell."))  # fmt: skip


def _password_fields(errors: dict[str, str]) -> list[Field]:
    return [
        Field(name, label, "secret", required=True, error=errors.get(name, ""))
        for name, label in (
            ("current_password", _("Current password")), ("password", _("New password")),
            ("repeated", _("New password again")),
        )
    ]  # fmt: skip
