"""Shapes of what the hub says of texts that somebody writes."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.shapes.kinds import described


@described
class TextFault(TypedDict):
    """What is wrong in a text."""

    line: int
    """Counts from 1, as does the column."""
    column: int
    text: str
    detail: str
    """What the parser says of it, in its own words; may be empty."""


@described
class TextFaults(TypedDict):
    """All that is wrong in a text; empty when nothing is."""

    faults: list[TextFault]
