"""Shapes of what finds things: by their names, and words in a log."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.shapes.work import DayFigures, ListedTask


class Found(TypedDict):
    """Something that was found by its name."""

    kind: str
    """`task`, `template`, `project`, `inventory`, `repository`, `environment`, `key`, `schedule`, `integration`
    or `view`."""
    id: int
    name: str
    """Its name; of a task, that of its template."""
    project_id: int
    project_name: str
    status: str
    """Of a task; empty for everything else."""
    may_run: bool
    """Whether the caller may start it, for a template."""
    starred: bool
    """Whether the caller has starred it, for a template."""


class LogHit(TypedDict):
    """A line that was found."""

    n: int
    """Its number, from 0."""
    s: str
    """The line without colours, or the part of it around what was found."""


class LogHits(TypedDict):
    """Lines of a log that hold what was looked for."""

    hits: list[LogHit]
    """In the order of the search."""
    resume: int | None
    """Line to go on from, when there may be more; null when the log was searched to its end."""
    total: int
    """Lines that the log has by now."""


class DashboardTask(ListedTask):
    """A task with the name of its project."""

    project_name: str


class Dashboard(TypedDict):
    """What is at work and what fails, in one project or in all that the caller sees, with figures by day."""

    at_work: list[DashboardTask]
    """Unfinished tasks, those that need a decision first, thirty at most."""
    counts: dict[str, int]
    """All unfinished tasks by status."""
    failing: list[DashboardTask]
    """The newest task of each template of which it failed, fifteen at most."""
    days: list[DayFigures]
    """Figures by day, oldest first; days without tasks are absent."""
    cut: bool
    """Only the newest 100000 tasks are counted; there are more."""


class RunPair(TypedDict):
    """One thing of two runs; what is absent in a run is empty there."""

    name: str
    left: str
    right: str


class DiffLine(TypedDict):
    """One line of a difference."""

    sign: str
    """A space for an equal line, `-` for one of the left run, `+` for one of the right run."""
    s: str


class LogHunk(TypedDict):
    """Lines of two logs that differ, with some equal ones around them."""

    left: int
    """Number of the first line in the left run, from 0."""
    right: int
    lines: list[DiffLine]


class Comparison(TypedDict):
    """Two runs side by side; the right one is that of the path."""

    left: ListedTask
    right: ListedTask
    members: list[RunPair]
    """What was asked and how it ended; further ones are `params.NAME` and `environment.NAME`."""
    hosts: list[RunPair]
    """Hosts whose worst state differs, 500 at most."""
    hunks: list[LogHunk]
    cut: bool
    """The logs are longer than what was compared."""
