"""https by the hub itself: pages, live views, the redirecting port, and a certificate that is renewed meanwhile."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from hub.errors import SettingsError
from hub.services import sessions
from hub.settings import Settings, read_settings
from hub.testing.booted import PASSWORD
from hub.testing.ports import free_port
from hub.testing.scene import Scene
from hub.testing.tools import need_tool
from hub.web import tls
from hub.web.app import make_app
from hub.web.serve import hypercorn_config, serve_app

from .certificates import write_certificate


@asynccontextmanager
async def served(scene: Scene, **update: Any) -> AsyncIterator[Settings]:
    """Serve the hub of a scene by the settings of a test."""
    settings = scene.hub.settings.model_copy(update={"port": free_port(), **update})
    stop = asyncio.Event()
    app = make_app(dataclasses.replace(scene.hub, settings=settings))
    serving = asyncio.create_task(serve_app(app, settings, stop))
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
                writer.close()
                break
            await asyncio.sleep(0.02)
    try:
        yield settings
    finally:
        stop.set()
        await serving


@pytest.fixture
async def secure(stage: Scene, tmp_path: Path) -> AsyncIterator[tuple[Settings, ssl.SSLContext]]:
    """A hub with a certificate, and what a client needs to trust it."""
    certificate, key = write_certificate(tmp_path)
    plain = free_port()
    async with served(stage, tls_certificate=certificate, tls_key=key, tls_redirect_port=plain) as settings:
        yield settings, ssl.create_default_context(cafile=str(certificate))


async def test_pages_and_live_views_come_over_tls(secure: tuple[Settings, ssl.SSLContext], stage: Scene) -> None:
    settings, trust = secure
    token = (await sessions.create_token(stage.hub, stage.actor, sessions.TokenDraft()))["id"]
    headers = {"Authorization": f"Bearer {token}"}
    template = await stage.template("hello.sh")
    async with httpx.AsyncClient(base_url=settings.address, verify=trust, headers=headers, timeout=60) as client:
        signed = await client.post("/api/auth/login", json={"auth": "admin", "password": PASSWORD})
        assert "Secure" in signed.headers["Set-Cookie"]
        assert signed.headers["Strict-Transport-Security"] == "max-age=31536000"
        address = settings.address.replace("https:", "wss:") + "/api/ws"
        async with connect(address, additional_headers=headers, ssl=trust) as live:
            task = await stage.launch(template)
            path = f"/api/project/{stage.project.id}/tasks/{task}/stream"
            text = ""
            async with asyncio.timeout(60), client.stream("GET", path) as stream:
                async for piece in stream.aiter_text():
                    text += piece
            assert "hello" in text
            assert "event: end" in text
            async with asyncio.timeout(60):
                while (message := json.loads(await live.recv())).get("status") != "success":
                    assert message["type"]


async def test_browsers_that_can_speak_http2(
    secure: tuple[Settings, ssl.SSLContext], stage: Scene, tmp_path: Path
) -> None:
    settings, _ = secure
    token = (await sessions.create_token(stage.hub, stage.actor, sessions.TokenDraft()))["id"]
    task = await stage.launch(await stage.template("hello.sh"))
    (tmp_path / "curl").write_text(f'header = "Authorization: Bearer {token}"\n')
    (tmp_path / "large").write_bytes(b"x" * 100_000)

    async def curl(path: str, *more: str) -> str:
        process = await asyncio.create_subprocess_exec(
            need_tool("curl"), "--silent", "--http2", "--cacert", str(settings.tls_certificate), "--config",
            str(tmp_path / "curl"), "--write-out", "\n%{http_version} %{http_code}", *more, settings.address + path,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return (await process.communicate())[0].decode()

    assert (await curl("/healthz")).endswith("2 200")
    stream = await curl(f"/api/project/{stage.project.id}/tasks/{task}/stream")
    assert "event: end" in stream
    assert stream.endswith("2 200")
    refused = await curl("/api/auth/login", "--data-binary", f"@{tmp_path / 'large'}")
    assert "larger than 64 KiB" in refused
    assert refused.endswith("2 413")


async def test_old_protocols_and_weak_ciphers_are_refused(secure: tuple[Settings, ssl.SSLContext]) -> None:
    settings, trust = secure

    async def handshake(context: ssl.SSLContext) -> tuple[str, str]:
        _reader, writer = await asyncio.open_connection("127.0.0.1", settings.port, ssl=context)
        shaken = writer.get_extra_info("ssl_object")
        found = shaken.version(), shaken.cipher()[0]
        writer.transport.abort()
        return found

    assert (await handshake(trust))[0] == "TLSv1.3"
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    version, cipher = await handshake(trust)
    assert version == "TLSv1.2"
    assert cipher.startswith("ECDHE")
    trust.set_ciphers("AES128-SHA256:AES128-SHA:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(trust)


async def test_the_plain_port_sends_readers_to_https_and_refuses_the_rest(
    secure: tuple[Settings, ssl.SSLContext],
) -> None:
    settings, _ = secure
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.tls_redirect_port}", verify=False) as client:
        reply = await client.get("/project/1/history?page=2")
        assert reply.status_code == 307
        assert reply.headers["Location"] == f"https://127.0.0.1:{settings.port}/project/1/history?page=2"
        lie = await client.get("/", headers={"X-Forwarded-Proto": "https"})
        assert lie.status_code == 307
        sent = await client.post("/api/auth/login", json={"auth": "admin", "password": PASSWORD})
        assert (sent.status_code, "Set-Cookie" in sent.headers) == (403, False)
        assert "https" in sent.json()["error"]
        assert (await client.get("/", headers={"Host": "evil.example/x"})).status_code in {400, 404}


async def test_a_renewed_certificate_counts_from_the_next_connection_and_drops_none(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.serve.RENEW", 0.05)
    certificate, key = write_certificate(tmp_path)
    old = ssl.create_default_context(cafile=str(certificate))
    async with served(stage, tls_certificate=certificate, tls_key=key) as settings:
        client = httpx.AsyncClient(base_url=settings.address, verify=old)
        async with client:
            assert (await client.get("/healthz")).status_code == 200
            fresh = tmp_path / "fresh"
            fresh.mkdir()
            pair = write_certificate(fresh)
            pair[0].replace(certificate)  # for a moment the key does not fit: nothing may break
            pair[1].replace(key)
            new = ssl.create_default_context(cafile=str(certificate))
            async with asyncio.timeout(20):
                while True:
                    with suppress(httpx.ConnectError):
                        async with httpx.AsyncClient(base_url=settings.address, verify=new) as other:
                            assert (await other.get("/healthz")).status_code == 200
                            break
                    await asyncio.sleep(0.02)
            assert (await client.get("/healthz")).status_code == 200  # the connection that was open is still there
            async with httpx.AsyncClient(base_url=settings.address, verify=old) as late:
                with pytest.raises(httpx.ConnectError):
                    await late.get("/healthz")


def test_a_pair_that_does_not_fit_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = write_certificate(tmp_path)
    config = hypercorn_config(Settings(tls_certificate=certificate, tls_key=key))
    context = config.create_ssl_context()
    assert tls.renew(config)
    (tmp_path / "other").mkdir()
    write_certificate(tmp_path / "other")[1].replace(key)
    assert not tls.renew(config)
    assert "stays" in caplog.text
    assert config.context is context
    with pytest.raises(SettingsError, match="cannot be used"):
        config.create_ssl_context()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"HUB_TLS_CERTIFICATE": "/no/such.crt", "HUB_TLS_KEY": "/no/such.key"}, "no such file"),
        ({"HUB_TLS_REDIRECT_PORT": "8080"}, "needs HUB_TLS_CERTIFICATE"),
        ({"HUB_TLS_KEY": "/dev/null"}, "go together"),
        ({"HUB_PUBLIC_URL": "https://host/a b"}, "letters"),
        ({"HUB_PUBLIC_URL": "https://host/hub?x=1"}, "letters"),
    ],
)
def test_settings_that_cannot_work_are_named_at_the_start(given: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings(given)


async def test_headers_that_never_end_cost_a_connection_only_for_a_while(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.serve.KEEP_ALIVE", 1)
    async with served(stage) as settings:
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\n")
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                for number in range(10_000):  # a header now and then keeps nothing alive
                    writer.write(b"X-%d: y\r\n" % number)
                    await writer.drain()
                    if reader.at_eof():
                        break
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1), 0.1)
        assert reader.at_eof() or reader.exception() is not None
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\nX-Large: " + b"x" * 70_000)
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                assert b" 4" in (await reader.readline())[:13]
        writer.close()
