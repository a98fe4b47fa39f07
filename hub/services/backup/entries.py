"""The shapes of a project's document: the wire's, with a few members of ours, read generously and always written alike.

References between things are names. What an entry is called within its kind is its `key`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator, model_validator

from hub.services.access import EVERYTHING
from hub.services.draft import MAX_ID, Draft
from hub.services.integrations import CLOSED
from hub.services.limits import Limits
from hub.services.retention import MEMBERS
from hub.services.survey_drafts import VariableDraft

Count = Annotated[int, Field(ge=0, le=MAX_ID)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
_OLDEST_APP = "ansible"  # documents that name no app are older than the other apps
_ALIASES = 100  # addresses of one integration; each is a row


def _json_text(value: Any) -> Any:
    """Old documents hold some JSON texts as what they stand for."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else value


def _moment(value: Any) -> Any:
    """The reference writes every time as `{}`."""
    return value if isinstance(value, str) else None


JsonText = Annotated[str, BeforeValidator(_json_text)]


class Entry(Draft):
    """One thing."""

    OURS: ClassVar[frozenset[str]] = frozenset()
    """Members beside the wire's; left out while they say nothing."""

    @property
    def key(self) -> str:
        """What it is called within its kind."""
        raise NotImplementedError

    def shape(self) -> dict[str, Any]:
        """Return it as it is written."""
        shape = self.model_dump(by_alias=True, exclude_none=True)
        usual = {name: self.__class__.model_fields[name].default for name in self.OURS}
        return {
            name: value
            for name, value in shape.items()
            if name not in self.OURS or (value and value != usual[name])
        }  # fmt: skip


class Named(Entry):
    """A thing with a name of its own."""

    name: Name

    @property
    def key(self) -> str:
        return self.name


class MetaEntry(Draft):
    """The project itself."""

    name: str = Field(default="", max_length=255)
    alert: bool = False
    alert_chat: str | None = Field(default=None, max_length=30)
    max_parallel_tasks: int = Field(default=0, ge=0, le=MAX_ID)
    type: str = Field(default="", max_length=20)
    keep_tasks: Count = 0
    keep_days: Count = 0
    keep_log_days: Count = 0
    host_keys: str = Field(default="", pattern="^(first_use|ask|off)?$")
    keep_log_mib: Count = 0

    def shape(self) -> dict[str, Any]:
        """Return it as it is written."""
        ours = {*MEMBERS, "host_keys"}
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if value or name not in ours}


class StorageEntry(Named):
    """A secret storage; its token is no part of it, but for the name of a variable or file that holds it."""

    OURS = frozenset({"source_storage_type", "source_storage_key"})
    type: str
    params: dict[str, Any] = Field(default_factory=dict)
    readonly: bool = False
    source_storage_type: str = ""
    source_storage_key: str = ""


class RoleEntry(Named):
    """A custom role of the project."""

    name: str = Field(min_length=1, max_length=100)
    permissions: int = Field(default=0, ge=0, le=EVERYTHING)


class SecretName(Draft):
    """A secret of a variable group, without what it holds."""

    name: Name
    type: str = "var"


class EnvironmentEntry(Named):
    """A variable group."""

    OURS = frozenset({"secret_storage", "secrets"})
    variables: JsonText = Field(default="{}", alias="json")
    env: JsonText | None = None
    password: str | None = None
    secret_storage: str = ""
    secret_storage_key_prefix: str | None = None
    secrets: list[SecretName] = Field(default_factory=list)


class ViewEntry(Entry):
    """A view."""

    title: str = Field(min_length=1, max_length=100)
    position: int = Field(default=0, ge=-MAX_ID, le=MAX_ID)
    type: str = ""
    hidden: bool = False
    sort_column: str | None = None
    sort_reverse: bool = False

    @property
    def key(self) -> str:
        return self.title


class KeyEntry(Named):
    """An entry of the key store, without its secret."""

    type: str = "none"
    owner: str = ""
    OURS = frozenset({"expires"})
    source_storage_key: str | None = None
    source_storage_type: str | None = None
    expires: str | None = None


class RepositoryEntry(Named):
    """A repository."""

    git_url: str
    git_branch: str = ""
    ssh_key: str | None = None


class InventoryEntry(Named):
    """An inventory."""

    OURS = frozenset({"repository", "template", "source_keys"})
    inventory: JsonText = ""
    type: str
    runner_tag: str | None = None
    ssh_key: str | None = None
    become_key: str | None = None
    repository: str = ""
    template: str = ""
    """The one template that it is attached to."""
    source_keys: dict[str, str] | None = None
    """Names of keys by the ids that the params of a source have for them."""


class VaultEntry(Draft):
    """A vault of a template."""

    name: str | None = None
    type: str = "password"
    script: str | None = None
    vault_key: str | None = None


class TemplateRoleEntry(Draft):
    """Rights on a template, for a role of the document or of the hub."""

    role: str
    is_global: bool = False
    permissions: int = Field(default=0, ge=0, le=EVERYTHING)


