"""Waking those who wait. A bell carries no data: who hears it reads the database.

Topics are paths: `task/<project>/<task>`, `stop/<task>`, `queue`. A listener names prefixes and is told which topics
under them rang since it last asked; many rings of one topic become one. Prefixes are whole parts of a path: `task/1`
covers `task/1` and `task/1/7`, not `task/12`. Who lets more than 10,000 topics gather is told the prefixes instead. Two
twins pass the same tests.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Ears(Protocol):
    """One listener."""

    async def wait(self, timeout: float | None = None) -> set[str]:  # noqa: ASYNC109 - coalescing wait, not a deadline
        """Return the topics that rang since the last call; empty after `timeout` seconds of silence.

        A carrier that was lost and found again counts as a ring of every prefix listened to (the prefix itself is in
        the answer), so that nobody misses what was rung meanwhile.
        """
        ...


class Bell(Protocol):
    """Rings topics and listens to prefixes of topics."""

    async def ring(self, topic: str) -> None:
        """Wake everybody who listens to a prefix of `topic`. Never raises: a lost ring costs a poll interval."""
        ...

    def listen(self, *prefixes: str) -> AbstractAsyncContextManager[Ears]:
        """Listen while the context is open. Once entered, no later ring is missed."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
