"""Shapes of telling people: ways to do so, channels, and what was told over them."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time


class Notifier(TypedDict):
    """A way to tell people, that a plugin brings."""

    name: str
    title: str
    description: str
    params: Free
    """JSON Schema of what a channel of it needs to know."""
    secrets: list[str]
    """Params that are secrets: written into the channel, or ids of keys of the project."""


class LastNotice(TypedDict):
    """How the last notice of a channel fared."""

    state: Literal["waiting", "sending", "sent", "failed", "skipped"]
    event: str
    error: str
    created: Time
    settled: Time | None


class Channel(TypedDict):
    """A place where people are told what happens."""

    id: int
    project_id: int | None
    """Null for the whole hub."""
    name: str
    notifier: str
    params: Free
    secrets: list[str]
    """Secrets that the channel holds itself; what they are is never told."""
    events: list[str]
    template_ids: list[int] | None
    """Null for all of them."""
    active: bool
    created: Time
    last: LastNotice | None
    """Null while nothing was told over it."""


class ChannelNotice(TypedDict):
    """One notice of a channel."""

    id: int
    channel_id: int
    event: str
    task_id: int | None
    sentence: str
    state: Literal["waiting", "sending", "sent", "failed", "skipped"]
    attempts: int
    error: str
    """Why the last attempt failed."""
    due: Time | None
    """When it is tried next; null once it is settled."""
    created: Time
    settled: Time | None
