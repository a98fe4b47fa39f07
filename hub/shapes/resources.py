"""Shapes of what templates are made of: keys, repositories, inventories, variable groups and schedules."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time


class LoginPassword(TypedDict):
    """Always empty: secrets are taken and never shown."""

    login: str
    password: str


class SshKey(TypedDict):
    """Always empty: secrets are taken and never shown."""

    login: str
    passphrase: str
    private_key: str


class Key(TypedDict):
    """A key, without its secret."""

    id: int
    name: str
    type: str
    """`ssh`, `login_password`, `string`, `none`, or a type that a plugin brings."""
    project_id: int | None
    string: str
    login_password: LoginPassword
    ssh: SshKey
    empty: NotRequired[bool]
    """True in lists when nothing is stored."""
    owner: NotRequired[str]
    source_storage_id: NotRequired[int | None]
    source_storage_key: NotRequired[str]
    source_storage_type: NotRequired[str]
    expires: NotRequired[Time]
    """When the secret is to be replaced."""
    secret_changed: NotRequired[Time]
    """When the secret was last written."""


class SshCertificate(TypedDict):
    """What a certificate of an SSH key says."""

    name: str
    """What the authority calls it."""
    logins: list[str]
    """Users that it lets in as; empty for any."""
    begins: Time
    ends: Time | None
    """Null for one that never ends."""
    authority: str
    """Fingerprint of the key that signed it."""
    problem: str
    """Why it is no good now; empty when it is."""


class KeyAbout(TypedDict):
    """What is known of a stored key, but for its secret. Types that plugins bring may tell more."""

    public_key: NotRequired[str]
    fingerprint: NotRequired[str]
    certificate: NotRequired[SshCertificate]


class KeyUse(TypedDict):
    """Something that a key is used by."""

    kind: str
    """`template`, `inventory`, `repository`, `integration`, `host_config`, `state_alias` or `channel`."""
    id: int
    name: str
    as_what: str
    """What it is used as, such as `vault`, `become` or the name of a param; empty where that is plain."""


class NewKey(Key):
    """A key pair that the hub made up: its public half, and never the private one."""

    public_key: NotRequired[str]
    fingerprint: NotRequired[str]


class Repository(TypedDict):
    """A repository."""

    id: int
    name: str
    project_id: int
    git_url: str
    git_branch: str
    ssh_key_id: int


class Inventory(TypedDict):
    """An inventory."""

    id: int
    name: str
    project_id: int
    inventory: str
    """The text, the path of a file, or the name of a workspace."""
    ssh_key_id: int | None
    become_key_id: int | None
    type: str
    template_id: int | None
    """The one template that it belongs to."""
    repository_id: int | None
    runner_tag: NotRequired[str]


class EnvironmentSecret(TypedDict):
    """A secret of a variable group, without its value."""

    id: int
    type: str
    """`var` for a variable, `env` for one of the process."""
    name: str
    secret: str
    operation: str


class Environment(TypedDict):
    """A variable group."""

    id: int
    name: str
    project_id: int
    password: str | None
    json: str
    """Variables, as the text of a JSON object."""
    env: str | None
    """Variables of the process, as the text of a JSON object."""
    secrets: NotRequired[list[EnvironmentSecret]]
    secret_storage_id: NotRequired[int]
    secret_storage_key_prefix: NotRequired[str]


class SecretStorage(TypedDict):
    """Where secrets are kept outside of the hub."""

    id: int
    project_id: int
    name: str
    type: str
    params: Free | None
    readonly: bool
    source_storage_type: NotRequired[str]
    secret: NotRequired[str]


class HostConfig(TypedDict):
    """The key that git uses at a host."""

    id: int
    project_id: int
    type: str
    host: str
    ssh_key_id: int | None


class KnownHost(TypedDict):
    """The key that an ssh server showed to a project, or that people entered."""

    id: int
    project_id: int
    host: str
    """As OpenSSH writes it: `name`, or `[name]:port`."""
    authority: bool
    """The key signs certificates of hosts."""
    key_type: str
    key: str
    fingerprint: str
    status: Literal["trusted", "pending", "changed", "revoked"]
    """`changed` waits for approval while another key of that host is trusted."""
    trusted_fingerprints: NotRequired[list[str]]
    """Of a changed key: what is trusted for the host."""
    decided_by: str
    """Login of whoever decided last; empty where the hub did by itself."""
    created: Time


class HostKeyPolicy(TypedDict):
    """How a project meets host keys that it does not know."""

    policy: str
    """The choice of the project: `first_use`, `ask`, `off`, or empty."""
    effective: str
    """What counts."""


class TaskParams(TypedDict):
    """Answers that a schedule or an integration gives to the tasks that it starts."""

    environment: NotRequired[str]
    arguments: NotRequired[str]
    git_branch: NotRequired[str]
    message: NotRequired[str]
    version: NotRequired[str]
    inventory_id: NotRequired[int]
    params: NotRequired[Free]
    secret: NotRequired[str]


class Schedule(TypedDict):
    """When a template is run by itself."""

    id: int
    project_id: int
    template_id: int
    cron_format: str
    name: str
    active: bool
    type: str
    """Empty for cron, or `run_at`."""
    delete_after_run: bool
    repository_id: int | None
    """The repository that is watched for new commits."""
    misfire: str
    overlap: str
    time_zone: NotRequired[str]
    run_at: NotRequired[Time]
    next_run_at: NotRequired[Time]
    last_run_at: NotRequired[Time]
    last_task_id: NotRequired[int]
    last_error: NotRequired[str]
    """Why the last moment started nothing."""
    ends_at: NotRequired[Time]
    max_runs: NotRequired[int]
    runs: NotRequired[int]
    task_params: NotRequired[TaskParams | None]


class ListedSchedule(Schedule):
    """A schedule with the name of its template."""

    tpl_name: str


class Moment(TypedDict):
    """A moment at which something starts."""

    at: Time
    local: str
    """The same in the schedule's own time zone, with its distance to UTC."""


class Coming(Moment):
    """A start that is to come."""

    more: bool
    """Whether the schedule starts more often on that day than is shown."""
    schedule_id: int
    name: str
    template_id: int
    template_name: str
    freeze: str | None
    """The freeze that holds it back."""


class Freeze(TypedDict):
    """A time in which schedules start nothing."""

    id: int
    project_id: int
    name: str
    active: bool
    everything: bool
    """Whether nobody else starts anything either."""
    starts: Time | None
    ends: Time | None
    cron_format: str
    time_zone: str
    minutes: int
