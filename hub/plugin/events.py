"""What plugins hear about, after it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class HubEvent:
    """Something that happened. Names mirror the API: `task.created`, `task.finished`, `template.updated`."""

    name: str
    at: datetime
    project_id: int | None = None
    object_id: int | None = None
    actor: str = ""
    """Who did it: a user name, or `token:…`, `integration:…`, `schedule:…`, `system`."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Facts without secrets; for tasks: `status`, `template_id`, `template_name`, `app`."""


@dataclass(frozen=True, slots=True)
class GateRequest:
    """A task that somebody wants to start; `hub_gate` may refuse it."""

    project_id: int
    template_id: int
    template_name: str
    app: str
    actor: str
    user_id: int | None
    branch: str = ""
    arguments: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
