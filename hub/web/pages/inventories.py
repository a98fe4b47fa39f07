"""Inventories of a project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from werkzeug.datastructures import MultiDict

from hub.services import inventories as service
from hub.services import inventory_sources, repositories
from hub.services.inventories import InventoryDraft
from hub.web.forms import Field, Option, fields_of, lenient_number, read
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.key_uses import templates_of
from hub.web.pages.names import choices, key_choices, known_keys
from hub.web.pages.resource import Filled, Kind, Row, Words, declare
from hub.web.pages.text_check import refuse

_WORDS = Words(
    title=N_("Inventory"),
    about=N_("The hosts that templates work on."),
    new=N_("New inventory"),
    one=N_("the inventory"),
    empty=N_("No inventories yet"),
    empty_text=N_("Write down your hosts, or name a file of a repository that lists them."),
    columns=(N_("Type"),),
)
_TYPES: Final = {
    "static": N_("Hosts, written here (INI)"),
    "static-yaml": N_("Hosts, written here (YAML)"),
    "file": N_("A file in a repository"),
    "terraform-workspace": N_("Terraform workspace"),
    "tofu-workspace": N_("OpenTofu workspace"),
    "terragrunt-workspace": N_("Terragrunt workspace"),
    "pulumi-stack": N_("Pulumi stack"),
}
_STATIC: Final = service.STATIC
_IN_REPOSITORY = ("file", "command")
"""Types that may be in a repository of their own."""
_EXAMPLE = "[web]\nweb1.example.com\nweb2.example.com"


def _title(name: str) -> str:
    source = inventory_sources.find(visit.the_hub(), name)
    if source is not None:
        return phrase(source.title)
    return _(_TYPES[name]) if name in _TYPES else name


def _field_of(kind: str) -> str:
    if kind in _STATIC:
        return "inventory-text"
    return "inventory-path" if kind == "file" else "inventory-name"


def _members(sent: MultiDict[str, str]) -> Mapping[str, str]:
    plain = {name: name for name in ("name", "type", "ssh_key_id", "become_key_id", "repository_id")}
    kind = sent.get("type", "")
    source = inventory_sources.find(visit.the_hub(), kind)
    if source is not None:
        plain |= {f"inventory.{name}": f"{kind}-{name}" for name in source.params_type.model_fields}
    return {**plain, "inventory": _field_of(kind)}


async def _source_fields(project_id: int, form: Filled) -> list[Field]:
    """Return the fields of every source; those of the chosen type are shown."""
    here = visit.visit()
    known = await known_keys(project_id)
    found: list[Field] = []
    for name in inventory_sources.names(here.hub):
        kind = here.hub.registry.inventory_sources[name].params_type
        chosen = name == (form.value("type") or "static")
        values = read(kind, form.sent, prefix=f"{name}-")[0] if form.sent else {}
        if not form.sent and chosen and form.row.get("inventory"):
            values = inventory_sources.members(form.row["inventory"])
        errors = {one.removeprefix(f"{name}-"): text for one, text in form.errors.items()}
        found += fields_of(kind, values, prefix=f"{name}-", keys=known, errors=errors, when=f"type={name}")
    return found


async def _rows(project_id: int) -> Sequence[Row]:
    here = visit.visit()
    return await service.list_inventories(here.hub, here.actor, project_id)


async def _nothing(project_id: int) -> None:
    return None


def _cells(row: Row, _extra: object) -> Sequence[str]:
    return (_title(row["type"]),)


async def _fields(project_id: int, form: Filled) -> list[Field]:
    here = visit.visit()
    kind = form.value("type") or "static"
    text = form.row.get("inventory", "")
    types = [name for name in _TYPES if name in service.known_types(here.hub)]
    types += sorted(service.known_types(here.hub) - set(types))
    sources = inventory_sources.names(here.hub)
    others = ",".join(name for name in types if name not in {*_STATIC, "file", *sources})

    def content(name: str) -> str:
        return str(form.sent.get(name, "") if form.sent else (text if _field_of(kind) == name else ""))

    logins = await key_choices(project_id)
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name")),
        Field("type", _("Type"), "choice", kind, required=True, error=form.error("type"),
              options=[Option(name, _title(name)) for name in types]),
        Field("inventory-text", _("Hosts"), "code", content("inventory-text"), rows=10, required=True,
              when=f"type={','.join(_STATIC)}", error=form.error("inventory-text"), placeholder=_EXAMPLE,
              editor=_STATIC.get(kind, "ini"), editor_by="type:static=ini,static-yaml=yaml"),
        Field("inventory-path", _("Path of the file"), "text", content("inventory-path"), required=True, rows=2,
              when="type=file", error=form.error("inventory-path"), placeholder="inventories/production",
              help=_("A file, an executable or a folder; several, one on each line, add up in their order.")),
        *await _source_fields(project_id, form),
        Field("repository_id", _("Repository of the file"), "key", form.value("repository_id"),
              when=f"type={','.join(_IN_REPOSITORY)}",
              options=choices(await repositories.list_repositories(here.actor, project_id)),
              error=form.error("repository_id"), placeholder=_("The template's own repository")),
        Field("inventory-name", _("Workspace"), "line", content("inventory-name"), when=f"type={others}",
              error=form.error("inventory-name")),
        Field("ssh_key_id", _("Key for signing in to the hosts"), "key", form.value("ssh_key_id"), options=logins,
              error=form.error("ssh_key_id")),
        Field("become_key_id", _("Key for raised privileges"), "key", form.value("become_key_id"), options=logins,
              error=form.error("become_key_id"), help=_("Login and password for `become`, where sudo asks for one.")),
    ]  # fmt: skip


async def _save(project_id: int, item_id: int | None, row: Row, sent: MultiDict[str, str]) -> None:
    here = visit.visit()
    kind = sent.get("type", "")
    source = inventory_sources.find(here.hub, kind)
    text = sent.get(_field_of(kind), "").replace("\r\n", "\n")
    if kind in _STATIC and text != row.get("inventory"):
        await refuse(_STATIC[kind], text, field="inventory")
    if source is not None:
        text = json.dumps(read(source.params_type, sent, prefix=f"{kind}-")[0], ensure_ascii=False)
    draft = InventoryDraft.read({
        "name": sent.get("name", "").strip(), "type": kind, "inventory": text,
        "ssh_key_id": lenient_number(sent.get("ssh_key_id", "")) or None,
        "become_key_id": lenient_number(sent.get("become_key_id", "")) or None,
        "repository_id": (lenient_number(sent.get("repository_id", "")) or None) if kind in _IN_REPOSITORY else None,
        "template_id": row.get("template_id"), "runner_tag": row.get("runner_tag"),
    })  # fmt: skip
    if item_id is None:
        await service.create_inventory(here.hub, here.actor, project_id, draft)
    else:
        await service.update_inventory(here.hub, here.actor, project_id, item_id, draft)


async def _get(project_id: int, item_id: int) -> Row:
    return await service.get_inventory(visit.visit().actor, project_id, item_id)


async def _around(project_id: int, row: Row) -> Row:
    """The templates that work on it."""
    refs = await service.inventory_refs(visit.visit().actor, project_id, row["id"])
    return {"uses": templates_of(project_id, refs)}


async def _delete(project_id: int, item_id: int) -> None:
    here = visit.visit()
    await service.delete_inventory(here.hub, here.actor, project_id, item_id)


declare(Kind("inventory", "server-2", _WORDS, _rows, _cells, _nothing, _fields, _get, _save, _delete, _members,
             template="inventory_form.html", around=_around))  # fmt: skip
