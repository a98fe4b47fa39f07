"""Every request to a service: to an address that was checked, bounded in time and size, and led nowhere else.

What goes wrong is told in sentences that name the service and its server alone: the rest of an address may be a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LARGEST: Final = 64 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: JSON, unless `body` says otherwise."""

    service: str
    """How people call the service."""
    url: str = field(repr=False)
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"
    body: bytes | None = None
    inside: bool = False

    def encoded(self) -> bytes:
        """Return the body."""
        return self.body if self.body is not None else json.dumps(self.content).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said when it took the message."""

    status: int
    body: bytes

    def members(self) -> Mapping[str, Any]:
        """Return the JSON object that it is; an empty one for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


async def send(message: Message) -> Answer:
    """Send it. Raises `Retry` and `NotReady` for what passes, `PluginError` for what does not."""
    from hub_notifiers import exchange  # noqa: PLC0415 - httpx takes 5 MB, which a hub without channels needs not

    return await exchange.send(message)
