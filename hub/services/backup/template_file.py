"""One template as a file, with all that it names; and putting such a file into a project.

What the file names and the project has under the same name is used as it is and never changed; what is missing is made,
without secrets. Everything goes by `merge`, as the one who imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import exclusive, hold_still, transaction, unit
from hub.errors import Conflict, Invalid
from hub.models import Template
from hub.services import apps, events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.backup import document as documents
from hub.services.backup.document import KINDS, REFERENCES, Document
from hub.services.backup.entries import Entry, TemplateEntry
from hub.services.backup.merge import Report, merge
from hub.services.backup.opened import Opened
from hub.services.backup.param_keys import name_keys
from hub.services.backup.picture import Picture, take
from hub.services.backup.projects import tried
from hub.services.backup.site import Change
from hub.services.backup.template_part import part
from hub.services.belongings import find
from hub.services.draft import Draft, refuse_unfit

VERSION: Final = 1
NEEDS: Final = MANAGE_RESOURCES
STARTERS: Final = ("schedules", "integrations")
"""What starts the template by itself; in a file they come along, and arrive switched off."""
MAPPED: Final = ("environments", "views", "keys", "repositories", "inventories")
"""Kinds of which another thing of the project may be taken instead."""


class ImportDraft(Draft):
    """Body of an import: the file, and what is to be done about what it names."""

    document: dict[str, Any] | None = None
    """The file, as it was exported; YAML as the object that it says."""
    name: str = Field(default="", max_length=100)
    """What the template is to be called; empty for its own name."""
    replace: bool = False
    """Let the file take the place of a template of that name."""
    starters: bool = True
    """With its schedules and integrations, switched off."""
    instead: dict[str, dict[str, str]] = Field(default_factory=dict)
    """By kind (`inventories`, `repositories`, …): names in the file, and which thing of the project to take instead."""


async def export(hub: Hub, actor: Actor, project_id: int, template_id: int) -> dict[str, Any]:
    """Return a template with everything that it names, without any secret."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)
    async with transaction():
        await hold_still()
        await find(Template, project_id, template_id, "template")
        picture = await name_keys(hub, await part(hub, project_id, template_id))
    name = {row_id: entry.key for entry, row_id in picture.things["templates"]}.get(template_id, "")
    found = _closure(picture.document(), name)
    return {"hub_template": VERSION, "template": name} | {
        kind: [one.shape() for one in found[kind]] for kind in KINDS if found[kind]
    }


