"""What a task gets by https: bounded in time and size, from a server that proves who it is, and led nowhere else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from hub.plugin import NotReady

_REDIRECTIONS: Final = 5
_SILENCE: Final = 60.0
"""Seconds without a byte; whoever asks has a limit of their own for the whole."""


class _Unfit(Exception):
    """The address, or what the server answered, cannot be used; the text says why."""


async def download(address: str, headers: Mapping[str, str], *, limit: int, seconds: float) -> bytes:
    """Get what is at an address. Raises `NotReady`; its sentence names the server alone, for the rest may be secret."""
    where = _where(address)
    try:
        async with asyncio.timeout(seconds):
            return await _get(address, headers, limit)
    except TimeoutError:
        why = f"it did not answer within {seconds:g} seconds"
    except _Unfit as unfit:
        why = str(unfit)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ssl.SSLError, OSError) as error:
        why = _reason(error)
    raise NotReady(f"{where} could not be asked: {why}.")


async def _get(address: str, headers: Mapping[str, str], limit: int) -> bytes:
    target = httpx.URL(address)
    home = (target.host, target.port)
    trust = ssl.create_default_context()
    async with httpx.AsyncClient(verify=trust, timeout=_SILENCE, follow_redirects=False) as client:
        for _ in range(_REDIRECTIONS + 1):
            if target.scheme != "https":
                raise _Unfit("only addresses that begin with https:// are asked")
            if (target.host, target.port) != home:
                raise _Unfit("it sends on to another server, which is not followed")
            async with client.stream("GET", target, headers=dict(headers)) as answer:
                if answer.next_request is not None:
                    target = answer.next_request.url
                    continue
                return await _bounded(answer, limit)
    raise _Unfit("it sends on and on")


async def _bounded(answer: httpx.Response, limit: int) -> bytes:
    if answer.status_code != 200:
        raise _Unfit(f"it answered with status {answer.status_code}")
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > limit:
            raise _Unfit(f"its answer is larger than {limit:,} bytes")
    return bytes(content)


def _where(address: str) -> str:
    try:
        return f"The server {urlsplit(address).hostname or '(none)'}"
    except ValueError:
        return "The server"


def _reason(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted here"
    if isinstance(error, httpx.ConnectError):
        return "no connection could be made"
    return f"the connection failed ({type(error).__name__})"
