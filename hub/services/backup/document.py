"""A project as one document: read, checked as a whole, and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NoReturn

from pydantic import BeforeValidator, Field, model_validator

from hub.errors import Invalid, TooLarge
from hub.services.backup.entries import (
    ChannelEntry,
    Entry,
    EnvironmentEntry,
    FreezeEntry,
    HostEntry,
    IntegrationEntry,
    InventoryEntry,
    KeyEntry,
    KnownHostEntry,
    MetaEntry,
    RepositoryEntry,
    RoleEntry,
    ScheduleEntry,
    StorageEntry,
    TemplateEntry,
    ViewEntry,
)
from hub.services.backup.locked import Locked
from hub.services.draft import Draft

VERSION: Final = 1
"""Of the members that are ours; documents of the wire have none."""

MOST: Final = 5_000
"""Things in a document: all of them are stored in one transaction, which others wait for."""

KINDS: Final = (
    "secret_storages", "roles", "environments", "views", "keys", "repositories", "inventories", "templates",
    "host_configs", "integrations", "schedules", "freezes", "known_hosts", "channels",
)  # fmt: skip
"""In the order in which they are made."""

UNNAMED: Final = frozenset({"integrations", "schedules", "freezes", "channels"})
"""Kinds that nothing refers to: several of them may be called the same."""

REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "environments": {"secret_storage": "secret_storages"},
    "repositories": {"ssh_key": "keys"},
    "inventories": {
        "ssh_key": "keys", "become_key": "keys", "repository": "repositories", "template": "templates",
    },
    "templates": {
        "inventory": "inventories", "repository": "repositories", "environment": "environments", "view": "views",
        "build_template": "templates",
    },
    "host_configs": {"ssh_key": "keys"},
    "integrations": {"template": "templates", "auth_secret": "keys"},
    "schedules": {"template": "templates", "checkable_repository": "repositories"},
}  # fmt: skip
"""Members that hold the name of another thing, and of which kind that is."""

_WORDS: Final = {
    "secret_storages": "secret storage", "environments": "variable group", "views": "view", "keys": "key",
    "repositories": "repository", "inventories": "inventory", "templates": "template",
}  # fmt: skip


def _filled(value: Any) -> Any:
    """Pass over entries without any name: the reference writes them for things whose template lies elsewhere."""
    if not isinstance(value, list):
        return value
    return [one for one in value if not (isinstance(one, Mapping) and not any(map(_says, one.values())))]


def _says(value: Any) -> bool:
    return bool(value) and value is not True


class Document(Draft):
    """A whole project."""

    version: int = 0
    meta: MetaEntry = Field(default_factory=MetaEntry)
    secret_storages: list[StorageEntry] = Field(default_factory=list)
    roles: list[RoleEntry] = Field(default_factory=list)
    environments: list[EnvironmentEntry] = Field(default_factory=list)
    views: list[ViewEntry] = Field(default_factory=list)
    keys: list[KeyEntry] = Field(default_factory=list)
    repositories: list[RepositoryEntry] = Field(default_factory=list)
    inventories: list[InventoryEntry] = Field(default_factory=list)
    templates: list[TemplateEntry] = Field(default_factory=list)
    host_configs: list[HostEntry] = Field(default_factory=list)
    integrations: Annotated[list[IntegrationEntry], BeforeValidator(_filled)] = Field(default_factory=list)
    integration_aliases: list[str] = Field(default_factory=list, max_length=100)
    integration_alias_count: int = Field(default=0, ge=0, le=100)
    schedules: Annotated[list[ScheduleEntry], BeforeValidator(_filled)] = Field(default_factory=list)
    freezes: list[FreezeEntry] = Field(default_factory=list)
    known_hosts: list[KnownHostEntry] = Field(default_factory=list)
    channels: list[ChannelEntry] = Field(default_factory=list)
    secrets: Locked | None = None

    @property
    def lost(self) -> int:
        """How many secrets of groups and storages it names without saying whose they are."""
        return sum(1 for one in self.keys if one.owner)

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        """Turn the times that very old documents have in their templates into schedules."""
        if not isinstance(data, Mapping) or not isinstance(data.get("templates"), list):
            return data
        timed = [
            {"name": one.get("name"), "template": one.get("name"), "cron_format": one["cron"], "active": True}
            for one in data["templates"]
            if isinstance(one, Mapping) and isinstance(one.get("cron"), str) and one["cron"]
        ]
        given = data.get("schedules") or []
        return {**data, "schedules": [*given, *timed]} if timed and isinstance(given, list) else data

    def of(self, kind: str) -> list[tuple[int, Entry]]:
        """Return the things of a kind, each with its place in the list; but for secrets that belong to nothing."""
        found: Sequence[Entry] = getattr(self, kind)
        return [(number, one) for number, one in enumerate(found) if not getattr(one, "owner", "")]

    def every(self) -> Iterator[tuple[str, int, Entry]]:
        """Everything in it: (kind, place in its list, entry)."""
        for kind in KINDS:
            for number, entry in self.of(kind):
                yield kind, number, entry

    def shape(self) -> dict[str, Any]:
        """Return it as it is written."""
        shape: dict[str, Any] = {"version": self.version, "meta": self.meta.shape()}
        shape |= {kind: [one.shape() for _, one in self.of(kind)] for kind in KINDS}
        shape["integration_aliases"] = []
        if self.integration_alias_count:
            shape["integration_alias_count"] = self.integration_alias_count
        if self.secrets is not None:
            shape["secrets"] = self.secrets.model_dump()
        return shape


def read(data: Any) -> Document:
    """Read a document and check what can be said of it alone. Raises `Invalid` with the path of what is wrong."""
    if not isinstance(data, Mapping) or not any(name in data for name in ("meta", *KINDS)):
        raise Invalid("This is no backup of a project: it must be a JSON object with the member meta.")
    document = Document.read(data)
    if document.version > VERSION:
        raise Invalid("This backup was made by a newer hub; restore it there, or update this hub.", field="version")
    if sum(len(document.of(kind)) for kind in KINDS) > MOST:
        raise TooLarge(f"A project with more than {MOST} things cannot be restored from one document.")
    return document


def check(document: Document, present: Mapping[str, Any]) -> None:
    """Refuse doubles, names that nothing has, and circles of templates; `present` is what the project has by kind."""
    for kind in KINDS:
        _refuse_doubles(document, kind)
    known = {kind: {one.key for _, one in document.of(kind)} | set(present.get(kind, ())) for kind in KINDS}
    for kind, number, entry in document.every():
        for path, target, name in references(kind, entry):
            if name not in known[target]:
                _refuse(f"{kind}.{number}.{path}", f"there is no {_WORDS[target]} named “{name}”")
    in_order(document.templates)


def references(kind: str, entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Every name that an entry refers to: (path within it, kind, name)."""
    for member, target in REFERENCES.get(kind, {}).items():
        if name := getattr(entry, member):
            yield member, target, name
    if isinstance(entry, TemplateEntry):
        for number, vault in enumerate(entry.vaults):
            if vault.vault_key:
                yield f"vaults.{number}.vault_key", "keys", vault.vault_key
        for number, name in enumerate(entry.environments):
            yield f"environments.{number}", "environments", name
        for member, name in entry.named_keys().items():
            yield f"task_params.{member}", "keys", name
    if isinstance(entry, ChannelEntry):
        yield from ((f"keys.{member}", "keys", name) for member, name in entry.keys.items())
        yield from ((f"templates.{number}", "templates", name) for number, name in enumerate(entry.templates or ()))
    params = getattr(entry, "task_params", None)
    inventory = getattr(params, "inventory_name", None)
    if inventory:
        yield "task_params.inventory_name", "inventories", inventory


def in_order(templates: Sequence[TemplateEntry]) -> list[int]:
    """Return the places of the templates so that each follows the one that it deploys. Raises `Invalid` for circles."""
    places = {one.name: number for number, one in enumerate(templates)}
    done: dict[int, None] = {}
    for start in range(len(templates)):
        chain: list[int] = []
        step: int | None = start
        while step is not None and step not in done:
            if step in chain:
                _refuse(f"templates.{step}.build_template", "this deployment follows itself")
            chain.append(step)
            step = places.get(templates[step].build_template or "")
        done.update(dict.fromkeys(reversed(chain)))
    return list(done)


def _refuse_doubles(document: Document, kind: str) -> None:
    if kind in UNNAMED:
        return
    seen = Counter[str]()
    for number, entry in document.of(kind):
        seen[entry.key] += 1
        if seen[entry.key] > 1:
            _refuse(f"{kind}.{number}", f"there are two entries named “{entry.key}”")


def _refuse(path: str, what: str) -> NoReturn:
    raise Invalid(f"The backup is wrong at {path}: {what}.", field=path)
