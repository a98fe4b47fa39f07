"""Following a task: reads the hub's events line by line, and knows where to go on when the connection breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from hub.client.asks import Answer, Ask, Failure, as_text, checked, path
from hub.client.errors import Unreachable

if TYPE_CHECKING:
    from hub import shapes


@dataclass(frozen=True, slots=True)
class Output:
    """A piece of the log: whole lines."""

    first: int
    """Number of its first line."""
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """Where the task stands now."""

    task: shapes.TaskState


Event: TypeAlias = Output | State

_MOST_FAILURES = 5


@dataclass(slots=True)
class Following:
    """One task that is followed. Fed with lines of the stream, it gives events."""

    project_id: int
    task_id: int
    line: int = 0
    """Line to go on with."""
    over: bool = False
    failures: int = 0
    """Connections in a row that brought nothing."""
    _kind: str = ""
    _data: list[str] = field(default_factory=list)

    def ask(self) -> Ask[str]:
        """Return the request that opens the stream where the last one ended."""
        where = path("project", self.project_id, "tasks", self.task_id, "stream")
        self._kind, self._data = "", []
        return Ask("GET", where, as_text, query={"from": self.line})

    def feed(self, line: str) -> Iterator[Event]:
        """Take one line of the stream."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif not line and self._data:
            yield from self._event(self._kind, json.loads("\n".join(self._data)))
            self._kind, self._data = "", []

    def broken(self, came: Answer | Failure | None = None) -> float:
        """Return how long to wait before the stream is opened again. Raises what cannot be mended."""
        if self.over:
            return 0.0
        self.failures += 1
        if isinstance(came, Answer) and (came.status < 500 or self.failures > _MOST_FAILURES):
            checked(came)
            raise Unreachable("What answers at this address gives no events. Is it a hub?")
        if self.failures > _MOST_FAILURES:
            raise Unreachable(came.sentence if isinstance(came, Failure) else "The connection breaks again and again.")
        return 0.25 * 2.0 ** min(self.failures, 4)

    def _event(self, kind: str, data: Any) -> Iterator[Event]:
        self.failures = 0
        if kind == "lines":
            text = str(data["text"])
            self.line = int(data["first"]) + text.count("\n") + (not text.endswith("\n"))
            yield Output(int(data["first"]), text)
        elif kind == "state":
            yield State(data)
        elif kind == "end":
            self.over = True
