"""Shapes of what the hub says of texts that somebody writes, and of the contents of repositories."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.shapes.kinds import Time


class TextFault(TypedDict):
    """What is wrong in a text."""

    line: int
    """Counts from 1, as does the column."""
    column: int
    text: str
    detail: str
    """What the parser says of it, in its own words; may be empty."""


class TextFaults(TypedDict):
    """All that is wrong in a text; empty when nothing is."""

    faults: list[TextFault]


class LastCommit(TypedDict):
    """The newest commit of a branch."""

    hash: str
    author: str
    time: Time
    message: str
    """Its first line, at most 100 characters."""


class Runnable(TypedDict):
    """What an app could run."""

    app: str
    likely: list[str]
    """Paths that hold what the app runs."""
    others: list[str]
    """Paths that it may take besides."""
    left: int
    """How many more there are."""


class Contents(TypedDict):
    """What is in a repository now."""

    branch: str
    branches: list[str]
    commit: LastCommit
    found: list[Runnable]
    inventories: list[str]
    """Files that seem to list hosts."""
