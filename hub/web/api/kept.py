"""Keeps answers for as long as nothing at all is written to the database.

An answer is given again only while the database tells that no commit of any process lies between the moment before it
was read and now, and only to the very same caller, whom each request looks up anew. So it is what reading again would
give. Databases that cannot tell, and requests inside a unit of work, keep nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

from hub.db import version

STEADY: Final = frozenset({
    "/user",
    "/projects",
    "/project/{project_id}",
    "/project/{project_id}/role",
    "/project/{project_id}/templates",
    "/project/{project_id}/views",
    "/project/{project_id}/tasks",
    "/project/{project_id}/tasks/last",
    "/project/{project_id}/events",
    "/project/{project_id}/events/last",
    "/events",
    "/events/last",
})  # fmt: skip
"""Reads that follow from the database, the caller and the address of the request alone: never from the time."""

MOST: Final = 4 * 1024 * 1024
"""Bytes of answers that are kept; those that were not asked for the longest go first."""

LONGEST: Final = 1024
"""Bytes of the longest query whose answers are kept; pages and links hold it, too."""

_BESIDE: Final = 8192
"""Bytes that an answer takes beside its body, at most about."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A whole answer, as it is sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Kept:
    """The answers of one application."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._answers: OrderedDict[Hashable, tuple[str, Sent]] = OrderedDict()

    async def answer(self, key: Hashable, read: Callable[[], Awaitable[Sent]]) -> Sent:
        """Return the answer for `key`: the one that is kept if it still holds, else a fresh one."""
        before = version()
        if before is None:
            return await read()
        known = self._answers.get(key)
        if known is not None and known[0] == before:
            self._answers.move_to_end(key)
            return known[1]
        sent = await read()
        if sent.status == 200:  # of what was written since `before` this may know; then it is never given again
            self._keep(key, before, sent)
        return sent

    def _keep(self, key: Hashable, at: str, sent: Sent) -> None:
        self._drop(key)
        if len(sent.body) > self._most // 4:
            return
        self._answers[key] = (at, sent)
        self._size += len(sent.body) + _BESIDE
        while self._size > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        known = self._answers.pop(key, None)
        if known is not None:
            self._size -= len(known[1].body) + _BESIDE
