"""Every route declares who may call it, and keeps to that: without credentials, for strangers, and role by role."""

from __future__ import annotations

import re

import pytest

from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access, Route
from hub.web.pages import PAGES, Who

load_routes()

PUBLIC = {("GET", "/ping"), ("GET", "/auth/login"), ("POST", "/auth/login"), ("POST", "/auth/logout"),
          ("POST", "/auth/verify"), ("POST", "/auth/recovery"), ("POST", "/internal/runners"),
          ("GET", "/openapi.json"),
          ("GET", "/auth/oidc/{provider}/login"), ("GET", "/auth/oidc/{provider}/redirect"),
          ("GET", "/auth/oidc/{provider}/redirect/{redirect_path}"),
          *((method, "/integrations/{alias}") for method in ("GET", "POST", "OPTIONS")),
          *((method, "/terraform/{alias}") for method in ("GET", "POST", "DELETE", "LOCK", "UNLOCK"))}  # fmt: skip
"""Each of them was looked at: what it tells, and what it changes."""

ANYBODY_PAGES = {"/auth/login", "/auth/verify", "/preferences", "/api/docs", "/api/docs/<name>"}

RUNS = {
    ("POST", "/project/{project_id}/tasks"),
    ("POST", "/project/{project_id}/templates/{template_id}/drift"),
    ("POST", "/project/{project_id}/templates/{template_id}/hosts"),
    ("POST", "/project/{project_id}/templates/{template_id}/preview"),
    ("POST", "/project/{project_id}/templates/run"),
    ("POST", "/project/{project_id}/inventory/{inventory_id}/hosts"),
    ("POST", "/project/{project_id}/tasks/{task_id}/stop"),
    ("POST", "/project/{project_id}/tasks/{task_id}/confirm"),
    ("POST", "/project/{project_id}/tasks/{task_id}/reject"),
    ("POST", "/project/{project_id}/tasks/{task_id}/rerun_failed"),
    ("POST", "/project/{project_id}/tasks/{task_id}/rerun"),
}
OWNERS = {
    ("PUT", "/project/{project_id}"),
    ("DELETE", "/project/{project_id}"),
    ("POST", "/project/{project_id}/users"),
    ("PUT", "/project/{project_id}/users/{user_id}"),
    ("DELETE", "/project/{project_id}/users/{user_id}"),
    ("POST", "/project/{project_id}/roles"),
    ("PUT", "/project/{project_id}/roles/{slug}"),
    ("POST", "/project/{project_id}/roles/{slug}"),
    ("DELETE", "/project/{project_id}/roles/{slug}"),
    ("POST", "/project/{project_id}/invites"),
    ("PUT", "/project/{project_id}/invites/{invite_id}"),
    ("DELETE", "/project/{project_id}/invites/{invite_id}"),
}
EVERYBODY = {
    ("DELETE", "/project/{project_id}/me"),
    ("PUT", "/project/{project_id}/templates/{template_id}/star"),
    ("DELETE", "/project/{project_id}/templates/{template_id}/star"),
}
"""Writes that need no bit: leaving a project, and keeping a template at the top of one's own lists."""

_PART = re.compile(r"\{(\w+)\}")


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(path: str, ids: dict[str, int]) -> str:
    return "/api" + _PART.sub(lambda part: str(ids.get(part[1], 999_999)), path)


def every(*kinds: Access) -> list[Route]:
    return [route for route in ROUTES.all if not kinds or route.access in kinds]


def test_only_known_routes_are_public():
    assert {(route.method, route.path) for route in every(Access.PUBLIC, Access.SESSION)} <= PUBLIC


def test_every_route_below_a_project_is_for_its_members():
    below = [route for route in ROUTES.all if route.path.startswith("/project/")]
    assert below
    assert {route.access for route in below} == {Access.MEMBER}


def test_only_known_pages_are_for_anybody(app):
    assert {page.rule for page in PAGES if page.who is Who.ANYBODY} <= ANYBODY_PAGES
    for page in PAGES:
        if "project_id" in page.rule:
            assert page.who is Who.MEMBER, page.rule


def _converted(part):
    return f"<path:{part[1]}>" if part[1].endswith("_path") else f"<{part[1]}>"


def test_every_address_of_the_application_stands_in_a_table(app):
    """So that nothing is served past the tables: files of ours and the two live routes are all there is besides."""
    known = {f"/api{_PART.sub(_converted, route.path)}" for route in ROUTES.all}
    known |= {page.rule for page in PAGES}
    known |= {"/static/<path:filename>", "/assets/<path:name>", "/api/ws",
              "/api/project/<project_id>/tasks/<task_id>/stream"}  # fmt: skip
    assert {rule.rule for rule in app.url_map.iter_rules()} - known == set()


async def test_without_credentials_nothing_answers(people, mine):
    wrong = {}
    for route in ROUTES.all:
        if route.access is Access.PUBLIC:
            continue
        for method in {route.method, "HEAD" if route.method == "GET" else route.method}:
            reply = await people.nobody().call(method, filled(route.path, mine.ids()), {})
            if reply.status != 401 or b"mine" in reply.data:
                wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


@pytest.mark.parametrize("credential", ["Bearer x", "Bearer ", "Bearer", "Basic YWRtaW46Y2hhbmdlbWU=", "bearer null"])
async def test_false_credentials_are_as_good_as_none(people, mine, credential):
    reply = await people.nobody().call("GET", f"/api/project/{mine.project}/keys", Authorization=credential)
    assert reply.status == 401
    reply = await people.nobody().call("GET", f"/api/project/{mine.project}/keys", Cookie="semaphore=x")
    assert reply.status == 401


