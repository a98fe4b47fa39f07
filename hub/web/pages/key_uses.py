"""What uses a key, with links; keys that the hub makes up, and secrets that take the place of others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.routing import BuildError

from hub.errors import Forbidden
from hub.services import key_pairs, key_users
from hub.services import keys as service
from hub.services.key_pairs import PairDraft, RotationDraft
from hub.web.forms import Field, Option, blamed, fields_of, read
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import key_expiry, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, Who, page

Row = dict[str, Any]

_FACES: Final = {
    "template": (N_("Template"), "list-details", "template", "template_id"),
    "inventory": (N_("Inventory"), "server-2", "inventory_edit", "item_id"),
    "repository": (N_("Repository"), "brand-git", "repositories_edit", "item_id"),
    "integration": (N_("Integration"), "webhook", "integration", "integration_id"),
    "host_config": (N_("Key of a host"), "server", "known_hosts", ""),
    "state_alias": (N_("Address of a state"), "versions", "states", ""),
    "channel": (N_("Channel"), "bell", "channel_edit", "channel_id"),
}
_AS: Final = {
    "vault": N_("opens its vault"), "become": N_("to become another user"), "source": N_("asks its source"),
}  # fmt: skip
_MEMBERS: Final = {"name": "name", "login": "login", "generate": "generate", "expires": "expires",
                   "passphrase": "passphrase"}  # fmt: skip


async def uses_of(project_id: int, key_id: int) -> list[Row]:
    """Return what uses a key, ready to be drawn."""
    here = visit.visit()
    found = []
    for one in await key_users.uses(here.hub, here.actor, project_id, key_id):
        title, icon, endpoint, member = _FACES[one["kind"]]
        said = _AS.get(one["as_what"], "")
        note = _(said) if said else one["as_what"].replace("_", " ")
        address = _address(endpoint, project_id, {member: one["id"]} if member else {})
        found.append({"title": _(title), "icon": icon, "name": one["name"], "note": note, "address": address})
    return found


def templates_of(project_id: int, found: Mapping[str, Any]) -> list[Row]:
    """Return the templates among what uses a thing, ready to be drawn."""
    title, icon, endpoint, member = _FACES["template"]
    return [
        {"title": _(title), "icon": icon, "name": one["name"], "note": "",
         "address": _address(endpoint, project_id, {member: one["id"]})}
        for one in found["templates"]
    ]  # fmt: skip


def _address(endpoint: str, project_id: int, ids: Mapping[str, Any]) -> str:
    """Return where a thing is looked at; nothing for kinds that have no page."""
    try:
        return url_for(f"pages.{endpoint}", project_id=project_id, **ids)
    except BuildError:
        return ""


@page("/project/<int:project_id>/keys/generate", Who.MEMBER, methods=FORM)
async def key_generate(project_id: int) -> Response:
    """Let the hub make up a key pair."""
    here = visit.visit()
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors = "", dict[str, str]()
    if sent:
        body = {name: sent.get(name, "").strip() for name in ("name", "generate", "login")}
        try:
            body["passphrase"] = sent.get("passphrase", "")
            draft = PairDraft.read({**body, "expires": key_expiry.moment(sent, {})})
            made = await key_pairs.generate_key(here.hub, here.actor, project_id, draft)
            said = _("The key is there. Put its public half where it is to be let in.")
            return visit.go("keys_edit", project_id=project_id, item_id=made["id"], say=said)
        except FORM_ERRORS as fault:
            error, errors = faults(fault, {**_MEMBERS, "ssh.login": "login", "ssh.passphrase": "passphrase"})
    form = Filled({}, sent, errors)
    fields = [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name"),
              placeholder=_("Deploy key of the shop"), limits={"maxlength": 255}),
        *_pair_fields(form, here.hub.registry.key_types["ssh"].generates),
        key_expiry.field(form),
    ]  # fmt: skip
    return await _form(project_id, _("New key pair"), fields, error, sent, save=_("Make the key pair"), intro=_(
        "The hub makes up both halves. The private one is encrypted at once and never shown to anybody."
    ))  # fmt: skip


@page("/project/<int:project_id>/keys/<int:item_id>/rotate", Who.MEMBER, methods=FORM)
async def key_rotate(project_id: int, item_id: int) -> Response:
    """Put a new secret in the place of a stored one."""
    here = visit.visit()
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    row = await service.get_key(here.actor, project_id, item_id)
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors = "", dict[str, str]()
    if sent:
        try:
            await _rotate(project_id, row, sent)
            return visit.go("keys_edit", project_id=project_id, item_id=item_id, say=_("The secret was replaced."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, {**_MEMBERS, **_secret_members(row["type"], sent)})
    plain = await service.plain_members(here.hub, here.actor, project_id, item_id)
    uses, fields = await uses_of(project_id, item_id), _rotation_fields(row, plain, Filled(plain, sent, errors))
    intro = _("Everything that uses this key goes on using it, with the new secret, from its next task on.")
    return await _form(project_id, _("Replace the secret"), fields, error, sent,
                       save=_("Replace the secret"), intro=intro, row=row, uses=uses)  # fmt: skip


def _secret_members(name: str, sent: MultiDict[str, str]) -> dict[str, str]:
    """Return the fields of a secret by wire member; those that the hub makes up have fields of their own."""
    kind = visit.the_hub().registry.key_types.get(name)
    if kind is None or sent.get("generate"):
        return {f"{name}.{one}": one for one in ("login", "passphrase")}
    fields = {f"{name}.{one}": f"{name}-{one}" for one in kind.params_type.model_fields}
    return {**fields, name: f"{name}-{blamed(kind.params_type)}"}


async def _rotate(project_id: int, row: Row, sent: MultiDict[str, str]) -> None:
    here, name = visit.visit(), row["type"]
    kind = here.hub.registry.key_types.get(name)
    body: Row = {"type": name, "expires": key_expiry.moment(sent, {})}
    if sent.get("generate"):
        body |= {"generate": sent["generate"], "passphrase": sent.get("passphrase", "")}
        if "login" in sent:
            body["login"] = sent["login"].strip()
    elif kind is not None:
        given = read(kind.params_type, sent, prefix=f"{name}-")[0]
        body[name] = {one: value for one, value in given.items() if f"{name}-{one}" in sent}
    await key_pairs.rotate_key(here.hub, here.actor, project_id, row["id"], RotationDraft.read(body))


def _rotation_fields(row: Row, plain: Row, form: Filled) -> list[Field]:
    kind = visit.the_hub().registry.key_types.get(row["type"])
    if kind is None:
        return []
    errors = {member.removeprefix(f"{kind.name}-"): text for member, text in form.errors.items()}
    if form.sent:
        plain = {one: form.sent.get(f"{kind.name}-{one}", "") for one in kind.shown}
    own = fields_of(
        kind.params_type, plain, prefix=f"{kind.name}-", errors=errors, when="generate=" if kind.generates else ""
    )
    fields = _pair_fields(form, kind.generates, own=True) if kind.generates else []
    return [*fields, *own, key_expiry.field(Filled({"expires": _next_end(row)}, form.sent, form.errors))]


def _next_end(row: Row) -> datetime | None:
    """Return when the new secret expires if it lives as long as the old one was to."""
    expires: datetime | None = row.get("expires")
    changed: datetime | None = row.get("secret_changed")
    return visit.the_hub().clock() + (expires - changed) if expires and changed and expires > changed else None


def _pair_fields(form: Filled, kinds: Mapping[str, str], *, own: bool = False) -> list[Field]:
    options = [Option(name, phrase(title)) for name, title in kinds.items()]
    when = f"generate={','.join(kinds)}" if own else ""
    first = [Option("", _("A key that I have already"))] if own else []
    chosen = form.value("generate") if form.sent else options[0].value
    return [
        Field("generate", _("Kind"), "choice", chosen, required=True, error=form.error("generate"),
              options=[*options, *first], help=_("Ed25519 is short, quick and safe; RSA is for old machines.")),
        Field("login", _("Login"), "line", form.value("login"), error=form.error("login"), when=when,
              help=_("User name on the other machine. Empty leaves it to whatever uses the key.")),
        Field("passphrase", _("Passphrase"), "secret", "", error=form.error("passphrase"), when=when,
              help=_("Seals the private half once more. The hub keeps it encrypted, and enters it by itself.")),
    ]  # fmt: skip


async def _form(
    project_id: int, heading: str, fields: list[Field], error: str, sent: MultiDict[str, str], **more: Any
) -> Response:  # fmt: skip
    row: Row = more.get("row") or {}
    listing = visit.address("keys_list", project_id=project_id)
    back = visit.address("keys_edit", project_id=project_id, item_id=row["id"]) if row else listing
    return await visit.show(
        "key_rotate.html", status=400 if sent else 200, section="keys", heading=heading, fields=fields, error=error,
        sent=sent, trail=[(_("Key store"), listing), *([(row["name"], back)] if row else [])], cancel=back, **more,
    )  # fmt: skip
