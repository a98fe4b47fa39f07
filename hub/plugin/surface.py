"""What plugins add to pages and to the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ActorView:
    """Who is looking at a page."""

    user_id: int | None
    username: str
    admin: bool


@dataclass(frozen=True, slots=True)
class ProjectView:
    """The project of a page."""

    id: int
    name: str
    permissions: int
    """The wire's bits: 1 run tasks, 2 update project, 4 manage resources, 8 manage users."""


@dataclass(frozen=True, slots=True)
class NavItem:
    """A link in the navigation. `path` is relative to the plugin's own pages at `/x/<plugin>`."""

    title: str
    path: str = ""
    icon: str = "puzzle"


@dataclass(frozen=True, slots=True)
class PanelRequest:
    """Where a panel is about to be shown."""

    slot: str
    actor: ActorView
    project: ProjectView | None = None
    ids: Mapping[str, int] = field(default_factory=dict)
    """Ids of the page, such as `task_id` and `template_id`."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A box on a page of the hub. `render` returns safe HTML (markupsafe escapes values for you)."""

    title: str
    render: Callable[[PanelRequest], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line verb, reached as `hub x <plugin> <name>`."""

    name: str
    help: str
    run: Callable[[list[str]], int]
    """Gets the remaining arguments and returns the exit code."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages and API routes of a plugin, mounted at `/x/<plugin>` for signed-in people."""

    blueprint: Any
    """A Quart blueprint."""
    public: bool = False
    """True lets everybody in, for webhooks that check their callers themselves."""
