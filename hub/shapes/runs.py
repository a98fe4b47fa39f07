"""Shapes of what tells about a run: lines of one part of its log, and its passport."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from hub.shapes.kinds import Time
from hub.shapes.work import LogLine, Move


class LogPart(TypedDict):
    """Some lines of one part of a log."""

    lines: list[LogLine]
    resume: int | None
    """Number of the line to go on with, in the direction that was asked for; null at the end."""
    total: int
    """Lines that the whole log has by now."""


class PassportStage(TypedDict):
    """A stage of a run."""

    name: str
    start: Time | None
    end: Time | None
    first_line: int


class Passport(TypedDict):
    """What is known of a run."""

    task: dict[str, Any]
    """The task's own members; null where it has none."""
    moves: list[Move]
    stages: list[PassportStage]
    passes: list[dict[str, Any]]
    """For each pass of the task what ran: commands, tools with their versions, worker, isolation, parameters."""
