"""Shapes of what a project works with: projects, templates, tasks and their logs."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Day, Free, Time

Status = Literal[
    "waiting", "starting", "running", "waiting_confirmation", "confirmed", "rejected", "stopping", "stopped", "success",
    "error", "not_executed",
]  # fmt: skip
"""Where a task stands."""


class Project(TypedDict):
    """A project."""

    id: int
    name: str
    created: Time
    alert: NotRequired[bool]
    """Whether people are told of its failed tasks."""
    alert_chat: NotRequired[str]
    max_parallel_tasks: NotRequired[int]
    """Tasks that may run at once; left out when there is no limit."""
    keep_tasks: NotRequired[int]
    """Finished tasks of each template that are kept; left out, like those below, where the hub's limit counts."""
    keep_days: NotRequired[int]
    keep_log_days: NotRequired[int]
    keep_log_mib: NotRequired[int]
    type: str
    default_secret_storage_id: NotRequired[int]


class ProjectRole(TypedDict):
    """What the caller is in a project."""

    role: str
    """Slug of the role; empty for an administrator who is no member."""
    permissions: int
    """Sum of bits: 1 run tasks, 2 update the project, 4 manage resources, 8 manage users."""


class Choice(TypedDict):
    """One value of a survey variable."""

    name: str
    value: str


class SurveyVariable(TypedDict):
    """What is asked before a task starts."""

    name: str
    title: str
    required: NotRequired[bool]
    type: NotRequired[str]
    """Empty for text, or `int`, `enum`, `secret`."""
    description: NotRequired[str]
    values: NotRequired[list[Choice]]
    default_value: NotRequired[str]
    target: NotRequired[str]
    """`env` when the answer is a variable of the environment."""


class TemplateVault(TypedDict):
    """A vault's password that a template hands to its tasks."""

    id: int
    project_id: int
    template_id: int
    type: str
    vault_key_id: NotRequired[int]
    name: NotRequired[str]
    script: NotRequired[str]


class Task(TypedDict):
    """One run of a template."""

    id: int
    template_id: int
    project_id: int
    status: Status
    playbook: str
    environment: NotRequired[str]
    """Answers to the survey, as the text of a JSON object."""
    arguments: NotRequired[str]
    git_branch: NotRequired[str]
    user_id: NotRequired[int]
    """Who started it; left out when a schedule, an integration or another task did."""
    integration_id: NotRequired[int]
    schedule_id: NotRequired[int]
    created: Time
    start: NotRequired[Time]
    end: NotRequired[Time]
    message: NotRequired[str]
    commit_hash: NotRequired[str]
    commit_message: NotRequired[str]
    build_task_id: NotRequired[int]
    version: NotRequired[str]
    inventory_id: NotRequired[int]
    params: NotRequired[Free | None]
    reason: NotRequired[str]
    """Why it waits, or why it failed, as a sentence."""
    queue_position: NotRequired[int]
    """Its place among all tasks of the hub that wait, 1 being next; told of a single task alone."""
    question: NotRequired[str]
    """What it asks before it goes on."""
    exit_code: NotRequired[int]
    limit: str
    """Always empty; hosts stand in `params`."""


class NewTask(Task):
    """A task that was just started."""

    secret: str
    """`{}`: secret answers are never shown again."""


class BuildTask(TypedDict):
    """The build that a deployment takes its version from."""

    id: int
    template_id: int
    project_id: int
    status: Status
    created: Time
    message: str | None
    version: str | None
    commit_hash: str | None
    commit_message: str | None
    playbook: str
    limit: str


class ListedTask(Task):
    """A task with the names of what it belongs to."""

    tpl_playbook: str
    tpl_alias: str
    """Name of the template."""
    tpl_type: NotRequired[str]
    tpl_app: NotRequired[str]
    user_name: NotRequired[str]
    build_task: NotRequired[BuildTask]


class TemplateLimits(TypedDict):
    """What the programs of a task may use; what is left out has no limit of the template's."""

    memory_mib: NotRequired[int]
    processes: NotRequired[int]
    file_size_mib: NotRequired[int]
    open_files: NotRequired[int]
    cpu_seconds: NotRequired[int]
    sandbox: NotRequired[str]
    """`bubblewrap` for a sandbox, whatever the hub does otherwise."""
    network: NotRequired[bool]
    """False for none."""


