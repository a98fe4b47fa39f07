"""Pages of other sites: they cannot use the cookie of somebody who is signed in, nor read what the hub answers."""

from __future__ import annotations

import pytest
from quart.testing.connections import WebsocketResponseError

from hub.models import Project, Session
from hub.testing.booted import PASSWORD, administrator, booted
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Access
from hub.web.app import make_app

from .people import Caller, People

load_routes()

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost.evil.example"},
    {"Origin": "https://evil.example/localhost"},
    {"Origin": "file://"},
    {"Origin": ""},
    {"Origin": "http://[half"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]
OWN = [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]


@pytest.fixture
async def signed_in(people) -> Caller:
    return await people.with_session(await administrator())


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_site_changes_nothing_with_the_cookie(signed_in, headers, mine):
    before = await Project.all().count()
    for method, path in [
        ("POST", "/api/projects"), ("PUT", f"/api/project/{mine.project}"), ("DELETE", f"/api/project/{mine.project}"),
        ("POST", "/api/user/tokens"), ("POST", "/api/users"),
    ]:  # fmt: skip
        reply = await signed_in.call(method, path, {"name": "evil"}, **headers)
        assert reply.status == 403, (method, path)
    assert await Project.all().count() == before
    assert (await Project.get(id=mine.project)).name == "mine"


async def test_no_write_of_the_table_forgets_to_look(signed_in, mine):
    for route in ROUTES.all:
        if route.method in {"GET", "HEAD"} or route.access in {Access.PUBLIC, Access.RUNNER}:  # they take no cookie
            continue
        path = route.path.replace("{", "").replace("}", "")
        for name, value in mine.ids().items():
            path = path.replace(name, str(value))
        reply = await signed_in.call(route.method, f"/api{path}", {}, Origin="https://evil.example")
        assert reply.status == 403, route


async def test_no_step_of_a_sign_in_can_be_taken_from_another_site(signed_in):
    for route in ROUTES.all:
        if route.path.startswith("/auth/") and route.method != "GET":
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                reply = await signed_in.call(route.method, f"/api{route.path}", {}, **headers)
                assert (reply.status, reply.headers.get("Set-Cookie")) == (403, None), route


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_our_own_pages_may(signed_in, headers):
    assert (await signed_in.call("POST", "/api/projects", {"name": "ours"}, **headers)).status == 201


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_site_signs_nobody_in_or_out(people, signed_in, headers):
    """In: as an account of the attacker's, to collect what is typed there. Out: to be a nuisance."""
    body = {"auth": "admin", "password": PASSWORD}
    reply = await people.nobody().call("POST", "/api/auth/login", body, **headers)
    assert (reply.status, reply.headers.get("Set-Cookie")) == (403, None)
    form = {"raw": f"username=admin&password={PASSWORD}", "Content_Type": "application/x-www-form-urlencoded"}
    reply = await people.nobody().call("POST", "/auth/login", **form, **headers)
    assert (reply.status, reply.headers.get("Set-Cookie")) == (403, None)
    reply = await signed_in.call("POST", "/api/auth/logout", **headers)
    assert (reply.status, reply.headers.get("Set-Cookie")) == (403, None)
    assert await Session.all().count() == 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_site_that_reads_as_json_changes_nothing(signed_in, kind):
    reply = await signed_in.call(
        "POST", "/api/projects", raw='{"name": "evil", "x": "="}', Content_Type=kind, Origin="https://evil.example"
    )
    assert reply.status == 403


async def test_a_form_of_a_page_needs_its_token(signed_in, mine):
    """Also from our own origin: a page of ours that shows foreign text must not be able to send it."""
    before = await Project.all().count()
    for raw in ("name=evil", "name=evil&csrf=", "name=evil&csrf=" + "0" * 64):
        reply = await signed_in.call("POST", "/projects/new", raw=raw, Content_Type="application/x-www-form-urlencoded")
        assert reply.status in {403, 404, 405}
    assert await Project.all().count() == before


