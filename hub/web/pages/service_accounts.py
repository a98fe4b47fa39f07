"""Service accounts, for administrators: users for programs, with tokens and no password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import service_accounts as service
from hub.services import sessions
from hub.services import users as people
from hub.services.users import UserDraft
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.i18n import ngettext
from hub.web.pages import token_form, visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.team import role_title
from hub.web.pages.users import written
from hub.web.pages.versions import Held

_MEMBERS = {"name": "name", "username": "username", "email": "username"}
_WRITTEN: Final = ("id", "name", "username", "admin")


@page("/service-accounts", Who.ADMIN)
async def service_accounts() -> Response:
    """Every service account."""
    here = visit.visit()
    found = await service.list_accounts(here.hub, here.actor)
    return await visit.show("service_accounts.html", accounts=found)


@page("/service-accounts/new", Who.ADMIN, methods=FORM)
async def service_account_new() -> Response:
    """Make a service account."""
    here = visit.visit()
    if request.method == "GET":
        return await _new_form(NOTHING)
    sent = await request.form
    body = {**_body(sent), "service": True, "admin": "admin" in sent}
    try:
        made = await people.create_user(here.hub, here.actor, UserDraft.read(body))
    except FORM_ERRORS as fault:
        return await _new_form(sent, fault)
    said = _("The service account is there. Make it a token, and add it to the teams of its projects.")
    return visit.go("service_account", user_id=made["id"], say=said)


async def _new_form(sent: MultiDict[str, str], fault: Exception | None = None) -> Response:
    error, errors = faults(fault, _MEMBERS) if fault else ("", {})
    return await visit.show(
        "form.html", status=400 if fault else 200, section="service_accounts", heading=_("New service account"),
        error=error, trail=_trail(), cancel=visit.address("service_accounts"), save=_("Create"),
        fields=_fields(Filled({}, sent, errors)),
    )  # fmt: skip


@page("/service-accounts/<int:user_id>", Who.ADMIN, methods=FORM)
async def service_account(user_id: int) -> Response:
    """One service account: its name, its tokens, its projects."""
    here = visit.visit()
    row = await service.get_account(here.actor, user_id)
    if request.method == "GET":
        return await _show(row)
    sent = await request.form
    held = Held(written(row, _WRITTEN), sent)
    try:
        await held.saving(lambda: _read(user_id), lambda: _save(user_id, sent))
    except FORM_ERRORS as fault:
        return await _show(row, _Sent(sent, fault, held))
    return visit.go("service_account", user_id=user_id, say=_("Saved."))


async def _read(user_id: int) -> dict[str, Any]:
    return written(await service.get_account(visit.visit().actor, user_id), _WRITTEN)


async def _save(user_id: int, sent: MultiDict[str, str]) -> None:
    """Save what the form holds, and leave the rest as it is now."""
    here = visit.visit()
    row = await service.get_account(here.actor, user_id)
    kept = {name: row[name] for name in ("pro", "alert")}
    body = {**_body(sent), **kept, "email": _address_after(row, sent), "admin": "admin" in sent}
    await people.update_user(here.hub, here.actor, user_id, UserDraft.read(body))


@dataclass(frozen=True, slots=True)
class _Sent:
    """A form that was refused."""

    form: MultiDict[str, str]
    fault: Exception
    held: Held


async def _show(row: dict[str, Any], refused: _Sent | None = None, new_token: str = "") -> Response:
    here = visit.visit()
    error, errors = faults(refused.fault, _MEMBERS) if refused else ("", {})
    held = refused.held if refused else Held(written(row, _WRITTEN))
    fields = _fields(Filled(row, refused.form if refused else NOTHING, errors))
    account = await people.service_account(here.actor, row["id"])
    tokens = await token_form.rows(here.hub, account)
    return await visit.show(
        "service_account.html", status=400 if refused else 200, heading=row["name"], trail=_trail(),
        error="" if held.now else error, held=await held.described("user", fields, {}),
        cancel=visit.address("service_accounts"), fields=fields, row=row, tokens=tokens,
        new_token=new_token, good=any(not one["expired"] for one in tokens),
        memberships=[{**one, "role": role_title(one["role"])} for one in row["memberships"]],
        delete={
            "title": _("Delete this service account"),
            "note": _("Its tokens and memberships go; the tasks that it started stay."),
            "address": visit.address("service_account_delete", user_id=row["id"]),
            "ask": _("Delete “%(name)s”?", name=row["name"]),
        },
    )  # fmt: skip


@page("/service-accounts/<int:user_id>/tokens/new", Who.ADMIN)
async def service_token_new(user_id: int) -> Response:
    """The form of a token for a service account."""
    return await _token_form(await service.get_account(visit.visit().actor, user_id), NOTHING)


@page("/service-accounts/<int:user_id>/tokens", Who.ADMIN, methods=SEND)
async def service_token_create(user_id: int) -> Response:
    """Make a token for a service account, and show it once."""
    here, sent = visit.visit(), await request.form
    row = await service.get_account(here.actor, user_id)
    account = await people.service_account(here.actor, user_id)
    try:
        made = await sessions.create_token(here.hub, account, token_form.read(here.hub, sent))
    except FORM_ERRORS as fault:
        return await _token_form(row, sent, fault)
    return await _show(row, new_token=made["id"])


async def _token_form(row: dict[str, Any], sent: MultiDict[str, str], fault: Exception | None = None) -> Response:
    error, errors = faults(fault, token_form.members(sent)) if fault else ("", {})
    account = await people.service_account(visit.visit().actor, row["id"])
    back = visit.address("service_account", user_id=row["id"])
    return await visit.show(
        "form.html", status=400 if fault else 200, section="service_accounts", heading=_("New token"), error=error,
        trail=[*_trail(), (row["name"], back)], cancel=back, save=_("Create"),
        fields=await token_form.fields(account, Filled({}, sent, errors)),
        action=visit.address("service_token_create", user_id=row["id"]),
    )  # fmt: skip


@page("/service-accounts/<int:user_id>/tokens/<token>/delete", Who.ADMIN, methods=SEND)
async def service_token_delete(user_id: int, token: str) -> Response:
    """Delete a token of a service account."""
    here = visit.visit()
    account = await people.service_account(here.actor, user_id)
    await sessions.delete_token(here.hub, account, token)
    return visit.go("service_account", user_id=user_id, say=_("The token was deleted."))


@page("/service-accounts/<int:user_id>/off", Who.ADMIN, methods=SEND)
async def service_account_off(user_id: int) -> Response:
    """End every token at once."""
    here = visit.visit()
    ended = await service.switch_off(here.hub, here.actor, user_id)
    said = ngettext("%(n)s token was ended.", "%(n)s tokens were ended.", ended)
    return visit.go("service_account", user_id=user_id, say=said)


@page("/service-accounts/<int:user_id>/delete", Who.ADMIN, methods=SEND)
async def service_account_delete(user_id: int) -> Response:
    """Remove a service account."""
    here = visit.visit()
    await service.get_account(here.actor, user_id)
    try:
        await people.delete_user(here.hub, here.actor, user_id)
    except FORM_ERRORS as fault:
        return visit.go("service_account", user_id=user_id, say=sentence(fault), kind="danger")
    return visit.go("service_accounts", say=_("Deleted."))


def _body(sent: MultiDict[str, str]) -> dict[str, Any]:
    """The wire's user wants an address; a service account gets one that leads nowhere."""
    username = sent.get("username", "").strip()
    email = f"{username.lower()}@service.invalid" if username else ""
    return {"name": sent.get("name", ""), "username": username, "email": email}


def _address_after(row: dict[str, Any], sent: MultiDict[str, str]) -> str:
    """Keep an address that somebody gave through the API."""
    made_here = row["email"].endswith("@service.invalid")
    return str(_body(sent)["email"] if made_here else row["email"])


def _fields(form: Filled) -> list[Field]:
    admin = "admin" in form.sent if form.sent else bool(form.row.get("admin"))
    return [
        Field("name", _("Title"), "line", form.value("name"), required=True, error=form.error("name"),
              placeholder=_("Nightly deploys")),
        Field("username", _("Username"), "line", form.value("username"), required=True, error=form.error("username"),
              help=_("What histories and teams show. Small letters.")),
        Field("admin", _("Administrator"), "tick", admin,
              help=_("May do everything, in every project. Most programs need a role in one project only.")),
    ]  # fmt: skip


def _trail() -> list[tuple[str, str]]:
    return [(_("Service accounts"), visit.address("service_accounts"))]
