"""Putting a document into a project: what is missing is made, what differs is changed, and nothing is deleted.

Everything goes through the services that people use, as the one who restores: whoever may not do a thing by hand may
not do it with a document either, and what is refused there is refused here, with the path of the entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Inventory, Template
from hub.services.actor import Actor
from hub.services.backup import document as documents
from hub.services.backup import put, put_channels, put_parts
from hub.services.backup.document import KINDS, UNNAMED, Document
from hub.services.backup.entries import Entry
from hub.services.backup.opened import Opened
from hub.services.backup.picture import Picture
from hub.services.backup.site import Change, Site

_PUT = {
    "secret_storages": put.storage,
    "roles": put.role,
    "environments": put.environment,
    "views": put.view,
    "keys": put.key,
    "repositories": put.repository,
    "inventories": put.inventory,
    "templates": put_parts.template,
    "host_configs": put_parts.host,
    "integrations": put_parts.integration,
    "schedules": put_parts.schedule,
    "freezes": put_parts.freeze,
    "known_hosts": put_parts.known_host,
    "channels": put_channels.channel,
}


@dataclass(slots=True)
class Report:
    """What became of a document, or would become."""

    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing_secrets: list[str] = field(default_factory=list)
    """Keys and secrets that are there but empty: people have to enter them."""

    def shape(self) -> dict[str, Any]:
        """Return it in the API's shape."""
        states = [one.state for one in self.changes]
        return {
            "counts": {state: states.count(state) for state in ("added", "changed", "same", "kept")},
            "changes": [one.shape() for one in self.changes],
            "warnings": self.warnings,
            "missing_secrets": self.missing_secrets,
        }


async def merge(hub: Hub, actor: Actor, before: Picture, document: Document, opened: Opened) -> Report:
    """Put a document into the project of the picture, in the unit under way."""
    documents.check(document, {kind: before.ids(kind) for kind in KINDS})
    site = Site(hub, actor, before.project.id, opened, ids={kind: before.ids(kind) for kind in KINDS})
    if document.lost:
        site.warn(
            "Secrets of variable groups or storages that the backup names without saying whose they are: "
            f"{document.lost}. Enter them again."
        )
    report = Report(warnings=site.warnings, missing_secrets=site.missing)
    for kind in KINDS:
        report.changes += await _kind(site, before, document, kind)
        if kind == "templates":
            await _attach(site, document)
    await put_parts.project_aliases(site, document, before)
    return report


async def _kind(site: Site, before: Picture, document: Document, kind: str) -> list[Change]:
    known = _Known(before.things.get(kind, ()))
    entries = document.of(kind)
    changes: dict[int, Change] = {}
    if kind == "templates":
        await _forget_chains(site, document.templates)
        entries = [entries[number] for number in documents.in_order(document.templates)]
    for number, entry in entries:
        found = known.take(entry, exact=kind in UNNAMED)
        site.path, site.number = f"{kind}.{number}", number
        state = "added" if found is None else "same" if found[0].shape() == entry.shape() else "changed"
        try:
            row_id = await _PUT[kind](site, entry, None if found is None else found[1], same=state == "same")
        except (Invalid, NotFound, Conflict) as error:
            told = error.sentence.rstrip(".")
            raise Invalid(f"The backup is wrong at {site.path} (“{entry.key}”): {told}.", field=site.path) from None
        site.ids[kind][entry.key] = row_id
        changes[number] = Change(kind, entry.key, "changed" if state == "same" and site.refreshed else state)
        site.refreshed = False
    kept = [Change(kind, name, "kept") for name in known.left()]
    return [changes[number] for number in sorted(changes)] + kept


class _Known:
    """What a project has of one kind, until an entry of the document claims it."""

    def __init__(self, things: Iterable[tuple[Entry, int]]) -> None:
        self._things = list(things)

    def take(self, entry: Entry, *, exact: bool) -> tuple[Entry, int] | None:
        """Return the thing of the entry's name: among several the one that is the same."""
        named = [one for one in self._things if one[0].key == entry.key]
        if not named:
            return None
        found = next((one for one in named if one[0].shape() == entry.shape()), named[0]) if exact else named[0]
        self._things.remove(found)
        return found

    def left(self) -> list[str]:
        """Names of what no entry claimed."""
        return [entry.key for entry, _ in self._things]


async def _forget_chains(site: Site, entries: Iterable[Entry]) -> None:
    """Let templates that are about to change follow nobody, so that none of the new chains meets an old one."""
    present = site.ids["templates"]
    wanted = [present[one.key] for one in entries if one.key in present]
    if wanted:
        await Template.filter(id__in=wanted, project_id=site.project_id).update(build_template_id=None)


async def _attach(site: Site, document: Document) -> None:
    """Give inventories to the templates whose they are; documents of the wire do not say, and leave what was made."""
    for entry in document.inventories:
        owner = site.ids["templates"].get(entry.template)
        if owner is not None or document.version:
            await Inventory.filter(id=site.ids["inventories"][entry.name]).update(template_id=owner)
