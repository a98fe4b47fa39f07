"""Shapes of the hub itself: what it has, who runs its tasks, what happened, what refers to what."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time
from hub.shapes.people import Role
from hub.shapes.work import Status


class UsedBy(TypedDict):
    """Something that uses another thing."""

    kind: str
    """`template`, `template_schedules`, `inventory`, `repository`, `environment`, `key`, `host_config`, `team` …"""
    id: int
    """Its id; that of the project for a team and its invitations."""
    name: str


class Error(TypedDict):
    """Why a request was refused, or failed."""

    error: str
    """A sentence for people, or one of the words `TOTP_REQUIRED` and `SESSION_NOT_VERIFIED`."""
    field: NotRequired[str]
    """The member of the body, or the parameter, that is to blame."""
    inUse: NotRequired[bool]
    """True when something else still uses what was to be deleted."""
    allowed: NotRequired[list[str]]
    """What would have been right."""
    users: NotRequired[list[UsedBy]]
    """All that uses the thing that was to be deleted, where it is known."""


class App(TypedDict):
    """What an executor is called, and whether it is offered."""

    active: bool
    priority: int
    title: str
    icon: str
    color: str
    dark_color: str
    path: str
    args: list[str] | None


class ListedApp(App):
    """An app in the list."""

    id: str


class Teams(TypedDict):
    """How teams grow."""

    invites_enabled: bool
    invite_type: str


class Info(TypedDict):
    """What the hub is and has."""

    version: str
    ansible: str
    web_host: str
    use_remote_runner: bool
    auth_methods: Free
    premium_features: dict[str, bool]
    git_client: str
    schedule_timezone: str
    teams: Teams
    roles: list[Role]


class Option(TypedDict):
    """An option that was set."""

    key: str
    value: str


class Event(TypedDict):
    """What somebody did."""

    user_id: int | None
    project_id: int | None
    integration_id: int | None
    object_id: int | None
    object_type: str | None
    description: str | None
    created: Time
    object_name: str
    project_name: str | None
    username: str | None
    actor: str
    """Who, by the name of that day, also where it was no person."""


class LiveTask(TypedDict):
    """An unfinished task anywhere in the hub."""

    task_id: int
    project_id: int
    status: str
    location: str
    """`queue` or `running`."""
    project_name: str
    template_id: int
    tpl_alias: str
    """Name of the template."""
    created: Time
    username: NotRequired[str]
    reason: NotRequired[str]
    """Why it waits."""
    queue_position: NotRequired[int]
    """Its place among all that wait; 1 is next."""
    worker: NotRequired[str]
    """Node that runs it."""


class TaskState(TypedDict):
    """What a live view tells of a task whenever it changes."""

    type: Literal["update"]
    project_id: int
    template_id: int
    task_id: int
    status: Status
    start: Time | None
    end: Time | None
    version: str | None
    reason: str
    """Why it waits, or went wrong."""
    question: str
    """What it asks people before it goes on."""
    log_lines: int
    exit_code: int | None
    queue_position: int | None
    """Its place among all that wait."""


class PluginProblem(TypedDict):
    """What went wrong with a plugin."""

    sentence: str
    count: int
    first: Time
    last: Time


class Plugin(TypedDict):
    """A plugin that was found."""

    name: str
    distribution: str
    version: str
    summary: str
    builtin: bool
    state: str
    reason: str
    hooks: list[str]
    offers: dict[str, list[str]]
    problems: list[PluginProblem]


class Runner(TypedDict):
    """A runner."""

    id: int
    project_id: int | None
    name: str
    webhook: str
    max_parallel_tasks: int
    active: bool
    is_default: bool
    tag: str
    tags: list[str]
    registered: bool
    touched: Time | None
    """When it was last heard of."""
    cleaning_requested: Time | None
    status: str
    """`online` or `offline`."""


class NewRunner(Runner):
    """A runner that was just added; its secrets are shown this once."""

    token: str
    private_key: str


class RunnerTag(TypedDict):
    """A tag of runners."""

    tag: str
    number_of_runners: int


class Enrolment(TypedDict):
    """A token with which a runner registers once."""

    registration_token: str
    runner_id: int
    project_id: int | None


class Registered(TypedDict):
    """The token of a runner that registered."""

    token: str


class RunnerState(TypedDict):
    """What a runner is to do."""

    CurrentJobs: list[Any] | None
    new_jobs: list[Any] | None
    access_keys: Free
    clear_cache: NotRequired[bool]
    cache_clean_project_id: NotRequired[int]


class Named(TypedDict):
    """A thing that refers to another."""

    id: int
    name: str


class Refs(TypedDict):
    """What uses a thing, by kind."""

    templates: list[Named]
    inventories: list[Named]
    repositories: list[Named]
    integrations: list[Named]
    schedules: list[Named]
    access_keys: list[Named]
    host_configs: NotRequired[list[Named]]


class ProjectRefs(Refs):
    """What would go with a project."""

    environments: list[Named]
    views: list[Named]
    unfinished_tasks: int


class MemberOf(TypedDict):
    """A project that a person is a member of."""

    id: int
    name: str
    role: str


class UserRefs(TypedDict):
    """Projects of a person."""

    projects: list[MemberOf]


class PartRefs(TypedDict):
    """What uses a condition or a value of an integration."""

    integrations: list[Named]


class IntegrationRefs(TypedDict):
    """Always null, as on the wire."""

    matchers: None
    values: None


class WorkerTask(TypedDict):
    """A task that a worker runs."""

    id: int
    project_id: int
    project_name: str
    template_id: int
    tpl_alias: str
    """Name of the template."""
    status: Status
    start: Time | None


class Worker(TypedDict):
    """A process that runs tasks."""

    id: int
    node: str
    """Its name: host, process and a random part."""
    host: str
    version: str
    """Of the hub that is installed there."""
    tags: list[str]
    slots: int
    """Tasks that it runs at once."""
    isolation: str
    """What keeps its tasks from the hub's own files, such as `landlock, user tasks`; `none` when nothing does, empty
    when it has not told."""
    state: Literal["on", "draining", "lost"]
    """`lost` when nobody has heard of it for a while."""
    draining: bool
    """It takes nothing new."""
    started: Time
    seen: Time
    """When it last told that it is there."""
    tasks: list[WorkerTask]
