"""The key store of a project. Stored secrets are never shown; a form that names none keeps what is there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.services import keys as service
from hub.services.key_pairs import authorized_line
from hub.services.keys import KeyDraft
from hub.web.forms import Field, Option, blamed, fields_of, read
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import key_expiry, visit
from hub.web.pages.failures import FORM_ERRORS
from hub.web.pages.key_uses import uses_of
from hub.web.pages.resource import Filled, Kind, Row, Words, declare

_WORDS = Words(
    title=N_("Key store"),
    about=N_("Keys, passwords and tokens, encrypted. Nobody can read them back, tasks can use them."),
    new=N_("New key"),
    one=N_("the key"),
    empty=N_("No keys yet"),
    empty_text=N_("Add the SSH key or login with which the hub reaches your git server and your hosts."),
    columns=(N_("Type"), N_("Kept in"), N_("Good until")),
)
_ICONS: Final = {"ssh": "key", "login_password": "user", "string": "lock", "none": "circle-dashed"}
_FIRST: Final = ("ssh", "login_password", "string", "none")


def _type_title(name: str) -> str:
    kind = visit.the_hub().registry.key_types.get(name)
    return phrase(kind.title) if kind else name


def _place(name: str | None) -> str:
    backend = visit.the_hub().registry.secret_backends.get(name or "")
    return phrase(backend.title) if backend else (name or _("The hub's database"))


def _types() -> list[str]:
    known = list(visit.the_hub().registry.key_types)
    return sorted(known, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _members(sent: MultiDict[str, str]) -> Mapping[str, str]:
    kind = visit.the_hub().registry.key_types.get(sent.get("type", ""))
    found = {name: name for name in ("name", "type", "source_storage_type", "source_storage_key", "expires")}
    if kind:
        found |= {f"{kind.name}.{member}": f"{kind.name}-{member}" for member in kind.params_type.model_fields}
        found[kind.name] = f"{kind.name}-{blamed(kind.params_type)}"
    return found


async def _rows(project_id: int) -> Sequence[Row]:
    return await service.list_keys(visit.visit().actor, project_id)


async def _nothing(project_id: int) -> None:
    return None


def _cells(row: Row, _extra: object) -> Sequence[str]:
    title = _type_title(row["type"])
    empty = f" ({_('empty')})" if row.get("empty") else ""
    kept = "—" if row["type"] == "none" else _place(row.get("source_storage_type"))
    return (title + empty, kept, key_expiry.badge(row))


async def _fields(project_id: int, form: Filled) -> list[Field]:
    registry = visit.the_hub().registry
    kind = form.value("type") or "ssh"
    places = list(registry.secret_backends)
    fields = [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name")),
        Field("type", _("Type"), "choice", kind, required=True, error=form.error("type"),
              options=[Option(name, _type_title(name)) for name in _types()]),
    ]  # fmt: skip
    if places:
        secret_types = ",".join(name for name in _types() if name != "none")
        options = [Option("", _("The hub's database, encrypted")), *(Option(name, _place(name)) for name in places)]
        stored = form.value("source_storage_type")
        fields += [
            Field("source_storage_type", _("Kept in"), "choice", stored, required=bool(stored), options=options[1:],
                  placeholder=options[0].title, when=f"type={secret_types}", error=form.error("source_storage_type")),
            Field("source_storage_key", _("Name there"), "line", form.value("source_storage_key"), required=True,
                  when=f"type={secret_types}&source_storage_type={','.join(places)}",
                  error=form.error("source_storage_key"), help=_("The variable, file or path that holds the secret.")),
        ]  # fmt: skip
    return [*fields, *_secret_fields(form), key_expiry.field(form)]


def _secret_fields(form: Filled) -> list[Field]:
    registry = visit.the_hub().registry
    kept = bool(form.row) and not form.row.get("empty") and not form.row.get("source_storage_type")
    found: list[Field] = []
    for name in _types():
        where = f"type={name}&source_storage_type=" if registry.secret_backends else f"type={name}"
        errors = {member.removeprefix(f"{name}-"): text for member, text in form.errors.items()}
        fields = fields_of(registry.key_types[name].params_type, {}, prefix=f"{name}-", errors=errors, when=where)
        if kept and name == form.row.get("type") and fields:
            note = _("Leave everything of the secret empty to keep what is stored.")
            fields[0] = replace(fields[0], help=f"{fields[0].help} {note}")
        found += [replace(field, unmarked=True) for field in fields]
    return found


async def _save(project_id: int, item_id: int | None, row: Row, sent: MultiDict[str, str]) -> None:
    here = visit.visit()
    name = sent.get("type", "")
    kind = here.hub.registry.key_types.get(name)
    members: dict[str, Any] = read(kind.params_type, sent, prefix=f"{name}-")[0] if kind else {}
    place = sent.get("source_storage_type") or None if name != "none" else None
    moved = place != (row.get("source_storage_type") or None) or (
        place is not None and sent.get("source_storage_key", "") != row.get("source_storage_key", "")
    )
    body = {
        "name": sent.get("name", "").strip(), "type": name, name: members, "source_storage_type": place,
        "source_storage_key": sent.get("source_storage_key", "").strip() if place else None,
        "override_secret": name != row.get("type") or moved or any(members.values()),
        "expires": key_expiry.moment(sent, row),
    }  # fmt: skip
    draft = KeyDraft.read(body)
    if item_id is None:
        await service.create_key(here.hub, here.actor, project_id, draft)
    else:
        await service.update_key(here.hub, here.actor, project_id, item_id, draft)


async def _get(project_id: int, item_id: int) -> Row:
    return await service.get_key(visit.visit().actor, project_id, item_id)


async def _around(project_id: int, row: Row) -> Row:
    """What is known of a stored key beside its secret, and what uses it."""
    here = visit.visit()
    found: Row = {"expiry": key_expiry.state(row)}
    if not here.may_manage:
        return found
    if row.get("expires"):
        found["expires_on"] = key_expiry.day_of(row["expires"])
    found["login"] = (await service.plain_members(here.hub, here.actor, project_id, row["id"])).get("login", "")
    if row["type"] == "ssh":
        with contextlib.suppress(*FORM_ERRORS, KeyError):  # a key that cannot be read any more can still be replaced
            found["about"] = await service.about_key(here.hub, here.actor, project_id, row["id"])
            found["authorized"] = authorized_line(found["about"]["public_key"], row["name"])
    return found | {"uses": await uses_of(project_id, row["id"])}


async def _delete(project_id: int, item_id: int) -> None:
    here = visit.visit()
    await service.delete_key(here.hub, here.actor, project_id, item_id)


declare(
    Kind("keys", "key", _WORDS, _rows, _cells, _nothing, _fields, _get, _save, _delete, _members,
         icon_of=lambda row: _ICONS.get(row["type"], "key"), template="key_form.html", noun="key", around=_around,
         beside_new="parts/key_make.html", tabs="parts/key_tabs.html")
)  # fmt: skip