async def put(
    hub: Hub, actor: Actor, project_id: int, draft: ImportDraft, *, dry_run: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Put a file into a project, all or nothing; tell what came of each thing, or with `dry_run` what would."""
    await require(actor, project_id, MANAGE_RESOURCES)
    document, name, warnings = read(draft)

    async def work() -> dict[str, Any]:
        await exclusive(f"restore {project_id}")
        picture = await name_keys(hub, await take(project_id))
        return await _put(hub, actor, picture, (document, name), draft)

    found = await tried(work) if dry_run else await unit(work)
    return found | {"warnings": [*warnings, *found["warnings"]]}


def read(draft: ImportDraft) -> tuple[Document, str, list[str]]:
    """Return what a file says, what its template is to be called, and what has to be known. Raises `Invalid`."""
    raw = draft.document
    if not raw or raw.get("hub_template") is None:
        raise Invalid("This is no file of a template: it has no member hub_template.", field="document")
    if not isinstance(raw["hub_template"], int) or raw["hub_template"] > VERSION:
        raise Invalid("This file was made by a newer hub; import it there, or update this hub.", field="document")
    refuse_unfit(raw)
    name = str(raw.get("template", ""))
    unknown = sorted(set(raw) - {"hub_template", "template", *KINDS})
    warnings = [f"The file has a member that this hub does not know, and leaves out: {one}." for one in unknown]
    wanted = draft.name.strip() or name
    shaped = _renamed({kind: raw.get(kind, []) for kind in KINDS}, {**draft.instead, "templates": {name: wanted}})
    document = documents.read(shaped | {"version": documents.VERSION})
    if not any(one.name == wanted for one in document.templates):
        raise Invalid("The file does not hold the template that it names.", field="document")
    return document, wanted, warnings


async def _put(
    hub: Hub, actor: Actor, picture: Picture, file: tuple[Document, str], draft: ImportDraft
) -> dict[str, Any]:  # fmt: skip
    document, name = file
    present = {kind: {entry.key: entry for entry, _ in picture.things[kind]} for kind in KINDS}
    if name in present["templates"] and not draft.replace:
        raise Conflict(f"A template is named “{name}” already; give this one another name, or replace that one.")
    used, warnings = _take_what_is_there(document, name, present)
    for kind in STARTERS:
        entries = getattr(document, kind) if draft.starters else []
        setattr(document, kind, [_switched_off(one) for one in entries if one.template == name])
        ours = [thing for thing in picture.things[kind] if getattr(thing[0], "template", "") == name]
        picture.things[kind] = ours  # another template's of the same name is another one
    document.roles = []
    document.freezes, document.known_hosts, document.host_configs = [], [], []
    report: Report = await merge(hub, actor, picture, document, Opened())
    made = [one for one in report.changes if one.state != "kept"]
    template_id = await _id_of(picture.project.id, name)
    text = f"Template ID {template_id} imported"
    await events.record(hub, actor, "template", template_id, text, project_id=picture.project.id)
    for one in document.templates:
        if await apps.find(hub, one.app) is None:
            warnings.append(f"The template “{one.name}” needs the executor {one.app}, which is not installed here.")
    if any(getattr(document, kind) for kind in STARTERS):
        warnings.append("Schedules and integrations arrive switched off; look at them, and switch them on.")
    return {
        "template_id": template_id,
        "name": name,
        "changes": [one.shape() for one in [*used, *made]],
        "warnings": [*warnings, *report.warnings],
        "missing_secrets": report.missing_secrets,
    }


def _take_what_is_there(
    document: Document, name: str, present: Mapping[str, Mapping[str, Entry]]
) -> tuple[list[Change], list[str]]:
    """Take out of the document what the project has under the same name; it is used as it is."""
    used: list[Change] = []
    warnings: list[str] = []
    for kind in KINDS:
        if kind in documents.UNNAMED:
            continue
        left = []
        for entry in getattr(document, kind):
            there = present[kind].get(entry.key)
            if there is None or (kind == "templates" and entry.key == name):
                left.append(entry)
                continue
            same = there.shape() == entry.shape()
            used.append(Change(kind, entry.key, "used" if same else "differs"))
            theirs, ours = getattr(entry, "type", ""), getattr(there, "type", "")
            if theirs != ours:
                warnings.append(f"Here “{entry.key}” is of the type “{ours}”; in the file it was of “{theirs}”.")
        setattr(document, kind, left)
    return used, warnings


def _switched_off(entry: Any) -> Any:
    changes = {"active": False} if hasattr(entry, "active") else {"inactive": True}
    return entry.model_copy(update=changes)


async def _id_of(project_id: int, name: str) -> int:
    found = await Template.filter(project_id=project_id, name=name).order_by("id").first()
    assert found is not None  # merge has made it in this unit
    return int(found.id)


def _closure(document: Document, name: str) -> dict[str, list[Entry]]:
    """Return the template, what it names, what that names, and what starts it."""
    known = {kind: {entry.key: entry for _, entry in document.of(kind)} for kind in KINDS}
    found: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
    waiting: list[tuple[str, Entry]] = [("templates", known["templates"][name])]
    waiting += [(kind, one) for kind in STARTERS for one in getattr(document, kind) if one.template == name]
    waiting += [("inventories", one) for one in document.inventories if one.template == name]
    starters: dict[str, list[Entry]] = {kind: [] for kind in STARTERS}
    while waiting:
        kind, entry = waiting.pop(0)
        if kind in STARTERS:
            starters[kind].append(entry)
        elif entry.key in found[kind]:
            continue
        entry = _alone(entry, name)
        if kind not in STARTERS:
            found[kind][entry.key] = entry
        waiting += [
            (target, known[target][one])
            for _path, target, one in documents.references(kind, entry)
            if one in known[target]
        ]
    sorts = {kind: sorted(found[kind].values(), key=lambda one: (one.key != name, one.key)) for kind in KINDS}
    return sorts | starters


def _alone(entry: Entry, name: str) -> Entry:
    """Return an entry without what belongs to others: rights of roles, and inventories of another template."""
    if isinstance(entry, TemplateEntry):
        return entry.model_copy(update={"roles": []})
    if getattr(entry, "template", name) != name:
        return entry.model_copy(update={"template": ""})
    return entry


def _renamed(raw: dict[str, Any], instead: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the lists of a file with other names for some things, wherever they are named.

    What gets the name of another kind of thing of the file is left out: that of the project is meant.
    """
    names = {kind: dict(instead.get(kind, {})) for kind in (*MAPPED, "templates")}
    shaped: dict[str, Any] = {}
    for kind, entries in raw.items():
        if not isinstance(entries, list):
            raise Invalid(f"The member {kind} is wrong: write a list.", field=f"document.{kind}")
        own = names.get(kind, {}) if kind != "templates" else {}
        label = "title" if kind == "views" else "name"
        kept = [one for one in entries if not (isinstance(one, Mapping) and one.get(label) in own)]
        shaped[kind] = [_with_names(kind, one, names) if isinstance(one, Mapping) else one for one in kept]
    return shaped


def _with_names(kind: str, entry: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    changed = dict(entry)

    def other(target: str, value: Any) -> Any:
        return names.get(target, {}).get(value, value) if isinstance(value, str) else value

    for member, target in REFERENCES.get(kind, {}).items():
        if member in changed:
            changed[member] = other(target, changed[member])
    if kind == "templates":
        changed["name"] = other("templates", changed.get("name"))
        changed["environments"] = [other("environments", one) for one in changed.get("environments") or ()]
        changed["vaults"] = [
            {**one, "vault_key": other("keys", one.get("vault_key"))}
            for one in changed.get("vaults") or ()
            if isinstance(one, Mapping)
        ]
        params = changed.get("task_params") or {}
        if isinstance(params, Mapping):
            changed["task_params"] = {
                member: {"key": other("keys", value["key"])} if isinstance(value, Mapping) and set(value) == {"key"}
                else value
                for member, value in params.items()
            }  # fmt: skip
    answers = changed.get("task_params")
    if kind in STARTERS and isinstance(answers, Mapping) and answers.get("inventory_name"):
        changed["task_params"] = {**answers, "inventory_name": other("inventories", answers["inventory_name"])}
    return changed
