"""Servers that messages really go to: one for HTTP, one for SMTP, each on a port of this machine."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@asynccontextmanager
async def _served(receiver: Any, trust: ssl.SSLContext | None) -> AsyncIterator[None]:
    """Serve, and end with every conversation."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await receiver.talk(reader, writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=trust)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*talks)
        await server.wait_closed()


@dataclass
class HttpReceiver:
    """Keeps what comes in, and answers 200 unless something else was laid out for it."""

    port: int = 0
    secure: bool = False
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{'https' if self.secure else 'http'}://localhost:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Request(method, target, headers, body))
        status, more, content = self.answers.pop(0) if self.answers else (200, {}, b"{}")
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        await writer.drain()


@asynccontextmanager
async def http(trust: ssl.SSLContext | None = None) -> AsyncIterator[HttpReceiver]:
    """Serve HTTP, or HTTPS with this certificate."""
    receiver = HttpReceiver(secure=trust is not None)
    async with _served(receiver, trust):
        yield receiver


@dataclass
class MailServer:
    """As much of SMTP as a mail server of a company speaks."""

    trust: ssl.SSLContext | None
    starttls: bool = False
    login: tuple[str, str] | None = None
    refuses: dict[str, int] = field(default_factory=dict)
    """Codes for addresses."""
    port: int = 0
    letters: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients, known = "", [], self.login is None

        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        say("220 mail.test ready")
        while line := (await reader.readuntil(b"\r\n")).decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    secure = writer.get_extra_info("sslcontext") is not None
                    able = ["250-mail.test", *(["250-STARTTLS"] if self.starttls and not secure else [])]
                    say("\r\n".join([*able, *(["250-AUTH PLAIN LOGIN"] if self.login else []), "250 8BITMIME"]))
                case "STARTTLS":
                    say("220 go on")
                    await writer.drain()
                    await writer.start_tls(self.trust)
                case "AUTH":
                    given = base64.b64decode(rest.split(" ")[1]).decode().split("\0")[1:]
                    known = tuple(given) == self.login
                    say("235 welcome" if known else "535 no")
                case "MAIL":
                    sender, recipients = rest.partition("<")[2].partition(">")[0], []
                    say("250 ok" if known else "530 sign in first")
                case "RCPT":
                    address = rest.partition("<")[2].partition(">")[0]
                    code = self.refuses.get(address, 250)
                    recipients += [address] if code == 250 else []
                    say(f"{code} said")
                case "DATA":
                    say("354 go on")
                    await writer.drain()
                    text = await reader.readuntil(b"\r\n.\r\n")
                    self.letters.append((sender, recipients, message_from_bytes(text[:-5], policy=policy.default)))
                    self.encrypted.append(writer.get_extra_info("sslcontext") is not None)
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")
            await writer.drain()


@asynccontextmanager
async def mail(
    trust: ssl.SSLContext | None = None, *, implicit: bool = False, **members: Any
) -> AsyncIterator[MailServer]:
    """Serve SMTP: plain, with STARTTLS where a certificate is given, or with TLS from the first byte."""
    receiver = MailServer(trust, starttls=trust is not None and not implicit, **members)
    async with _served(receiver, trust if implicit else None):
        yield receiver
