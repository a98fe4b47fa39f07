"""Who asks."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from hub.plugin import ActorView

asked_from: Final[ContextVar[str]] = ContextVar("asked_from", default="")
"""Network address that the request under way came from; empty for what the hub does by itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a token, an integration, a schedule, or the hub itself. Carried from the edge into every verb."""

    kind: str
    """`user`, `token`, `integration`, `schedule` or `system`."""
    user_id: int | None = None
    username: str = ""
    name: str = ""
    admin: bool = False
    session_id: int | None = None
    token_id: int | None = None
    source_id: int | None = None
    """Id of the integration or schedule."""
    scopes: frozenset[str] | None = None
    """Of a token that may do less than its owner; None for all that the owner may."""
    project_id: int | None = None
    """The one project that a token is good for."""
    everywhere: bool = False
    """A token with scopes of an administrator: sees every project, and does there what its scopes let it."""

    @property
    def limited(self) -> bool:
        """True for a token that may do less than its owner."""
        return self.scopes is not None or self.project_id is not None

    @property
    def label(self) -> str:
        """How records name it."""
        if self.kind == "user":
            return self.username
        if self.kind == "token":
            return f"{self.username} (token)"
        return self.kind if self.source_id is None else f"{self.kind} {self.source_id}"

    def view(self) -> ActorView:
        """What plugins may see of it."""
        return ActorView(user_id=self.user_id, username=self.username, admin=self.admin)


SYSTEM = Actor(kind="system", admin=True)
"""The hub itself: boot, sweep, retention and the command line on the hub's own machine."""
