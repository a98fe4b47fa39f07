"""Routes of the JSON API: each declares who may call it, in one line above it.

    @route("GET", "/project/{project_id}/keys", Access.MEMBER, gives=list[shapes.Key])
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
from typing_extensions import Unpack

from hub.context import Hub
from hub.errors import Forbidden, NotFound
from hub.services.access import MANAGE_RESOURCES, MANAGE_USERS, RUN_TASKS, SCOPES, UPDATE_PROJECT
from hub.services.actor import Actor
from hub.web.api.about import About

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
    address: str = ""
    """Path of the request, as the client knows it."""
    strict: bool = False
    """The client prefers a refusal where the wire ignores what it does not know."""


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
    declared: int | None = None
    """Bits that the service asks for, where they are others than `needs` takes for granted."""
    about: About = field(default_factory=About)

    @property
    def needs(self) -> int:
        """Bits that a member of the project needs: those declared, else none to read, and to manage for the rest."""
        if self.access is not Access.MEMBER:
            return 0
        if self.declared is not None:
            return self.declared
        return _USUAL.get((self.method, self.path), 0 if self.method == "GET" else MANAGE_RESOURCES)

    @property
    def scope(self) -> str:
        """The scope that a limited token needs; empty where nobody is asked for one."""
        if self.access in {Access.PUBLIC, Access.SESSION}:
            return ""
        if self.access is Access.ADMIN:
            return "admin"
        if self.method == "GET":
            return "read" if not self.needs else "manage"
        if self.access is Access.MEMBER:
            return "run" if self.needs == RUN_TASKS else "manage"
        return "manage" if self.path.startswith("/projects") else "admin"


_USUAL = {
    ("POST", "/project/{project_id}/tasks"): RUN_TASKS,
    ("POST", "/project/{project_id}/tasks/{task_id}/stop"): RUN_TASKS,
    ("POST", "/project/{project_id}/tasks/{task_id}/confirm"): RUN_TASKS,
    ("POST", "/project/{project_id}/tasks/{task_id}/reject"): RUN_TASKS,
    ("PUT", "/project/{project_id}"): UPDATE_PROJECT,
    ("DELETE", "/project/{project_id}"): UPDATE_PROJECT,
    ("DELETE", "/project/{project_id}/me"): 0,
    ("POST", "/project/{project_id}/users"): MANAGE_USERS,
    ("PUT", "/project/{project_id}/users/{user_id}"): MANAGE_USERS,
    ("DELETE", "/project/{project_id}/users/{user_id}"): MANAGE_USERS,
    ("GET", "/project/{project_id}/invites"): MANAGE_USERS,
    ("GET", "/project/{project_id}/invites/{invite_id}"): MANAGE_USERS,
    ("GET", "/project/{project_id}/backup"): MANAGE_RESOURCES,
    ("POST", "/project/{project_id}/invites"): MANAGE_USERS,
    ("PUT", "/project/{project_id}/invites/{invite_id}"): MANAGE_USERS,
    ("DELETE", "/project/{project_id}/invites/{invite_id}"): MANAGE_USERS,
}
"""The wire's exceptions from its rule that every write below a project needs the bit to manage its resources."""

OUTSIDE = frozenset({("GET", "/user"), ("GET", "/info"), ("GET", "/apps"), ("GET", "/projects")})
"""What a token of one project may read beside that project: who it is, what the hub is, and the project itself."""


def check_token(actor: Actor, one: Route, project_id: int | None) -> None:
    """Refuse what is beyond the scopes and the project of a token; services ask again for what lies in a project."""
    if not actor.limited or not one.scope:
        return
    if actor.project_id is not None and project_id is None and (one.method, one.path) not in OUTSIDE:
        raise Forbidden("This token is for one project only.")
    if actor.project_id is not None and project_id not in {None, actor.project_id}:
        raise NotFound("There is no such project, or you are not a member of it.")
    scopes = actor.scopes if actor.scopes is not None else SCOPES.keys()
    if one.scope != "read" and one.scope not in scopes and "admin" not in scopes:
        raise Forbidden(f"This token does not have the scope {one.scope}.")


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
    method: str,
    path: str,
    access: Access,
    *,
    body: bool | None = None,
    wire: bool = True,
    needs: int | None = None,
    **about: Unpack[About],
) -> Callable[[View], View]:
    """Declare a view. POST and PUT need a JSON body unless `body` says otherwise; GET answers HEAD too.

    `needs` names the bits of a member that the service asks for, where they are not the usual ones. What else there is
    describes the route: `takes` the draft of its body, `gives` the shape of its answer.
    """

    def declare(view: View) -> View:
        with_body = method in {"POST", "PUT"} if body is None else body
        ROUTES.add(Route(method, path, access, view, with_body, wire, needs, about))
        return view

    return declare
