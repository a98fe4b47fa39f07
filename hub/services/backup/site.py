"""The project that a document is put into, while that is under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.services.actor import Actor
from hub.services.backup.opened import Opened


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one thing: `added`, `changed`, `same`, or `kept` where the document does not name it."""

    kind: str
    name: str
    state: str

    def shape(self) -> dict[str, Any]:
        """Return it in the API's shape."""
        return {"kind": self.kind, "name": self.name, "state": self.state}


@dataclass(slots=True)
class Site:
    """Where things go, and what is known so far."""

    hub: Hub
    actor: Actor
    project_id: int
    opened: Opened
    ids: dict[str, dict[str, int]]
    """Ids by kind and name: of what was there, and of what has been made."""
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    path: str = ""
    number: int = 0
    refreshed: bool = False
    """Whether the entry under way brought another secret."""

    def id(self, kind: str, name: str | None) -> int | None:
        """Return the id behind a name; None for none."""
        return self.ids[kind].get(name) if name else None

    def warn(self, sentence: str) -> None:
        """Note what people have to know."""
        self.warnings.append(sentence)

    def lacks(self, what: str) -> None:
        """Note a secret that has to be entered."""
        self.missing.append(what)

    @property
    def at(self) -> tuple[Hub, Actor, int]:
        """What most services take first."""
        return self.hub, self.actor, self.project_id
