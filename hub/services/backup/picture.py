"""What a project holds, taken as a document in one moment, with the ids behind its names."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tortoise.models import Model
from tortoise.queryset import QuerySet

from hub.db import column
from hub.models import (
    Channel,
    Environment,
    Freeze,
    HostConfig,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Key,
    KnownHost,
    Project,
    Repository,
    Role,
    Schedule,
    SecretStorage,
    Template,
    TemplateEnvironment,
    TemplateRole,
    TemplateVault,
    View,
)
from hub.services import inventory_sources
from hub.services.backup.document import KINDS, UNNAMED, VERSION, Document
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
    MatcherEntry,
    MetaEntry,
    ParamsEntry,
    RepositoryEntry,
    RoleEntry,
    ScheduleEntry,
    SecretName,
    StorageEntry,
    TemplateEntry,
    TemplateRoleEntry,
    ValueEntry,
    VaultEntry,
    ViewEntry,
)
from hub.services.host_key_lessons import chosen_policy
from hub.services.retention import MEMBERS

SECRET_TYPES = {"variable": "var", "environment": "env"}
"""Owners of the keys of variable groups, and the wire's words for them."""

Names = Mapping[int, str]
Rows = Mapping[str, Sequence[Any]]
"""Rows by kind, each kind in the order of its ids."""

MODELS: Final[Mapping[str, type[Model]]] = {
    "secret_storages": SecretStorage, "environments": Environment, "views": View, "repositories": Repository,
    "inventories": Inventory, "templates": Template, "roles": Role, "keys": Key, "host_configs": HostConfig,
    "integrations": Integration, "schedules": Schedule, "freezes": Freeze, "known_hosts": KnownHost,
    "channels": Channel,
}  # fmt: skip
NAMED: Final = (
    "secret_storages", "environments", "views", "repositories", "inventories", "templates", "roles", "keys",
)  # fmt: skip
"""Kinds that others refer to by name."""


@dataclass(slots=True)
class Picture:
    """A project: entries by kind, each with the id of its row."""

    project: Project
    things: dict[str, list[tuple[Entry, int]]] = field(default_factory=dict)
    aliases: int = 0
    """Addresses of all its searchable integrations together."""
    host_keys: str = ""
    """Its own choice about unknown host keys."""

    def ids(self, kind: str) -> dict[str, int]:
        """The ids behind the names of a kind."""
        return {entry.key: row_id for entry, row_id in self.things.get(kind, ())}

    def document(self) -> Document:
        """Return it as a document."""
        project = self.project
        meta = MetaEntry(
            name=project.name, alert=project.alert, alert_chat=project.alert_chat,
            max_parallel_tasks=project.max_parallel_tasks, type=project.type,
            **{name: getattr(project, name) for name in MEMBERS},
            host_keys=self.host_keys,
        )  # fmt: skip
        lists: dict[str, Any] = {kind: [entry for entry, _ in self.things[kind]] for kind in KINDS}
        return Document.model_construct(
            version=VERSION, meta=meta, integration_alias_count=self.aliases, secrets=None, **lists
        )


async def take(project_id: int) -> Picture:
    """Read a project; inside a unit, so that it is of one moment."""
    own = {"project_id": project_id}
    rows = {kind: await rows_of(kind, project_id).order_by("id") for kind in MODELS}
    picture = await drawn(await Project.get(id=project_id), rows, {kind: names_of(kind, rows[kind]) for kind in NAMED})
    picture.host_keys = await chosen_policy(project_id)
    picture.aliases = await IntegrationAlias.filter(integration_id=None, **own).count()
    return picture


def rows_of(kind: str, project_id: int) -> QuerySet[Any]:
    """The rows of a kind in a project."""
    found: QuerySet[Any] = MODELS[kind].filter(project_id=project_id)
    return found.filter(owner="") if kind == "keys" else found


async def drawn(project: Project, rows: Rows, names: Mapping[str, Names]) -> Picture:
    """Return rows as entries that name each other."""
    picture = Picture(project)
    picture.things = {
        "secret_storages": await _storages(project.id, rows["secret_storages"], names),
        "roles": [(RoleEntry(name=names["roles"][one.id], permissions=one.permissions), one.id)
                  for one in rows["roles"]],
        "environments": await _environments(rows["environments"], names),
        "views": [(_view(one, names["views"][one.id]), one.id) for one in rows["views"]],
        "keys": [(_key(one, names["keys"][one.id]), one.id) for one in rows["keys"]],
        "repositories": [(_repository(one, names), one.id) for one in rows["repositories"]],
        "inventories": [(_inventory(one, names), one.id) for one in rows["inventories"]],
        "templates": await _templates(rows["templates"], rows["roles"], names),
        "host_configs": [
            (HostEntry(type=one.type, name=one.host, ssh_key=names["keys"][one.ssh_key_id]), one.id)
            for one in rows["host_configs"]
        ],
        "integrations": await _integrations(rows["integrations"], names),
        "schedules": [(_schedule(one, names), one.id) for one in rows["schedules"]],
        "freezes": [(_freeze(one), one.id) for one in rows["freezes"]],
        "known_hosts": [(_known_host(one), one.id) for one in rows["known_hosts"]],
        "channels": [(_channel(one, names), one.id) for one in rows["channels"]],
    }  # fmt: skip
    for kind, things in picture.things.items():
        things.sort(key=_place if kind in UNNAMED else lambda thing: thing[0].key)
    return picture


