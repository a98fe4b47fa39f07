"""What stands in front of the application: base path, compression, limits, names of requests, health."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import logging
import re
import zlib
from typing import Any

import pytest
from quart import Quart, Response, request

from hub.context import Hub
from hub.models import Session
from hub.testing.booted import PASSWORD, booted
from hub.web.app import make_app
from hub.web.front import front, limits
from hub.web.front.compress import SMALLEST

SIGN_IN = {"auth": "admin", "password": PASSWORD}


@pytest.fixture
async def based(plugins: Any) -> Any:
    """A hub below a path of its host."""
    async with booted(plugins=plugins, public_url="https://example.org/hub") as hub:
        yield hub


def small(hub: Hub, **settings: Any) -> Any:
    """An application of a few views, behind the real front."""
    app = Quart("small", static_folder=None)

    @app.get("/api/large")
    async def large() -> Response:
        response = Response(b'{"text": "' + b"many words " * 400 + b'"}', content_type="application/json")
        response.headers["ETag"] = '"one"'
        return response

    @app.get("/api/<kind>/<int:size>")
    async def sized(kind: str, size: int) -> Response:
        kinds = {"json": "application/json", "binary": "application/octet-stream", "events": "text/event-stream"}
        return Response(b"x" * size, content_type=kinds[kind])

    @app.get("/api/log")
    async def log() -> Response:
        async def pieces() -> Any:
            for number in range(3):
                yield f"line {number}\n".encode()

        return Response(pieces(), content_type="text/plain; charset=utf-8")

    @app.post("/<path:anything>")
    async def take(anything: str) -> Response:
        return Response(str(len(await request.get_data())))

    import dataclasses

    app.asgi_app = front(app.asgi_app, dataclasses.replace(hub, settings=hub.settings.model_copy(update=settings)))
    return app


async def raw(app: Any, *sent: dict[str, Any], method: str = "GET", path: str = "/", **headers: str) -> list[Any]:
    """Speak ASGI to an application; return its messages."""
    waiting, answers = list(sent) or [{"type": "http.request", "body": b"", "more_body": False}], []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("203.0.113.9", 1),
        "server": ("127.0.0.1", 3000), "extensions": {},
        "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await app(scope, receive, send)
    return answers


# Base path


async def test_a_request_below_the_base_path_and_one_without_it_find_the_same(based: Hub) -> None:
    client = make_app(based).test_client(use_cookies=False)
    for path in ("/hub/api/ping", "/api/ping", "/hub/auth/login", "/auth/login", "/healthz", "/hub/healthz"):
        assert (await client.get(path)).status_code == 200, path
    for path in ("/hubble/api/ping", "/hub/hub/api/ping", "/x/hub/api/ping"):
        assert (await client.get(path)).status_code in {401, 404, 303}, path


async def test_redirects_cookies_and_links_stay_below_the_base_path(based: Hub) -> None:
    client = make_app(based).test_client(use_cookies=False)
    for path in ("/hub/projects", "/projects", "/hub", "/hub/"):
        place = (await client.get(path)).headers["Location"]
        assert place.startswith("/hub/auth/login?return=/hub/"), (path, place)
    reply = await client.post("/hub/api/auth/login", json=SIGN_IN, headers={"Origin": "https://example.org"})
    cookie = reply.headers["Set-Cookie"]
    assert "Path=/hub" in cookie
    assert "Secure" in cookie
    page = await (await client.get("/hub/auth/login")).get_data(as_text=True)
    places = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert places
    assert [one for one in places if not one.startswith("/hub/")] == []


async def test_a_prefix_that_a_page_shares_is_told_apart_by_the_proxy(plugins: Any) -> None:
    async with booted(plugins=plugins, public_url="https://example.org/api") as hub:
        client = make_app(hub).test_client(use_cookies=False)
        assert (await client.get("/api/api/ping")).status_code == 200
        assert (await client.get("/api/ping", headers={"X-Forwarded-Prefix": "/api"})).status_code == 200
        far = {"client": ("203.0.113.9", 1)}
        told = await client.get("/api/ping", headers={"X-Forwarded-Prefix": "/api"}, scope_base=far)
        assert told.status_code == 404


async def test_a_trusted_proxy_names_the_base_path_of_a_hub_without_a_public_address(hub: Hub) -> None:
    client = make_app(hub).test_client(use_cookies=False)
    reply = await client.get("/projects", headers={"X-Forwarded-Prefix": "/tools/hub/"})
    assert reply.headers["Location"].startswith("/tools/hub/auth/login")
    reply = await client.get("/projects", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert reply.headers["Location"].startswith("/auth/login")


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/other", "/hubs", "/hub", "/hub/../other",
     "/hub/%2e%2e/other", "/hub/.%2e/x", "/hub/\n/evil", "javascript:alert(1)"],
)  # fmt: skip
async def test_signing_in_never_leads_out_of_the_hub(based: Hub, wanted: str) -> None:
    client = make_app(based).test_client(use_cookies=False)
    form = {"username": "admin", "password": PASSWORD, "return": wanted}
    reply = await client.post("/hub/auth/login", form=form, headers={"Origin": "https://example.org"})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/hub/")


async def test_signing_in_leads_back_within_the_hub(based: Hub) -> None:
    form = {"username": "admin", "password": PASSWORD, "return": "/hub/project/1/history?page=2"}
    reply = await make_app(based).test_client(use_cookies=False).post("/hub/auth/login", form=form)
    assert reply.headers["Location"] == "/hub/project/1/history?page=2"


# Cookies


async def test_cookies_are_secure_as_soon_as_a_trusted_proxy_was_asked_by_https(hub: Hub) -> None:
    client = make_app(hub).test_client(use_cookies=False)
    for headers, far, secure in (
        ({}, False, False),
        ({"X-Forwarded-Proto": "https"}, False, True),
        ({"X-Forwarded-Proto": "https"}, True, False),
    ):
        scope = {"client": ("203.0.113.9", 1)} if far else {}
        reply = await client.post("/api/auth/login", json=SIGN_IN, headers=headers, scope_base=scope)
        assert ("Secure" in reply.headers["Set-Cookie"]) is secure


async def test_the_sentence_for_the_next_page_travels_securely(based: Hub) -> None:
    client = make_app(based).test_client(use_cookies=False)
    signed = await client.post("/hub/api/auth/login", json=SIGN_IN)
    cookie = signed.headers["Set-Cookie"].partition(";")[0]
    page = await client.get("/hub/project/new", headers={"Cookie": cookie})
    csrf = re.search(r'name="csrf" value="(\w+)"', await page.get_data(as_text=True))
    assert csrf
    made = await client.post(
        "/hub/project/new", form={"csrf": csrf[1], "name": "One", "alert_chat": "", "max_parallel_tasks": "0"},
        headers={"Cookie": cookie, "Origin": "https://example.org"},
    )  # fmt: skip
    said = [one for one in made.headers.getlist("Set-Cookie") if one.startswith("hub_say=")]
    assert made.status_code == 303, await made.get_data(as_text=True)
    assert all("Secure" in one and "Path=/hub" in one for one in said)


async def test_signing_in_on_the_page_ends_the_session_that_the_browser_had(hub: Hub) -> None:
    client = make_app(hub).test_client(use_cookies=True)
    form = {"username": "admin", "password": PASSWORD}
    signed = await client.post("/auth/login", form=form)
    before = await Session.get()
    secret = re.search("semaphore=([^;]+)", signed.headers["Set-Cookie"])
    assert secret
    csrf = hmac.new(secret[1].encode(), b"form", "sha256").hexdigest()
    assert (await client.post("/auth/login", form=form | {"csrf": csrf})).status_code == 303
    assert (await Session.get()).digest != before.digest


async def test_the_page_tells_how_long_to_wait_as_well(hub: Hub) -> None:
    client = make_app(hub).test_client(use_cookies=False)
    form = {"username": "admin", "password": "wrong"}
    replies = [await client.post("/auth/login", form=form) for _ in range(11)]
    assert replies[-1].status_code == 429
    assert 0 < int(replies[-1].headers["Retry-After"]) <= 301


# Compression


async def test_a_large_answer_is_compressed_and_says_so(hub: Hub) -> None:
    client = small(hub).test_client()
    plain = await client.get("/api/large")
    packed = await client.get("/api/large", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert (plain.headers["ETag"], packed.headers["ETag"]) == ('"one"', 'W/"one"')
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    body = await packed.get_data(as_text=False)
    assert gzip.decompress(body) == await plain.get_data(as_text=False)
    assert len(body) < 500


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/large", {}),
        ("/api/large", {"Accept-Encoding": "gzip;q=0, br"}),
        ("/api/large", {"Accept-Encoding": "identity"}),
        ("/api/large", {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "cross-site"}),
        ("/api/large", {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-site"}),
        (f"/api/json/{SMALLEST - 1}", {"Accept-Encoding": "gzip"}),
        ("/api/binary/9999", {"Accept-Encoding": "gzip"}),
        ("/api/events/9999", {"Accept-Encoding": "gzip"}),
    ],
)
async def test_what_is_small_or_unfit_or_asked_for_by_another_site_goes_as_it_is(
    hub: Hub, path: str, headers: dict[str, str]
) -> None:
    assert "Content-Encoding" not in (await small(hub).test_client().get(path, headers=headers)).headers


async def test_each_piece_of_a_stream_can_be_read_as_soon_as_it_is_sent(hub: Hub) -> None:
    answers = await raw(small(hub), path="/api/log", accept_encoding="gzip")
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    read = [reader.decompress(message["body"]) for message in answers[1:]]
    assert [one for one in read if one] == [b"line 0\n", b"line 1\n", b"line 2\n"]
    assert reader.eof


async def test_a_version_that_was_read_compressed_still_guards_a_change(hub: Hub) -> None:
    client = make_app(hub).test_client(use_cookies=True)
    await client.post("/api/auth/login", json=SIGN_IN)
    made = await (await client.post("/api/projects", json={"name": "One"})).get_json()
    address = f"/api/project/{made['id']}"
    read = await client.get(address, headers={"Accept-Encoding": "gzip"})
    assert read.headers["ETag"].startswith('"' if "Content-Encoding" not in read.headers else 'W/"')
    weak = "W/" + read.headers["ETag"].removeprefix("W/")
    changed = await client.put(address, json={"id": made["id"], "name": "Two"}, headers={"If-Match": weak})
    assert changed.status_code == 204
    changed = await client.put(address, json={"id": made["id"], "name": "Three"}, headers={"If-Match": weak})
    assert changed.status_code == 412


# Limits


async def test_who_says_or_sends_more_than_is_allowed_gets_a_sentence(hub: Hub) -> None:
    client = small(hub).test_client()
    for path, limit, words in (("/api/auth/x", 64 * 1024, "64 KiB"), ("/api/any", limits.MAX_BODY, "10 MiB")):
        assert (await client.post(path, data=b"x" * limit)).status_code == 200
        reply = await client.post(path, data=b"x" * (limit + 1))
        assert reply.status_code == 413
        assert await reply.get_json() == {"error": f"The request is larger than {words}."}
        answers = await raw(small(hub), method="POST", path=path, content_length=str(limit + 1))
        assert answers[0]["status"] == 413  # by what it says, before a byte came
        pieces = [{"type": "http.request", "body": b"x" * limit, "more_body": True}] * 2
        answers = await raw(small(hub), *pieces, method="POST", path=path)
        assert answers[0]["status"] == 413


async def test_a_body_that_trickles_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
    answers = await raw(
        small(hub), {"type": "http.request", "body": b"x", "more_body": True}, method="POST", path="/api/any"
    )
    assert answers[0]["status"] == 408
    assert b"too long to arrive" in answers[1]["body"]


async def test_one_address_cannot_take_every_place(hub: Hub) -> None:
    held = asyncio.Event()
    begun = asyncio.Semaphore(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.release()
        await held.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    bounded = limits.limited(app, hub.settings.model_copy(update={"requests_per_address": 2}))
    first = [asyncio.create_task(raw(bounded)) for _ in range(2)]
    for _ in first:
        await begun.acquire()
    refused = await raw(bounded, path="/api/x")
    assert refused[0]["status"] == 429
    assert (b"retry-after", b"1") in refused[0]["headers"]
    held.set()
    assert [(await one)[0]["status"] for one in first] == [204, 204]
    assert (await raw(bounded))[0]["status"] == 204


@pytest.mark.parametrize("depth", [500, 100_000])
async def test_deeply_nested_json_is_refused_with_a_sentence(hub: Hub, depth: int) -> None:
    client = make_app(hub).test_client()
    reply = await client.post("/api/auth/login", data=(b"[" * (depth // 2)) + (b"]" * (depth // 2)))
    assert reply.status_code in {400, 413}
    assert (await reply.get_json())["error"]


# Names of requests, and the log


async def test_a_request_keeps_its_sane_name_and_gets_one_instead_of_a_bad_one(hub: Hub) -> None:
    client = make_app(hub).test_client()
    reply = await client.get("/api/ping", headers={"X-Request-ID": "build-4711.a_b"})
    assert reply.headers["X-Request-ID"] == "build-4711.a_b"
    for bad in ("short", "x" * 65, "has space in it", "a\u00e4bcdefgh", "semi;colon;here"):
        given = (await client.get("/api/ping", headers={"X-Request-ID": bad})).headers["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{16}", given)


async def test_the_access_log_is_there_when_wanted_and_tells_no_queries(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    from dataclasses import replace

    wanted = replace(hub, settings=hub.settings.model_copy(update={"access_log": True}))
    with caplog.at_level(logging.INFO, "hub.access"):
        await make_app(hub).test_client().get("/api/ping?token=secret")
        assert not [one for one in caplog.records if one.name == "hub.access"]
        await make_app(wanted).test_client().get("/api/ping?token=secret")
    (line,) = [one.getMessage() for one in caplog.records if one.name == "hub.access"]
    assert re.fullmatch(r'\S+ "GET /api/ping" 200 \d+ bytes \d+ ms', line)


async def test_no_stranger_forges_a_line_of_the_log() -> None:
    from hub.server_log import Lines, request_id

    def shown(message: str, **more: Any) -> str:
        return Lines().format(logging.LogRecord("hub.x", logging.INFO, "f", 1, message, (), more.get("exc_info")))

    assert "a\\nb\\x1b[31m\\r\\u2028\\u202e" in shown("a\nb\x1b[31m\r\u2028\u202e")
    kept = request_id.set("abcdefgh")
    assert shown("hello").endswith("hello [abcdefgh]")
    request_id.reset(kept)
    error = ValueError("first\n2026-01-01 00:00:00,000 INFO hub: all is well\x1b[2J")
    text = shown("it failed", exc_info=(ValueError, error, None))
    assert len([line for line in text.split("\n") if not line.startswith("  ")]) == 1
    assert "\x1b" not in text