class TemplateEntry(Named):
    """A template."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("queue_limit", "priority", "concurrency_group", "host_limit", "limits")
    """Of the row alone, without anything that they refer to."""
    OURS = frozenset({"working_directory", "environments", "time_limit", *COLUMNS})
    name: str = Field(min_length=1, max_length=100)
    playbook: str = ""
    arguments: JsonText | None = None
    description: str | None = None
    type: str = ""
    start_version: str | None = None
    autorun: bool = False
    git_branch: str | None = None
    survey_vars: list[VariableDraft] = Field(default_factory=list)
    suppress_success_alerts: bool = False
    app: str = _OLDEST_APP
    task_params: dict[str, Any] = Field(default_factory=dict)
    runner_tag: str | None = None
    allow_override_args_in_task: bool = False
    allow_override_branch_in_task: bool = False
    allow_parallel_tasks: bool = False
    inventory: str | None = None
    repository: str | None = None
    environment: str | None = None
    build_template: str | None = None
    view: str | None = None
    vaults: list[VaultEntry] = Field(default_factory=list)
    roles: list[TemplateRoleEntry] = Field(default_factory=list)
    working_directory: str = ""
    environments: list[str] = Field(default_factory=list)
    time_limit: int = 0
    queue_limit: Count = 0
    priority: int = Field(default=0, ge=-MAX_ID, le=MAX_ID)
    concurrency_group: str = Field(default="", max_length=100)
    host_limit: Count = 0
    limits: dict[str, Any] = Field(default_factory=dict)

    def named_keys(self) -> dict[str, str]:
        """Params that name keys, with the names."""
        named = {member: value for member, value in self.task_params.items() if isinstance(value, dict)}
        return {
            member: one["key"] for member, one in named.items() if set(one) == {"key"} and isinstance(one["key"], str)
        }

    @field_validator("limits")
    @classmethod
    def _known_limits(cls, value: dict[str, Any]) -> dict[str, Any]:
        return Limits.model_validate(value).stored() or {}

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        """Read what older documents say: one vault by its key, no app, and “task” for a template of no kind."""
        if not isinstance(data, Mapping):
            return data
        given = dict(data)
        if given.get("vault_key") and not given.get("vaults"):
            given["vaults"] = [{"type": "password", "vault_key": given["vault_key"]}]
        if given.get("app") == "":
            del given["app"]
        if given.get("type") == "task":
            given["type"] = ""
        return given


class ParamsEntry(Draft):
    """What a schedule or an integration starts a task with."""

    environment: JsonText = ""
    arguments: JsonText | None = None
    git_branch: str | None = None
    message: str = ""
    version: str | None = None
    inventory_name: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class HostEntry(Entry):
    """A mapping of a host or address to a key."""

    type: str = "host"
    name: str = Field(min_length=1, max_length=500)
    ssh_key: str

    @property
    def key(self) -> str:
        return f"{self.type} {self.name.lower() if self.type == 'host' else self.name}"


class MatcherEntry(Draft):
    """A condition of an integration."""

    name: str = ""
    match_type: str = ""
    method: str = ""
    body_data_type: str = ""
    key: str = ""
    value: str = ""


class ValueEntry(Draft):
    """A value that an integration takes out."""

    name: str = ""
    value_source: str = ""
    body_data_type: str = ""
    key: str = ""
    variable: str = ""
    variable_type: str = ""


class IntegrationEntry(Named):
    """An integration. Its addresses let everybody in who knows them, so they are counted and never written."""

    OURS = frozenset({"alias_count", "inactive"})
    auth_method: str = CLOSED
    auth_header: str = ""
    searchable: bool = False
    template: str
    auth_secret: str | None = None
    aliases: list[str] = Field(default_factory=list)
    matchers: list[MatcherEntry] = Field(default_factory=list)
    extract_values: list[ValueEntry] = Field(default_factory=list)
    task_params: ParamsEntry | None = None
    alias_count: int = Field(default=0, ge=0, le=_ALIASES)
    inactive: bool = False


class FreezeEntry(Named):
    """A time in which schedules start nothing."""

    active: bool = True
    everything: bool = False
    starts: str | None = None
    ends: str | None = None
    cron_format: str = ""
    time_zone: str = ""
    minutes: Count = 0


class ChannelEntry(Named):
    """A channel, without its secrets."""

    notifier: str = Field(max_length=100)
    params: dict[str, Any] = Field(default_factory=dict)
    keys: dict[str, str] = Field(default_factory=dict)
    """Params that are keys of the project, by name."""
    secrets: list[str] = Field(default_factory=list)
    """Names of those that it holds itself."""
    events: list[str] = Field(default_factory=list)
    templates: list[str] | None = None
    active: bool = True


class KnownHostEntry(Entry):
    """The key of an ssh server."""

    line: str = Field(min_length=1, max_length=10_000)
    trusted: bool = False

    @property
    def key(self) -> str:
        return self.line[:255]


class ScheduleEntry(Entry):
    """A schedule."""

    OURS = frozenset({"time_zone", "misfire", "overlap", "ends_at", "max_runs"})
    name: str = Field(default="", max_length=100)
    cron_format: str = ""
    active: bool = False
    type: str = ""
    delete_after_run: bool = False
    template: str
    checkable_repository: str | None = None
    run_at: Annotated[str | None, BeforeValidator(_moment)] = None
    task_params: ParamsEntry | None = None
    time_zone: str = ""
    misfire: str = "skip"
    overlap: str = "parallel"
    ends_at: Annotated[str | None, BeforeValidator(_moment)] = None
    max_runs: Count = 0

    @property
    def key(self) -> str:
        return f"{self.template} / {self.name}"
