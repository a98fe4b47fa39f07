"""People, for administrators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.services import second_factor, second_factor_setup, still_here
from hub.services import users as service
from hub.services.second_factor_setup import ProofDraft
from hub.services.users import PasswordDraft, UserDraft
from hub.web.forms import Field, left_empty
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.team import role_title
from hub.web.pages.versions import Held

MEMBERS = {name: name for name in ("username", "name", "email", "password", "current_password")}
_WRITTEN: Final = ("id", "name", "username", "email", "admin")
"""What the form of an administrator writes of somebody, and which one it is."""


@page("/users", Who.ADMIN)
async def users() -> Response:
    """Everybody."""
    people = [one for one in await service.list_users(visit.visit().actor) if not one.get("service")]
    return await visit.show("users.html", users=people, protected=await second_factor.protected())


@page("/users/new", Who.ADMIN, methods=FORM)
async def user_new() -> Response:
    """Add somebody."""
    here = visit.visit()
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors = "", left_empty([_password_field(Filled({}, sent, {}), "")], sent)
    if request.method == "POST" and not errors:
        try:
            draft = UserDraft.read(
                {**profile_body(sent), "password": sent.get("password", ""), "admin": "admin" in sent}
            )
            await service.create_user(here.hub, here.actor, draft)
            return visit.go("users", say=_("The user is there."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, MEMBERS)
    form = Filled({}, sent, errors)
    return await visit.show(
        "form.html", status=400 if sent else 200, section="users", heading=_("New user"), error=error,
        trail=_trail(), cancel=url_for("pages.users"), save=_("Create"),
        fields=[*profile_fields(form), _password_field(form, _("Password")), _admin_field(form)],
    )  # fmt: skip


@page("/users/<int:user_id>", Who.ADMIN, methods=FORM)
async def user_edit(user_id: int) -> Response:
    """Change somebody."""
    here = visit.visit()
    row = await service.get_user(here.actor, user_id)
    if row.get("service"):
        return visit.go("service_account", user_id=user_id)
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors, held = "", dict[str, str](), Held(written(row, _WRITTEN), sent)
    himself, teams = user_id == here.actor.user_id, await service.memberships(here.actor, user_id)
    if request.method == "POST":
        try:
            await held.saving(lambda: _read(user_id), lambda: _save(user_id, sent))
            return visit.go("users", say=_("Saved."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, MEMBERS)
    form = Filled(row, sent, errors)
    fields = profile_fields(form) if himself else [*profile_fields(form), _admin_field(form)]
    return await visit.show(
        "user_form.html", status=400 if sent else 200, shut_out=await still_here.shut_out(user_id), heading=row["name"],
        error=error, trail=_trail(), user=row, held=await held.described("user", fields, {}), himself=himself,
        memberships=[{**one, "role": role_title(one["role"])} for one in teams],
        cancel=url_for("pages.users"), fields=fields, delete=None if himself else _deletion(row),
        password_fields=[] if himself or row["external"] else [_password_field(form, _("New password"))],
    )  # fmt: skip


async def _read(user_id: int) -> dict[str, Any]:
    return written(await service.get_user(visit.visit().actor, user_id), _WRITTEN)


async def _save(user_id: int, sent: MultiDict[str, str]) -> None:
    """Save what the form holds, and leave the rest as it is now."""
    here = visit.visit()
    row = await service.get_user(here.actor, user_id)
    kept = {name: row[name] for name in ("external", "pro", "alert")}
    kept["admin"] = row["admin"] if user_id == here.actor.user_id else "admin" in sent
    await service.update_user(here.hub, here.actor, user_id, UserDraft.read({**profile_body(sent), **kept}))


@page("/users/<int:user_id>/password", Who.ADMIN, methods=SEND)
async def user_password(user_id: int) -> Response:
    """Set somebody's password."""
    here = visit.visit()
    draft = PasswordDraft.read({"password": (await request.form).get("password", "")})
    try:
        await service.change_password(here.hub, here.actor, user_id, draft)
    except FORM_ERRORS as fault:
        return visit.go("user_edit", user_id=user_id, say=faults(fault)[0], kind="danger")
    return visit.go("user_edit", user_id=user_id, say=_("The password was set. Other sessions were ended."))


@page("/users/<int:user_id>/second-factor/off", Who.ADMIN, methods=SEND)
async def user_factor_off(user_id: int) -> Response:
    """Take the second factor away from somebody who has lost their device; one's own wants proof, on its page."""
    here = visit.visit()
    if user_id == here.actor.user_id:
        return visit.go("security")
    try:
        await second_factor_setup.disable(here.hub, here.actor, user_id, ProofDraft())
    except FORM_ERRORS as fault:
        return visit.go("user_edit", user_id=user_id, say=faults(fault)[0], kind="danger")
    return visit.go("user_edit", user_id=user_id, say=_("The second factor is gone: the password alone lets them in."))


@page("/users/<int:user_id>/delete", Who.ADMIN, methods=SEND)
async def user_delete(user_id: int) -> Response:
    """Remove somebody."""
    here = visit.visit()
    try:
        await service.delete_user(here.hub, here.actor, user_id)
    except FORM_ERRORS as fault:
        return visit.go("user_edit", user_id=user_id, say=faults(fault)[0], kind="danger")
    return visit.go("users", say=_("Deleted."))


def written(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the members that a form writes: whatever else changes of somebody is none of its business."""
    return {name: row[name] for name in names}


def profile_body(sent: MultiDict[str, str]) -> dict[str, Any]:
    """Read what people say of themselves."""
    return {name: sent.get(name, "") for name in ("username", "name", "email")}


def profile_fields(form: Filled) -> list[Field]:
    """Return the fields of what people say of themselves."""
    return [
        Field("name", _("Full name"), "line", form.value("name"), required=True, error=form.error("name")),
        Field("username", _("Username"), "line", form.value("username"), required=True, error=form.error("username"),
              help=_("For signing in. Small letters.")),
        Field("email", _("E-mail"), "email", form.value("email"), required=True, error=form.error("email")),
    ]  # fmt: skip


def _password_field(form: Filled, label: str) -> Field:
    return Field("password", label, "secret", required=True, error=form.error("password"))


def _admin_field(form: Filled) -> Field:
    ticked = "admin" in form.sent if form.sent else bool(form.row.get("admin"))
    return Field("admin", _("Administrator"), "tick", ticked, help=_("May do everything, in every project."))


def _trail() -> list[tuple[str, str]]:
    return [(_("Users"), url_for("pages.users"))]


def _deletion(row: dict[str, Any]) -> dict[str, str]:
    return {
        "title": _("Delete this user"),
        "note": _("Sessions, tokens and memberships go; the tasks stay."),
        "address": url_for("pages.user_delete", user_id=row["id"]),
        "ask": _("Delete “%(name)s”?", name=row["name"]),
    }
