"""Shapes of what is told about templates beside what they hold."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from hub.shapes.backup import (
    BackupEnvironment,
    BackupIntegration,
    BackupInventory,
    BackupKey,
    BackupRepository,
    BackupSchedule,
    BackupStorage,
    BackupTemplate,
    BackupView,
)


class PreviewVariable(TypedDict):
    """A variable that a task would be given."""

    name: str
    value: Any
    """Null for a secret one, which is not opened for this."""
    secret: bool
    env: bool
    """True for an environment variable."""


class PreviewProblem(TypedDict):
    """What would keep a task from starting."""

    sentence: str
    field: str
    """The member of the draft that is to blame; empty when none is."""


class Preview(TypedDict):
    """What a task would do, if it was started so."""

    app: str
    app_title: str
    command: list[str]
    """The main command line, word by word, with names in angle brackets where files of the run will be, and dots where
    a secret answer would be; empty when the executor cannot tell it."""
    line: str
    """The same as one line, quoted for a shell."""
    script: str
    working_directory: str
    repository: str
    branch: str
    commit: str | None
    inventory: str
    """Name; empty for none."""
    tag: str
    """Worker tag that it wants; empty for none."""
    time_limit: int
    """Seconds; 0 is without limit."""
    host_limit: int
    """Most hosts that it may touch; 0 is without limit."""
    variables: list[PreviewVariable]
    problems: list[PreviewProblem]


class StarredTemplate(TypedDict):
    """A template that the caller has starred."""

    id: int
    name: str
    app: str
    project_id: int
    project_name: str


class TemplateFate(TypedDict):
    """What became of one of several templates."""

    template_id: int
    name: str
    outcome: str
    """`done`, `skipped` where it could not be done with this one, or `failed`."""
    sentence: NotRequired[str]
    """Why it was not done."""
    task_id: NotRequired[int]
    """The task that was started."""
    count: NotRequired[int]
    """Tasks that are being stopped, or schedules that were switched."""


class TemplateFile(TypedDict):
    """A template with all that it names; lists that would be empty are left out."""

    hub_template: int
    """Version of the form of the file."""
    template: str
    """Which of the templates it is about; others are there because it deploys what they build."""
    templates: list[BackupTemplate]
    secret_storages: NotRequired[list[BackupStorage]]
    environments: NotRequired[list[BackupEnvironment]]
    views: NotRequired[list[BackupView]]
    keys: NotRequired[list[BackupKey]]
    repositories: NotRequired[list[BackupRepository]]
    inventories: NotRequired[list[BackupInventory]]
    integrations: NotRequired[list[BackupIntegration]]
    schedules: NotRequired[list[BackupSchedule]]


class TemplatePart(TypedDict):
    """What becomes of one thing of the file of a template."""

    kind: str
    """Kind of the thing, by the name of its list in the file."""
    name: str
    state: Literal["added", "changed", "same", "used", "differs"]
    """`used` is there under that name, and is the same; `differs` is there, is another, and is used as it is."""


class TemplateImported(TypedDict):
    """What becomes of the file of a template."""

    template_id: int
    name: str
    changes: list[TemplatePart]
    warnings: list[str]
    missing_secrets: list[str]
    """Keys and secrets that are there but empty: people have to enter them."""
