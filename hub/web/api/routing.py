"""Routes of the JSON API: each declares who may call it, in one line above it.

    @route("GET", "/project/{project_id}/keys", Access.MEMBER)
    async def list_keys(call: Call) -> Answer:
        return await keys.list_keys(call.hub, call.actor, call.ids["project_id"], ...)

What a view returns becomes the answer: a dict or list is JSON with 200, `Made(value)` is 201, None is 204 without
body, a Quart `Response` goes as it is. Permission itself is checked by the services; `Access` says who may come that
far, and a
test walks the table so that no route goes without.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from quart import Response

from hub.context import Hub
from hub.services.actor import Actor

PREFIX = "/api"


class Access(enum.Enum):
    """Who may come as far as the service."""

    PUBLIC = "public"
    """Everybody; the view itself knows why."""
    SESSION = "session"
    """A session that may still owe its second factor."""
    USER = "user"
    """Everybody who is signed in, or has a token."""
    MEMBER = "member"
    """Members of the project in the path; the service asks for the bits."""
    ADMIN = "admin"
    """Administrators."""
    RUNNER = "runner"
    """Runners, by their own token."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, parsed."""

    hub: Hub
    actor: Actor
    """Who asks; for public routes an actor of kind `nobody`."""
    ids: Mapping[str, int]
    """Whole-number parts of the path."""
    texts: Mapping[str, str]
    """Other parts of the path."""
    query: Mapping[str, str]
    body: Any = None
    """Decoded JSON body; None when there was none and the route needs none."""


@dataclass(frozen=True, slots=True)
class Made:
    """Answer 201 with this value."""

    value: Any


Answer = Response | Made | dict[str, Any] | list[Any] | None
View = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the table."""

    method: str
    path: str
    access: Access
    view: View
    needs_body: bool
    """Refuse a missing or malformed JSON body with 400."""
    wire: bool = True
    """False for what is ours, beside the wire's contract."""


@dataclass(slots=True)
class Routes:
    """The table; every module of `hub.web.api` adds to the one in this file."""

    all: list[Route] = field(default_factory=list)

    def add(self, route: Route) -> None:
        """Add a route; two for the same method and path are a mistake of ours."""
        if any((one.method, one.path) == (route.method, route.path) for one in self.all):
            raise AssertionError(f"{route.method} {route.path} is declared twice")
        self.all.append(route)


ROUTES = Routes()


def route(
    method: str, path: str, access: Access, *, body: bool | None = None, wire: bool = True
) -> Callable[[View], View]:
    """Declare a view. POST and PUT need a JSON body unless `body` says otherwise; GET answers HEAD too."""

    def declare(view: View) -> View:
        needs = method in {"POST", "PUT"} if body is None else body
        ROUTES.add(Route(method, path, access, view, needs, wire))
        return view

    return declare
