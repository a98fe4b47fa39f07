"""Carrying task ids from those who decide to those who run. The database decides; a lost message costs a sweep.

Only a lane's name and an integer cross. Two twins pass the same tests: `memory` inside one process, `arq` over Redis.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

TASKS = "tasks"
"""Lane of tasks that want no particular worker; `tasks:<tag>` is that of a tag."""

QUESTIONS = "questions"
"""Lane of questions that only a worker may answer, such as the branches of a repository."""

Work = Callable[[str, int], Awaitable[None]]
"""Called with the lane and the number of each message."""


class Gate:
    """Lets a `serve` take messages, or not; what it took before goes on."""

    def __init__(self) -> None:
        self._shut = False
        self._told: list[Callable[[], None]] = []

    @property
    def shut(self) -> bool:
        """True while nothing may be taken."""
        return self._shut

    def open(self) -> None:
        """Let messages be taken again."""
        self._shut = False
        for told in self._told:
            told()

    def close(self) -> None:
        """Take nothing more."""
        self._shut = True

    def tell(self, opened: Callable[[], None]) -> None:
        """Have `opened` called whenever messages may be taken again."""
        self._told.append(opened)


class Queue(Protocol):
    """Sends numbers on named lanes; each message reaches at least one server of its lane."""

    async def send(self, lane: str, number: int) -> None:
        """Hand over `number`. Raises `Unavailable` when the carrier does not answer; the sweep sends again."""
        ...

    async def serve(self, lanes: Sequence[str], work: Work, *, slots: int, gate: Gate | None = None) -> None:
        """Call `work` for each message of these lanes, at most `slots` at once, until cancelled.

        Nothing is taken while the gate is shut.

        A cancelled `serve` takes nothing new and returns when the calls under way have ended. An error raised by `work`
        is logged and the message is gone. A carrier that goes away is waited for.
        """
        ...

    async def ping(self) -> None:
        """Return when the carrier answers. Raises `Unavailable` when it does not."""
        ...

    async def forgot(self) -> bool:
        """Whether the carrier has lost what it held since this was last asked here. Raises `Unavailable`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
