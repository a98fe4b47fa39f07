"""What plugins add to pages and to the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.plugin.params import Params


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


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """Who looks at a screen, or sends its form."""

    actor: ActorView
    project: ProjectView | None = None
    """The project of the address, for screens that are there once for each."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What stands behind the `?` of the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A page in the frame of the hub, at `/x/<plugin>/<path>`: what `render` returns, a form, or both."""

    title: str
    path: str = ""
    """Small letters, digits, `-`, `_` and `/`; empty for the first page of the plugin."""
    about: str = ""
    """One line below the title."""
    per_project: bool = False
    """True puts it at `/x/<plugin>/project/<id>/<path>`, for the members of that project."""
    admin: bool = False
    """True lets administrators in alone; such a screen is linked on the page of plugins."""
    needs: int = 4
    """Rights in the project that sending the form takes, in the wire's bits: 4 is to manage resources. Outside of a
    project, 0 lets everybody who has signed in send it, anything else administrators alone. Others may look."""
    render: Callable[[ScreenRequest], Awaitable[str]] | None = None
    """Returns safe HTML (markupsafe escapes values for you)."""
    form: type[Params] | None = None
    """Drawn, checked and kept apart when two people edit it, all by the hub. `Key` fields do not fit here."""
    load: Callable[[ScreenRequest], Awaitable[Params | None]] | None = None
    """Returns what the form shows; None for the declared defaults."""
    save: Callable[[ScreenRequest, Any], Awaitable[str | None]] | None = None
    """Gets the checked params; returns a sentence for the person. Raise `PluginError` to refuse."""