async def test_pages_send_nobody_to_the_login(people, mine, app):
    ids = {name: str(value) for name, value in mine.ids().items()}
    for page in PAGES:
        if page.who is Who.ANYBODY:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: ids.get(part[1], "1"), page.rule)
        for method in page.methods:
            reply = await people.nobody().call(method, path)
            assert (reply.status, reply.headers["Location"].partition("?")[0]) == (303, "/auth/login"), (method, path)


async def test_a_live_stream_needs_credentials_and_membership(people, mine):
    path = f"/api/project/{mine.project}/tasks/{mine.task}/stream"
    assert (await people.nobody().call("GET", path)).status == 401
    assert (await (await people.somebody("stranger")).call("GET", path)).status == 404


async def test_strangers_learn_nothing_of_a_project(people, mine):
    """A project of others answers word for word like one that does not exist."""
    stranger = await people.somebody("stranger")
    body = {"name": "x", "template_id": mine.template}
    wrong = {}
    for route in every(Access.MEMBER):
        reply = await stranger.call(route.method, filled(route.path, mine.ids()), body)
        missing = await stranger.call(route.method, filled(route.path, mine.ids() | {"project_id": 4711}), body)
        if reply.status != 404 or (reply.status, reply.data) != (missing.status, missing.data):
            wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


async def test_routes_for_administrators_refuse_owners(people, mine):
    owner = await people.somebody("owner", (mine.project, "owner"))
    found = {}
    for route in every(Access.ADMIN):
        found[name_of(route)] = (await owner.call(route.method, filled(route.path, mine.ids()), {})).status
    assert set(found.values()) == {403}, found


def allowed(route: Route, role: str) -> bool:
    key = (route.method, route.path)
    return key in EVERYBODY or (key in RUNS and role != "guest") or (role == "manager" and key not in OWNERS)


@pytest.mark.parametrize("role", ["guest", "task_runner", "manager"])
async def test_writes_ask_for_the_bits_of_a_role(role, people, mine):
    """A role without the bit is refused before anything is looked at; a new write counts as one for managers."""
    caller = await people.somebody(role, (mine.project, role))
    body = {"name": "x", "template_id": mine.template, "user_id": 1, "role": "owner"}
    wrong = {}
    for route in every(Access.MEMBER):
        if route.method != "GET" and not allowed(route, role):
            reply = await caller.call(route.method, filled(route.path, mine.ids()), body)
            if reply.status != 403:
                wrong[name_of(route)] = (reply.status, reply.data)
    assert wrong == {}


ODD = (
    "/api/project/{0}/keys.", "/api//project/{0}/keys", "/api/project//{0}/keys", "/api/project/{0}/keys/x/y/z",
    "/api/project/{0}/keys%2f", "/api/project/{0}%2fkeys%00", "/api/project/{0}/keys;/", "//api/project/{0}/keys",
    "/api/./project/{0}/keys", "/api/x/../project/{0}/keys", "/api/project/{0}/keys.json", "/api/user/configs/login",
    "/api/project/{0}/keys%20", "/api/ping/../user", "/api/auth/login/../../user", "/api/nothing", "/api/",
    "/api/project/{0}/KEYS", "/api/auth/login/user",
)  # fmt: skip
SUFFIXES = ("/", "?x=/ping", "#/ping", ";/ping", "/ping", "%2fping", "/auth/login", ".", "/.", "%00", "%0d%0a")


async def test_odd_paths_let_nobody_in_and_tell_nothing(people, mine):
    """As when a filter looks at one end of the path only."""
    for path in [*ODD, *(f"/api/project/{{0}}/keys{suffix}" for suffix in SUFFIXES)]:
        reply = await people.nobody().call("GET", path.format(mine.project))
        assert reply.status in {401, 404}, path
        assert b"mine" not in reply.data
        if reply.status == 404 and path.startswith("/api/"):
            assert reply.headers["Content-Type"].startswith("text/plain"), path


async def test_a_wrong_method_is_not_found_without_credentials(people, mine, admin):
    for caller in (people.nobody(), admin):
        for method, path in [("PATCH", "/api/user"), ("DELETE", "/api/ping"), ("OPTIONS", "/api/projects"),
                             ("PUT", "/api/auth/login"), ("TRACE", "/api/user")]:  # fmt: skip
            reply = await caller.call(method, path)
            assert (reply.status, reply.data) == (404, b"Not Found\n"), (method, path)


async def test_what_is_public_tells_nothing_of_the_hub(people, hub):
    from hub import __version__

    reply = await people.nobody().get("/ping")
    assert reply.data == b"pong"
    for path in ("/ping", "/auth/login", "/nothing"):
        reply = await people.nobody().get(path)
        shown = reply.data.decode() + repr(sorted(reply.headers.items()))
        assert __version__ not in shown
        assert str(hub.settings.data_dir) not in shown
        assert "hypercorn" not in shown.lower()


async def test_a_method_override_is_not_believed(people, mine):
    guest = await people.somebody("guest", (mine.project, "guest"))
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        reply = await guest.call("GET", f"/api/project/{mine.project}/keys/{mine.key}", **{header: "DELETE"})
        assert reply.status == 200
    owner = await people.somebody("owner", (mine.project, "owner"))
    assert (await owner.get(f"/project/{mine.project}/keys/{mine.key}")).status == 200


async def test_identity_headers_of_a_proxy_are_not_believed(people, mine):
    for header in ("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Original-URL", "X-Rewrite-URL"):
        reply = await people.nobody().call("GET", f"/api/project/{mine.project}/keys", **{header: "admin"})
        assert reply.status == 401