class NewTemplate(TypedDict):
    """What can be run."""

    id: int
    project_id: int
    repository_id: int
    name: str
    playbook: str
    """The file that is run, below the repository."""
    tasks: int
    """Tasks that it ever had."""
    inventory_id: NotRequired[int]
    environment_id: NotRequired[int]
    environment_ids: NotRequired[list[int]]
    """Variable groups beside the first one, in the order in which later ones win."""
    type: NotRequired[str]
    """Left out for plain tasks, or `build`, `deploy`."""
    start_version: NotRequired[str]
    build_template_id: NotRequired[int]
    view_id: NotRequired[int]
    autorun: NotRequired[bool]
    survey_vars: NotRequired[list[SurveyVariable]]
    suppress_success_alerts: NotRequired[bool]
    app: NotRequired[str]
    """Name of the executor, such as `ansible` or `bash`."""
    allow_override_args_in_task: NotRequired[bool]
    allow_override_branch_in_task: NotRequired[bool]
    allow_parallel_tasks: NotRequired[bool]
    working_directory: NotRequired[str]
    time_limit: NotRequired[int]
    """Seconds after which a task is stopped."""
    host_limit: NotRequired[int]
    """Most hosts that a task may touch."""
    limits: NotRequired[TemplateLimits]
    queue_limit: NotRequired[int]
    """Seconds that a task may wait before it begins; then it ends as an error."""
    priority: NotRequired[int]
    """Tasks of a higher one begin first; 0 unless told."""
    concurrency_group: NotRequired[str]
    """Of all templates of the project with the same name here, one task runs at a time."""
    arguments: NotRequired[str]
    """Arguments as the text of a JSON list."""
    description: NotRequired[str]
    git_branch: NotRequired[str]
    task_params: NotRequired[Free]
    """Settings of the executor."""
    runner_tag: NotRequired[str]
    vaults: NotRequired[list[TemplateVault]]
    last_task: NotRequired[ListedTask]


class Template(NewTemplate):
    """A template, with what the caller may do with it."""

    permissions: int | None
    """Bits of the caller; in a list only those that the template adds, null for none."""


class LogEntry(TypedDict):
    """One line of a log."""

    id: int
    """Always 0."""
    task_id: int
    time: Time
    output: str
    stage_id: None


class LogLine(TypedDict):
    """One line of a log."""

    n: int
    """Its number, from 0."""
    t: Time
    s: str


class LogLines(TypedDict):
    """Some lines of a log."""

    first: int
    total: int
    """Lines that the log has by now."""
    lines: list[LogLine]
    place: str
    """Where the log is: `database`, `archive`, or `gone` when it was removed."""
    style: str
    """The terminal sequence of the colours and styles that are on where the first of these lines begins."""


class Move(TypedDict):
    """A change of a task's status."""

    at: Time
    source: str
    target: str
    actor: str
    note: str


class Result(TypedDict):
    """What an executor told about a task."""

    id: int
    kind: str
    created: Time
    data: Any


class Stage(TypedDict):
    """A stage of a task."""

    id: int
    task_id: int
    type: str
    start: Time | None
    end: Time | None
    start_output_id: int | None
    end_output_id: int | None
    result: Any


class HostResult(TypedDict):
    """What happened to one host."""

    id: int
    task_id: int
    project_id: int
    created: Time
    host: str
    ok: int
    changed: int
    failed: int
    unreachable: int
    skipped: int
    rescued: int
    ignored: int


class HostError(TypedDict):
    """What failed on one host."""

    id: int
    task_id: int
    project_id: int
    created: Time
    host: str
    task: str
    error: str


class DayFigures(TypedDict):
    """Tasks that were made on one day."""

    date: Day
    count_by_status: dict[str, int]
    avg_duration: int
    """Seconds from start to end."""
    avg_wait: int
    """Seconds from creation to start."""


class View(TypedDict):
    """A tab of templates."""

    id: int
    project_id: int
    title: str
    position: int
    type: NotRequired[str]
    """`all` for the one that shows every template."""
    hidden: NotRequired[bool]
    sort_column: NotRequired[str]
    sort_reverse: NotRequired[bool]


class DriftedResource(TypedDict):
    """Something that is not as it is described."""

    name: str
    action: str
    """What a run would do to it: `add`, `change`, `destroy`, …"""


class DriftCheck(TypedDict):
    """What a task has found that looked for drift."""

    id: int
    template_id: int
    inventory_id: int | None
    task_id: int
    created: Time
    drifted: bool
    changes: int
    """How many resources differ."""
    resources: list[DriftedResource]
    """The first 500 of them."""


class Drift(DriftCheck):
    """The last look at a template with an inventory."""

    template_name: str
