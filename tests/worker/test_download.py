"""What a task gets by https: bounded, from servers that prove who they are, and led nowhere else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.plugin import NotReady
from hub.worker.download import download


@pytest.fixture
async def server(
    certificate: tuple[Path, Path], no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of a server that is trusted and answers as its path says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().partition("?")[0]
        status, body = ("200 OK", b"found") if path == "/found" else ("302 There", b"")
        if path == "/silent":
            await over.wait()
        if path in {"/missing", "/large"}:
            status, body = {"/missing": ("404 No", b""), "/large": ("200 OK", b"x" * 2000)}[path]
        away = {"/near": "/found", "/round": "/round", "/plain": "http://127.0.0.1/", "/away": "https://localhost/"}
        writer.write(f"HTTP/1.1 {status}\r\nLocation: {away.get(path, '/')}\r\n".encode())
        writer.write(f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        over.set()


async def test_what_is_there_is_returned_also_after_a_redirection_within_the_server(server: str) -> None:
    assert await download(f"{server}/found", {}, limit=100, seconds=30) == b"found"
    assert await download(f"{server}/near", {}, limit=100, seconds=30) == b"found"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/away?token=s3cret", "it sends on to another server"),
        ("/plain", "only addresses that begin with https"),
        ("/round", "it sends on and on"),
        ("/missing", "it answered with status 404"),
        ("/large", "its answer is larger than 1,000 bytes"),
    ],
)
async def test_what_cannot_be_had_is_one_sentence_without_secrets(server: str, path: str, why: str) -> None:
    with pytest.raises(NotReady, match=f"The server 127.0.0.1 could not be asked: {why}") as told:
        await download(f"{server}{path}", {"Authorization": "Bearer s3cret"}, limit=1000, seconds=30)
    assert "s3cret" not in str(told.value)


async def test_a_server_that_does_not_answer_is_given_up(server: str) -> None:
    with pytest.raises(NotReady, match="it did not answer within"):
        await download(f"{server}/silent", {}, limit=1000, seconds=0.2)


async def test_a_server_that_does_not_prove_itself_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotReady, match="its certificate is not trusted here"):
        await download(f"{server}/found", {}, limit=1000, seconds=30)


@pytest.mark.parametrize("address", ["http://127.0.0.1/", "file:///etc/passwd", "https://[", "ftp://a/"])
async def test_other_addresses_are_not_asked_at_all(address: str) -> None:
    with pytest.raises(NotReady, match="could not be asked"):
        await download(address, {}, limit=1000, seconds=30)
