"""The request itself, apart from what it is made of: httpx takes memory that a hub without channels does not need."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from hub.plugin import NotReady, PluginError, Retry
from hub_notifiers import egress
from hub_notifiers.outgoing import LARGEST, Answer, Message

TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
LONGEST_WAIT: Final = 3600.0
_AGENT: Final = "automation-hub"
_PASSING: Final = frozenset({408, 425, 429})

logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses down, and those of chats are secrets


async def send(message: Message) -> Answer:
    """Send it. Raises `Retry` and `NotReady` for what passes, `PluginError` for what does not."""
    url = _checked(message)
    port = url.port or (443 if url.scheme == "https" else 80)
    failure: PluginError | None = None
    for place in await egress.places(message.service, url.host, port, inside=message.inside):
        try:
            return await _exchange(message, url, place)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # another address may answer
            failure = _unreachable(message, url, error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise _unreachable(message, url, error) from None
    raise failure or NotReady(f"The server of {message.service} has no address.")


def _checked(message: Message) -> httpx.URL:
    try:
        url = httpx.URL(message.url.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise PluginError(f"The address for {message.service} is none: it must begin with https:// and name a server.")
    return url


async def _exchange(message: Message, url: httpx.URL, place: str) -> Answer:
    there = url.copy_with(host=place)
    headers = {"Content-Type": "application/json", "User-Agent": _AGENT, **message.headers, "Host": url.netloc.decode()}
    known = {} if _is_address(url.host) else {"sni_hostname": url.host}
    trust = ssl.create_default_context()
    async with (
        httpx.AsyncClient(verify=trust, timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream(message.method, there, content=message.encoded(), headers=headers, extensions=known) as answer,
    ):
        _judge(message, url, answer)
        return Answer(answer.status_code, await _bounded(answer))


async def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LARGEST:
            break
    return bytes(content[:LARGEST])


def _judge(message: Message, url: httpx.URL, answer: httpx.Response) -> None:
    """Return when the service took the message."""
    status = answer.status_code
    who = f"{message.service} ({url.host})"
    if 200 <= status < 300:
        return
    if status in _PASSING or status >= 500:
        after = _after(answer.headers.get("Retry-After", ""))
        sentence = f"{who} answered with status {status}."
        if status == 429:
            sentence = f"{who} takes no more messages for now (status 429)."
        raise Retry(sentence, after=after) if after is not None else NotReady(sentence)
    if 300 <= status < 400:
        raise PluginError(f"{who} sends on to another address, which is not followed. Write the address that it means.")
    if status in {401, 403}:
        raise PluginError(f"{who} refused the message (status {status}): check the token or the secret address.")
    if status in {404, 410}:
        raise PluginError(f"{who} knows no such address (status {status}): it was mistyped, or deleted there.")
    raise PluginError(f"{who} refused the message (status {status}).")


def _after(text: str) -> float | None:
    """Return how long a service asks to wait, within reason."""
    if text.isascii() and text.isdecimal():
        return min(max(float(text[:9]), 1.0), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 1.0), LONGEST_WAIT)


def _unreachable(message: Message, url: httpx.URL, error: Exception) -> PluginError:
    who = f"The server of {message.service}, {url.host},"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotReady(f"{who} has a certificate that is not trusted here.")
    if isinstance(error, httpx.TimeoutException):
        return NotReady(f"{who} did not answer in time.")
    if isinstance(error, httpx.ConnectError):
        return NotReady(f"{who} could not be connected to.")
    return NotReady(f"The connection to {url.host} for {message.service} failed ({type(error).__name__}).")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
