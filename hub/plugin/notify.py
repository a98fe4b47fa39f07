"""Telling people about what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told: facts first, one ready sentence for those who want no more."""

    event: str
    """Dotted name, such as `task.finished`."""
    sentence: str
    project_id: int
    project_name: str
    task_id: int | None = None
    template_name: str = ""
    status: str = ""
    author: str = ""
    version: str = ""
    message: str = ""
    url: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of the `Key` fields of the params, by field name."""
    id: str = ""
    """The same for every attempt to deliver it, so that receivers can tell a second one."""
    people: tuple[str, ...] = field(default=(), repr=False)
    """E-mail addresses of members of the project, and of administrators, who wish alerts."""
    chat: str = ""
    """The project's own chat, for services that have numbered ones."""
    inside: bool = False
    """The channel is an administrator's and may lead anywhere; any other must not lead into the hub's own network."""


class Notifier(Extension, Generic[P]):
    """Sends a notice over one kind of channel."""

    async def send(self, params: P, notice: Notice) -> None:
        """Deliver it. Raise `Retry` for a passing fault; anything else raised is final for this delivery."""
        raise NotImplementedError
