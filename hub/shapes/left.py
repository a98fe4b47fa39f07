"""Shapes of what tasks leave."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class Output(TypedDict):
    """A named value that a task hands over."""

    name: str
    value: Any
    """As it was written; null for a sensitive one."""
    type: str
    """In Terraform's words, such as `string`, or `["list", "string"]`."""
    sensitive: bool


class Artifact(TypedDict):
    """A file that a task left for people."""

    id: int
    """Its number within the task."""
    name: str
    """Path below the working directory."""
    size: int
    """Bytes."""
    sha256: str
