"""The outbox: a row for each channel that is to be told, written in the unit that makes the news true.

What is committed is delivered, whatever ends in between; what is rolled back is told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from hub.context import Hub
from hub.db import execute, on_commit
from hub.services.notices.listeners import Listener

DUE: Final = "notices/due"
"""Bell topic of notices that are to be delivered."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened, in facts and in one sentence. Nothing in it is secret."""

    event: str
    sentence: str
    project_id: int | None = None
    project_name: str = ""
    task_id: int | None = None
    template_name: str = ""
    status: str = ""
    author: str = ""
    version: str = ""
    message: str = ""
    path: str = ""
    """Of the page that shows more."""
    facts: Mapping[str, Any] = field(default_factory=dict)


async def put(hub: Hub, listeners: Iterable[Listener], news: News) -> None:
    """Write it for each of these channels, in the unit under way."""
    told, now = asdict(news), hub.clock()
    for one in listeners:
        await execute(_PUT, [one.id, news.event, news.task_id, told, "waiting", 0, now, "", now])

    async def ring() -> None:
        await hub.bell.ring(DUE)

    await on_commit(ring)


_PUT = """
    INSERT INTO "notification"
        ("channel_id", "event", "task_id", "notice", "state", "attempts", "due", "error", "created")
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