def _place(thing: tuple[Entry, int]) -> tuple[str, str]:
    """Things that may share their name are told apart by all that they are."""
    return thing[0].key, json.dumps(thing[0].shape(), sort_keys=True)


def label_of(kind: str) -> str:
    """The column by which a kind is named."""
    return "title" if kind == "views" else "name"


def names_of(kind: str, rows: Iterable[Any]) -> Names:
    """Return a name for each row that no other has: the first keeps its own, as on the wire."""
    member, most = label_of(kind), 100 if kind == "views" else 255
    if kind in {"templates", "roles", "secret_storages"}:
        most = 100
    names: dict[int, str] = {}
    taken: set[str] = set()
    for row in rows:
        name = getattr(row, member) or kind
        if name in taken:
            digest = hashlib.sha256(f"{kind} {row.id}".encode()).hexdigest()[:10]
            name = f"{name[: most - 13]} - {digest}"
        taken.add(name)
        names[row.id] = name
    return names


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")


async def _storages(
    project_id: int, rows: Iterable[SecretStorage], names: Mapping[str, Names]
) -> list[tuple[Entry, int]]:
    tokens = {key.storage_id: key for key in await Key.filter(project_id=project_id, owner="vault")}
    found: list[tuple[Entry, int]] = []
    for one in rows:
        token = tokens.get(one.id)
        place = (token.source_storage_type or "", token.source_storage_key or "") if token else ("", "")
        entry = StorageEntry(
            name=names["secret_storages"][one.id], type=one.type, params=one.params or {}, readonly=one.readonly,
            source_storage_type=place[0], source_storage_key=place[1],
        )  # fmt: skip
        found.append((entry, one.id))
    return found


async def _environments(rows: Sequence[Environment], names: Mapping[str, Names]) -> list[tuple[Entry, int]]:
    secrets: dict[int, list[SecretName]] = defaultdict(list)
    ids = [one.id for one in rows]
    for key in await Key.filter(environment_id__in=ids).order_by("owner", "name", "id") if ids else ():
        secrets[int(str(key.environment_id))].append(SecretName(name=key.name, type=SECRET_TYPES.get(key.owner, "var")))
    found: list[tuple[Entry, int]] = []
    for one in rows:
        shape = {
            "name": names["environments"][one.id], "json": one.json, "env": one.env, "password": one.password,
            "secret_storage": names["secret_storages"].get(one.secret_storage_id or 0, ""),
            "secret_storage_key_prefix": one.secret_storage_key_prefix or None,
        }  # fmt: skip
        entry = EnvironmentEntry.model_validate(shape)
        found.append((entry.model_copy(update={"secrets": secrets[one.id]}), one.id))
    return found


def _view(one: View, title: str) -> ViewEntry:
    return ViewEntry(title=title, position=one.position, type=one.type, hidden=one.hidden,
                     sort_column=one.sort_column, sort_reverse=one.sort_reverse)  # fmt: skip


def _key(one: Key, name: str) -> KeyEntry:
    return KeyEntry(name=name, type=one.type, source_storage_key=one.source_storage_key or None,
                    source_storage_type=one.source_storage_type or None, expires=_moment(one.expires))  # fmt: skip


def _repository(one: Repository, names: Mapping[str, Names]) -> RepositoryEntry:
    return RepositoryEntry(name=names["repositories"][one.id], git_url=one.git_url, git_branch=one.git_branch,
                           ssh_key=names["keys"].get(one.ssh_key_id))  # fmt: skip


def _inventory(one: Inventory, names: Mapping[str, Names]) -> InventoryEntry:
    return InventoryEntry(
        name=names["inventories"][one.id], inventory=one.inventory, type=one.type, runner_tag=one.runner_tag,
        ssh_key=names["keys"].get(one.ssh_key_id or 0), become_key=names["keys"].get(one.become_key_id or 0),
        repository=names["repositories"].get(one.repository_id or 0, ""),
        template=names["templates"].get(one.template_id or 0, ""),
        source_keys=inventory_sources.named_keys(one.type, one.inventory, names["keys"]),
    )  # fmt: skip


_TEMPLATE = (
    "playbook", "arguments", "description", "type", "start_version", "autorun", "git_branch", "suppress_success_alerts",
    "app", "runner_tag", "allow_override_args_in_task", "allow_override_branch_in_task", "allow_parallel_tasks",
    "working_directory", "time_limit", *TemplateEntry.COLUMNS,
)  # fmt: skip


