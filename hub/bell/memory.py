"""The bell inside one process, which is also the part of the Redis bell that tells its own listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

LIMIT = 10_000
"""Topics that one listener holds before they collapse into its prefixes."""


class MemoryEars:
    """One listener of a `MemoryBell`."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self._prefixes = prefixes
        self._rang: set[str] = set()
        self._collapsed = False
        self._event = asyncio.Event()

    async def wait(self, timeout: float | None = None) -> set[str]:  # noqa: ASYNC109 - coalescing wait, not a deadline
        """Return the topics that rang since the last call; empty after `timeout` seconds of silence."""
        if not self._rang:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._event.wait()
        rang, self._rang = self._rang, set()
        self._collapsed = False
        self._event.clear()
        return rang

    def hear(self, topic: str) -> None:
        """Note that `topic` rang."""
        if self._collapsed:
            return
        self._rang.add(topic)
        if len(self._rang) > LIMIT:
            self.hear_prefixes()
        self._event.set()

    def hear_prefixes(self) -> None:
        """Note that anything may have rung. The prefixes say all that single topics would."""
        self._rang = set(self._prefixes)
        self._collapsed = True
        self._event.set()


class MemoryBell:
    """Rings and listens within one event loop."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[MemoryEars]] = {}

    async def ring(self, topic: str) -> None:
        """Wake everybody who listens to a prefix of `topic`."""
        self.sound(topic)

    def sound(self, topic: str) -> None:
        """Do what `ring` does, without awaiting."""
        for prefix in _prefixes_of(topic):
            for ears in self._listeners.get(prefix, ()):
                ears.hear(topic)

    def sound_everything(self) -> None:
        """Tell every listener its prefixes."""
        for listeners in self._listeners.values():
            for ears in listeners:
                ears.hear_prefixes()

    @asynccontextmanager
    async def listen(self, *prefixes: str) -> AsyncIterator[MemoryEars]:
        """Listen while the context is open."""
        if not prefixes:
            raise ValueError("A listener names at least one prefix.")
        ears = MemoryEars(prefixes)
        keys = {prefix.rstrip("/") for prefix in prefixes}
        for key in keys:
            self._listeners.setdefault(key, set()).add(ears)
        try:
            yield ears
        finally:
            for key in keys:
                self._listeners[key].discard(ears)
                if not self._listeners[key]:
                    del self._listeners[key]

    async def aclose(self) -> None:
        """Nothing is held open."""


def _prefixes_of(topic: str) -> Iterator[str]:
    """Yield every prefix of `topic`, so that a ring costs by its depth and not by the number of listeners."""
    yield ""
    end = topic.find("/")
    while end >= 0:
        yield topic[:end]
        end = topic.find("/", end + 1)
    yield topic
