"""Shapes of projects as documents, and of what becomes of one that is restored.

Within a document things refer to each other by name. A member that says nothing is left out.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from hub.shapes.integrations import Condition, Extraction
from hub.shapes.kinds import Free, Time
from hub.shapes.work import SurveyVariable


class BackupMeta(TypedDict):
    """The project itself."""

    name: str
    alert: bool
    alert_chat: NotRequired[str]
    max_parallel_tasks: int
    type: str
    keep_tasks: NotRequired[int]
    keep_days: NotRequired[int]
    keep_log_days: NotRequired[int]
    keep_log_mib: NotRequired[int]
    host_keys: NotRequired[str]
    """The project's own choice about unknown host keys."""


class BackupStorage(TypedDict):
    """A secret storage; its token is no part of it, but for the name of a variable or file that holds it."""

    name: str
    type: str
    params: Free
    readonly: bool
    source_storage_type: NotRequired[str]
    source_storage_key: NotRequired[str]


class BackupRole(TypedDict):
    """A custom role of the project."""

    name: str
    permissions: int
    """Sum of bits, as `ProjectRole` has them."""


class BackupSecret(TypedDict):
    """A secret of a variable group, without what it holds."""

    name: str
    type: str


class BackupEnvironment(TypedDict):
    """A variable group."""

    name: str
    json: str
    env: NotRequired[str]
    password: NotRequired[str]
    secret_storage: NotRequired[str]
    secret_storage_key_prefix: NotRequired[str]
    secrets: NotRequired[list[BackupSecret]]


class BackupView(TypedDict):
    """A view."""

    title: str
    position: int
    type: str
    hidden: bool
    sort_column: NotRequired[str]
    sort_reverse: bool


class BackupKey(TypedDict):
    """An entry of the key store, without its secret."""

    name: str
    type: str
    owner: str
    source_storage_key: NotRequired[str]
    source_storage_type: NotRequired[str]
    expires: NotRequired[Time]


class BackupRepository(TypedDict):
    """A repository."""

    name: str
    git_url: str
    git_branch: str
    ssh_key: NotRequired[str]


class BackupInventory(TypedDict):
    """An inventory."""

    name: str
    inventory: str
    type: str
    runner_tag: NotRequired[str]
    ssh_key: NotRequired[str]
    become_key: NotRequired[str]
    repository: NotRequired[str]
    template: NotRequired[str]
    source_keys: NotRequired[dict[str, str]]


class BackupVault(TypedDict):
    """A vault of a template."""

    name: NotRequired[str]
    type: str
    script: NotRequired[str]
    vault_key: NotRequired[str]


class BackupTemplateRole(TypedDict):
    """Rights on a template, for a role of the document or of the hub."""

    role: str
    is_global: bool
    """Whether it is a role of the whole hub."""
    permissions: int


class BackupTemplate(TypedDict):
    """A template."""

    name: str
    playbook: str
    arguments: NotRequired[str]
    description: NotRequired[str]
    type: str
    start_version: NotRequired[str]
    autorun: bool
    git_branch: NotRequired[str]
    survey_vars: list[SurveyVariable]
    suppress_success_alerts: bool
    app: str
    task_params: Free
    runner_tag: NotRequired[str]
    allow_override_args_in_task: bool
    allow_override_branch_in_task: bool
    allow_parallel_tasks: bool
    inventory: NotRequired[str]
    repository: NotRequired[str]
    environment: NotRequired[str]
    build_template: NotRequired[str]
    view: NotRequired[str]
    vaults: list[BackupVault]
    roles: list[BackupTemplateRole]
    working_directory: NotRequired[str]
    environments: NotRequired[list[str]]
    time_limit: NotRequired[int]
    queue_limit: NotRequired[int]
    priority: NotRequired[int]
    concurrency_group: NotRequired[str]
    host_limit: NotRequired[int]
    limits: NotRequired[Free]


class BackupParams(TypedDict):
    """What a schedule or an integration starts a task with."""

    environment: str
    arguments: NotRequired[str]
    git_branch: NotRequired[str]
    message: str
    version: NotRequired[str]
    inventory_name: NotRequired[str]
    params: Free


class BackupHost(TypedDict):
    """A mapping of a host or address to a key."""

    type: str
    name: str
    ssh_key: str


class BackupChannel(TypedDict):
    """A channel, without its secrets."""

    name: str
    notifier: str
    params: Free
    keys: dict[str, str]
    """Params that are keys of the project, by name."""
    secrets: list[str]
    """Names of those that it holds itself."""
    events: list[str]
    templates: NotRequired[list[str]]
    """Left out for all of them."""
    active: bool


class BackupFreeze(TypedDict):
    """A time in which schedules start nothing."""

    name: str
    active: bool
    everything: bool
    starts: NotRequired[Time]
    ends: NotRequired[Time]
    cron_format: str
    time_zone: str
    minutes: int


class BackupIntegration(TypedDict):
    """An integration. Its addresses let everybody in who knows them, so they are only counted."""

    name: str
    auth_method: str
    auth_header: str
    searchable: bool
    template: str
    auth_secret: NotRequired[str]
    aliases: list[str]
    matchers: list[Condition]
    extract_values: list[Extraction]
    task_params: NotRequired[BackupParams]
    alias_count: NotRequired[int]
    inactive: NotRequired[bool]


class BackupSchedule(TypedDict):
    """A schedule."""

    name: str
    cron_format: str
    active: bool
    type: str
    delete_after_run: bool
    template: str
    checkable_repository: NotRequired[str]
    run_at: NotRequired[str]
    task_params: NotRequired[BackupParams]
    time_zone: NotRequired[str]
    misfire: NotRequired[str]
    overlap: NotRequired[str]
    ends_at: NotRequired[str]
    max_runs: NotRequired[int]


class LockedSecrets(TypedDict):
    """Secrets, locked with a passphrase."""

    kdf: str
    memory: int
    passes: int
    lanes: int
    salt: str
    nonce: str
    data: str


class BackupKnownHost(TypedDict):
    """The key of an ssh server."""

    line: str
    """Of a known_hosts file."""
    trusted: bool


class Backup(TypedDict):
    """A whole project as a document."""

    version: int
    """Of the members that are not the wire's."""
    meta: BackupMeta
    secret_storages: list[BackupStorage]
    roles: list[BackupRole]
    environments: list[BackupEnvironment]
    views: list[BackupView]
    keys: list[BackupKey]
    repositories: list[BackupRepository]
    inventories: list[BackupInventory]
    templates: list[BackupTemplate]
    host_configs: list[BackupHost]
    integrations: list[BackupIntegration]
    integration_aliases: list[str]
    """Always empty: addresses let everybody in who knows them."""
    integration_alias_count: NotRequired[int]
    schedules: list[BackupSchedule]
    freezes: list[BackupFreeze]
    known_hosts: list[BackupKnownHost]
    channels: list[BackupChannel]
    secrets: NotRequired[LockedSecrets]


class RestoreCounts(TypedDict):
    """How many things of a document came to what end."""

    added: int
    changed: int
    same: int
    kept: int


class RestoreChange(TypedDict):
    """What becomes of one thing of a document."""

    kind: str
    """Kind of the thing, by the name of its list in the document."""
    name: str
    state: Literal["added", "changed", "same", "kept"]
    """`kept` is what the project has and the document does not name."""


class Restored(TypedDict):
    """What becomes of a document."""

    name: str
    """Name of the project, as the document has it."""
    counts: RestoreCounts
    changes: list[RestoreChange]
    warnings: list[str]
    missing_secrets: list[str]
    """Keys and secrets that are there but empty: people have to enter them."""