async def _templates(
    rows: Sequence[Template], roles: Iterable[Role], names: Mapping[str, Names]
) -> list[tuple[Entry, int]]:  # fmt: skip
    ids = [one.id for one in rows]
    vaults: dict[int, list[dict[str, Any]]] = defaultdict(list)
    groups: dict[int, list[str]] = defaultdict(list)
    rights: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for vault in await TemplateVault.filter(template_id__in=ids).order_by("id") if ids else ():
        key = names["keys"].get(vault.vault_key_id or 0)
        vaults[vault.template_id].append(
            VaultEntry(name=vault.name, type=vault.type, script=vault.script, vault_key=key).model_dump()
        )
    for group in await TemplateEnvironment.filter(template_id__in=ids).order_by("position") if ids else ():
        groups[group.template_id].append(names["environments"][group.environment_id])
    own = {role.slug: names["roles"][role.id] for role in roles}
    for right in await TemplateRole.filter(template_id__in=ids).order_by("role_slug") if ids else ():
        name = own.get(right.role_slug)
        rights[right.template_id].append(
            TemplateRoleEntry(
                role=name or right.role_slug, is_global=name is None, permissions=right.permissions
            ).model_dump()
        )
    found: list[tuple[Entry, int]] = []
    for one in rows:
        shape = {member: getattr(one, member) for member in _TEMPLATE} | {
            "name": names["templates"][one.id], "survey_vars": one.survey_vars, "task_params": one.task_params,
            "inventory": names["inventories"].get(one.inventory_id or 0),
            "repository": names["repositories"].get(one.repository_id),
            "environment": names["environments"].get(one.environment_id or 0),
            "view": names["views"].get(one.view_id or 0),
            "build_template": names["templates"].get(one.build_template_id or 0),
            "vaults": vaults[one.id], "environments": groups[one.id],
            "roles": sorted(rights[one.id], key=lambda right: (right["is_global"], right["role"])),
        }  # fmt: skip
        found.append((TemplateEntry.model_validate(shape), one.id))
    return found


def _params(stored: Mapping[str, Any] | None, names: Mapping[str, Names]) -> ParamsEntry | None:
    if stored is None:
        return None
    shape = {name: value for name, value in stored.items() if value}
    name = names["inventories"].get(stored.get("inventory_id") or 0)
    return ParamsEntry.model_validate(shape | {"inventory_name": name})


async def _integrations(rows: Sequence[Integration], names: Mapping[str, Names]) -> list[tuple[Entry, int]]:
    ids = [one.id for one in rows]
    matchers: dict[int, list[MatcherEntry]] = defaultdict(list)
    values: dict[int, list[ValueEntry]] = defaultdict(list)
    for matcher in await IntegrationMatcher.filter(integration_id__in=ids).order_by("id") if ids else ():
        matchers[matcher.integration_id].append(
            MatcherEntry(**{name: getattr(matcher, name) for name in MatcherEntry.model_fields})
        )
    for value in await IntegrationValue.filter(integration_id__in=ids).order_by("id") if ids else ():
        values[value.integration_id].append(
            ValueEntry(**{name: getattr(value, name) for name in ValueEntry.model_fields})
        )
    aliases = Counter(await column(IntegrationAlias.filter(integration_id__in=ids), "integration_id") if ids else ())
    found: list[tuple[Entry, int]] = []
    for one in rows:
        entry = IntegrationEntry(
            name=one.name, auth_method=one.auth_method, auth_header=one.auth_header, searchable=one.searchable,
            template=names["templates"][one.template_id], auth_secret=names["keys"].get(one.auth_secret_id or 0),
            matchers=matchers[one.id], extract_values=values[one.id], task_params=_params(one.task_params, names),
            alias_count=aliases[one.id], inactive=not one.active,
        )  # fmt: skip
        found.append((entry, one.id))
    return found


def _freeze(one: Freeze) -> FreezeEntry:
    return FreezeEntry(
        name=one.name, active=one.active, everything=one.everything, starts=_moment(one.starts), ends=_moment(one.ends),
        cron_format=one.cron_format, time_zone=one.time_zone, minutes=one.minutes,
    )  # fmt: skip


def _channel(one: Channel, names: Mapping[str, Names]) -> ChannelEntry:
    """What of its params are keys, and which secrets it holds, is said by who knows the notifiers."""
    wanted: list[int] | None = one.template_ids
    known = names["templates"]
    return ChannelEntry(
        name=one.name, notifier=one.notifier, params=dict(one.params.get("given", {})), events=one.events,
        templates=None if wanted is None else [known[number] for number in wanted if number in known],
        active=one.active,
    )  # fmt: skip


def _known_host(one: KnownHost) -> KnownHostEntry:
    return KnownHostEntry(line=f"{one.host} {one.key_type} {one.key}", trusted=one.trusted)


def _schedule(one: Schedule, names: Mapping[str, Names]) -> ScheduleEntry:
    return ScheduleEntry(
        name=one.name, cron_format=one.cron_format, active=one.active, type=one.type,
        delete_after_run=one.delete_after_run, template=names["templates"][one.template_id],
        checkable_repository=names["repositories"].get(one.repository_id or 0), run_at=_moment(one.run_at),
        task_params=_params(one.task_params, names), time_zone=one.time_zone, misfire=one.misfire, overlap=one.overlap,
        ends_at=_moment(one.ends_at), max_runs=one.max_runs,
    )  # fmt: skip
