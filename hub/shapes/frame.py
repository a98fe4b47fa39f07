"""Shapes of what finds things: by their names, and words in a log."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.shapes.kinds import described


@described
class Found(TypedDict):
    """Something that was found by its name."""

    kind: str
    """`task`, `template`, `project`, `inventory`, `repository`, `environment`, `key`, `schedule` or `view`."""
    id: int
    name: str
    """Its name; of a task, that of its template."""
    project_id: int
    project_name: str
    status: str
    """Of a task; empty for everything else."""
    may_run: bool
    """Whether the caller may start it, for a template."""
