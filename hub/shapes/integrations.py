"""Shapes of integrations: what they are made of, what a sample would do, and what came to them."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time
from hub.shapes.resources import TaskParams


class Integration(TypedDict):
    """A webhook that starts a template."""

    id: int
    name: str
    project_id: int
    template_id: int
    auth_method: str
    auth_secret_id: int | None
    auth_header: str
    searchable: bool
    active: bool
    task_params: NotRequired[TaskParams | None]


class Alias(TypedDict):
    """An address that webhooks are sent to."""

    id: int
    url: str


class Condition(TypedDict):
    """What a request must hold, so that an integration starts something."""

    name: str
    match_type: str
    method: str
    body_data_type: str
    key: str
    value: str


class Matcher(Condition):
    """A condition of an integration."""

    id: int
    integration_id: int


class Extraction(TypedDict):
    """Where in a request a value is, and what variable of the task it becomes."""

    name: str
    value_source: str
    body_data_type: str
    key: str
    variable: str
    variable_type: str


class ExtractedValue(Extraction):
    """What an integration takes out of a request."""

    id: int
    integration_id: int


class Delivery(TypedDict):
    """A request that came to an integration."""

    id: int
    project_id: int
    integration_id: int
    created: Time
    event: str
    outcome: str
    reason: str
    task_ids: list[int]


class WholeDelivery(Delivery):
    """A request with what it said."""

    headers: dict[str, str]
    body: str
    complete: bool
    """False when the body was cut."""


class TriedMatcher(TypedDict):
    """What a condition makes of a sample request."""

    id: int
    name: str
    matched: bool
    found: str | None
    """What it was held against; null when the request does not have it."""


class TriedValue(TypedDict):
    """What a value is in a sample request."""

    id: int
    name: str
    variable: str
    variable_type: str
    value: str | None
    """Null when the request does not hold it."""


class Rehearsal(TypedDict):
    """What a sample request would do."""

    event: str
    facts: Free
    environment: Free
    params: Free
    matched: NotRequired[bool]
    matchers: NotRequired[list[TriedMatcher]]
    values: NotRequired[list[TriedValue]]
    error: NotRequired[str]
    """Why no task would start."""


class Rules(TypedDict):
    """Every condition of an integration, and every value that it takes out."""

    matchers: list[Matcher]
    values: list[ExtractedValue]
