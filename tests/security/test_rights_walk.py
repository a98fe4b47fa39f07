"""What every route declares about roles and scopes is what it does: the table is made of the declarations."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest

from hub.models import Membership, Role, Token, User
from hub.services import sessions
from hub.services.access import EVERYTHING, ROLES, SCOPES
from hub.services.actor import Actor
from hub.testing.booted import administrator
from hub.web.api import load_routes
from hub.web.api.routing import OUTSIDE, ROUTES, Access, Route

from .people import Caller, furnish

load_routes()

_PART = re.compile(r"\{(\w+)\}")
_numbers = count(1)

MEMBERS = [route for route in ROUTES.all if route.access is Access.MEMBER]
ENDING = {("DELETE", "/project/{project_id}"), ("DELETE", "/project/{project_id}/me")}
"""They take away what the other calls of a walk need."""
MAKING = {("POST", "/project/{project_id}/copy")}
"""They need the right to create projects besides, which is no bit of a role."""


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def nothing(route: Route, project_id: int) -> str:
    """The path of a thing that does not exist in the project, so that whoever is let through changes nothing."""
    return "/api" + _PART.sub(lambda part: str(project_id if part[1] == "project_id" else 999_999), route.path)


def test_every_route_declares_who_may_call_it_and_with_which_scope():
    assert ROUTES.all
    for route in ROUTES.all:
        assert isinstance(route.access, Access), name_of(route)
        assert 0 <= route.needs <= EVERYTHING, name_of(route)
        public = route.access in {Access.PUBLIC, Access.SESSION}
        assert (route.scope == "") if public else (route.scope in SCOPES), name_of(route)
        if route.access is Access.MEMBER and route.method != "GET":
            assert route.scope in {"run", "manage"}, name_of(route)
        assert ("{project_id}" in route.path) == (route.access is Access.MEMBER), name_of(route)


@pytest.mark.parametrize("role", [*ROLES, "auditor", "operator", "recruiter"])
async def test_a_role_may_call_what_its_bits_allow_and_nothing_else(role, people, mine):
    """Built-in and custom roles alike: refused with 403 exactly where a declared bit is missing."""
    custom = {"auditor": 0, "operator": 1 | 2, "recruiter": 8}
    if role in custom:
        await Role.create(slug=role, name=role, permissions=custom[role], project_id=mine.project)
    bits = ROLES.get(role, custom.get(role, 0))
    caller = await people.somebody(role, (mine.project, role))
    wrong = {}
    for route in MEMBERS:
        if (route.method, route.path) in ENDING and not route.needs & ~bits:
            continue
        reply = await caller.call(route.method, nothing(route, mine.project), {})
        refused = reply.status == 403
        if (route.method, route.path) in MAKING and b"Only an administrator may create" in reply.data:
            refused = False
        if refused != bool(route.needs & ~bits):
            wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_may_call_what_its_scope_allows_and_nothing_else(scope, hub, people, mine):
    """An administrator's token: what is beyond its scope is refused at the door, for every route."""
    actor = await administrator()
    draft = sessions.TokenDraft(scopes=[scope])
    caller = Caller(people.app, actor, token=(await sessions.create_token(hub, actor, draft))["id"])
    wrong = {}
    for route in ROUTES.all:
        if route.access is Access.RUNNER:
            continue  # knows the tokens of runners only
        enough = route.scope in {"", "read", scope} or scope == "admin"
        if enough and (route.method != "GET" or "ping" in route.path or route.path == "/info"):
            continue  # let through is shown role by role; here, who is let through would change the hub
        reply = await caller.call(route.method, nothing(route, mine.project), {})
        if (reply.status == 403 and b"This token does not have the scope" in reply.data) == enough:
            wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


async def test_a_token_of_one_project_works_there_and_nowhere_else(hub, people, mine, theirs):
    actor = await administrator()
    made = await sessions.create_token(hub, actor, sessions.TokenDraft(project_id=mine.project))
    caller = Caller(people.app, actor, token=made["id"])
    wrong = {}
    for route in ROUTES.all:
        if not route.scope or route.access is Access.RUNNER:
            continue
        reply = await caller.call(route.method, nothing(route, theirs.project), {})
        outside = (route.method, route.path) in OUTSIDE
        expected = {404} if route.access is Access.MEMBER else {200} if outside else {403}
        if reply.status not in expected:
            wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}
    assert [one["id"] for one in (await caller.get("/projects")).json] == [mine.project]
    assert (await caller.get(f"/project/{mine.project}/keys")).status == 200
    assert (await caller.get(f"/project/{theirs.project}")).status == 404


async def test_an_expired_token_opens_no_route(hub, people, mine):
    caller = await people.somebody("jane", (mine.project, "owner"))
    await Token.all().update(expires=hub.clock() - timedelta(seconds=1))
    for route in ROUTES.all:
        if route.scope:
            reply = await caller.call(route.method, nothing(route, mine.project), {})
            assert reply.status == 401, name_of(route)


async def test_a_member_of_another_project_reaches_no_route_of_this_one(people, mine, theirs):
    caller = await people.somebody("jane", (theirs.project, "owner"))
    wrong = {}
    for route in MEMBERS:
        reply = await caller.call(route.method, nothing(route, mine.project), {})
        if reply.status != 404:
            wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
async def test_leaving_and_deleting_a_project_keep_to_their_declarations(role, hub, people):
    bits = ROLES[role]
    for route in MEMBERS:
        if (route.method, route.path) not in ENDING:
            continue
        number = next(_numbers)
        things = await furnish(hub, f"p{number}")
        user = await User.create(created=hub.clock(), username=f"u{number}", name="U", email=f"u{number}@example.org")
        await Membership.create(project_id=things.project, user_id=user.id, role=role)
        caller = await people.with_token(Actor("user", user.id, user.username, user.name))
        reply = await caller.call(route.method, nothing(route, things.project), {})
        assert (reply.status == 403) == bool(route.needs & ~bits), (name_of(route), reply.data)