async def test_every_page_that_is_sent_to_looks_for_its_token(signed_in, app, mine):
    from hub.web.pages import PAGES, Who

    values = {name: str(value) for name, value in mine.ids().items()}
    import re

    looked_at = 0
    for page in PAGES:
        if "POST" not in page.methods or page.who is Who.ANYBODY:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "1"), page.rule)
        reply = await signed_in.call("POST", path, raw="a=b", Content_Type="application/x-www-form-urlencoded")
        assert reply.status == 403, page.rule
        looked_at += 1
    assert looked_at > 5


async def test_no_answer_lets_other_sites_read_it(people, signed_in, mine):
    for origin in ("https://evil.example", "null", "http://localhost"):
        for method, path in [("GET", "/api/user"), ("GET", "/api/ping"), ("OPTIONS", "/api/user"),
                             ("GET", "/auth/login"), ("GET", f"/project/{mine.project}/templates"),
                             ("POST", "/api/auth/login"), ("GET", "/api/nothing")]:  # fmt: skip
            reply = await signed_in.call(
                method, path, Origin=origin, Access_Control_Request_Method="GET",
                Access_Control_Request_Headers="authorization",
            )  # fmt: skip
            assert not [name for name in reply.headers.keys() if name.lower().startswith("access-control")], path  # noqa: SIM118 - it iterates over pairs


async def test_every_answer_forbids_frames_sniffing_and_foreign_scripts(people, signed_in, mine):
    for caller, path in [(people.nobody(), "/auth/login"), (signed_in, f"/project/{mine.project}/templates"),
                         (people.nobody(), "/api/ping"), (signed_in, "/api/user"), (signed_in, "/nothing"),
                         (signed_in, "/api/nothing"), (people.nobody(), "/projects")]:  # fmt: skip
        headers = (await caller.call("GET", path)).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "no-store" in headers["Cache-Control"], path


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)",
     "\\\\evil.example", "/%0d%0aSet-Cookie:x", "///evil"],
)  # fmt: skip
async def test_the_way_back_after_signing_in_leads_nowhere_else(people, address):
    from urllib.parse import quote

    raw = f"username=admin&password={PASSWORD}&return={quote(address)}"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    reply = await people.nobody().call("POST", "/auth/login", raw=raw, **form)
    assert reply.status == 303
    assert reply.headers["Location"] in {"/", "/%0d%0aSet-Cookie:x"}
    assert "evil" not in reply.headers["Location"]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_the_socket_refuses_pages_of_other_sites_w62(app, signed_in, headers):
    sent = signed_in.headers() | headers
    with pytest.raises(WebsocketResponseError) as refusal:
        async with app.test_client(use_cookies=False).websocket("/api/ws", headers=sent) as socket:
            await socket.receive()
    assert refusal.value.response.status_code == 403


async def test_a_socket_to_nowhere_is_not_found(app):
    for path in ("/api/nothing", "/nothing", "/api/ws/x", "/api/user"):
        with pytest.raises(WebsocketResponseError) as refusal:
            async with app.test_client(use_cookies=False).websocket(path) as socket:
                await socket.receive()
        assert refusal.value.response.status_code in {400, 404}, path


@pytest.mark.parametrize("query", ["token", "access_token", "bearer", "authorization", "semaphore"])
async def test_the_socket_takes_no_credential_from_its_address(app, people, query):
    token = (await people.with_token(await administrator())).token
    with pytest.raises(WebsocketResponseError) as refusal:
        async with app.test_client(use_cookies=False).websocket(f"/api/ws?{query}={token}") as socket:
            await socket.receive()
    assert refusal.value.response.status_code == 401


async def test_with_a_public_address_only_that_is_our_own(plugins):
    """Behind a proxy the page comes from the public address, whatever the proxy calls the hub."""
    async with booted(plugins=plugins, public_url="https://hub.example.org") as hub:
        caller = await People(hub, make_app(hub)).with_session(await administrator())
        fine = await caller.call("POST", "/api/projects", {"name": "a"}, Origin="https://hub.example.org")
        assert fine.status == 201
        for origin in ("http://hub.example.org", "https://hub.example.org:444", "https://example.org"):
            reply = await caller.call("POST", "/api/projects", {"name": "b"}, Origin=origin)
            assert reply.status == 403, origin
