"""Every request to a provider: encrypted, bounded in time and size, and never led anywhere else."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from hub.plugin import AuthRejected, NotReady
from hub_oidc.params import OidcParams, secure_address

LARGEST: Final = 1024 * 1024
"""Bytes that an answer may have."""
TIMEOUT: Final = httpx2.Timeout(8.0, connect=5.0)


class Unfit(Exception):
    """An answer that cannot be used."""


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what certificates are checked against; they always are."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise NotReady(f"The file of certificates of the sign-in provider cannot be read: {error.strerror}.") from None


async def read_json(address: str, params: OidcParams, *, token: str = "") -> Mapping[str, Any]:
    """Get a JSON object. Raises `NotReady` when the provider does not answer as it should."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        async with (
            httpx2.AsyncClient(verify=trust(params.ca_file), timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream("GET", secure_address(address), headers=headers) as answer,
        ):
            found = json.loads(await _bounded(answer))
    except (httpx2.HTTPError, ValueError, Unfit) as error:
        reason = str(error) if isinstance(error, Unfit) else type(error).__name__
        raise NotReady(f"The sign-in provider does not answer as it should ({reason}). Try again later.") from None
    if not isinstance(found, dict):
        raise NotReady("The sign-in provider answered with something else than a JSON object.")
    return found


async def _bounded(answer: httpx2.Response) -> bytes:
    if answer.status_code != 200:
        raise Unfit(f"it answered with status {answer.status_code}")
    content = b""
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LARGEST:
            raise Unfit("its answer is too large")
    return content


async def trade(address: str, params: OidcParams, method: str, grant: Mapping[str, str]) -> Mapping[str, Any]:
    """Trade the code for tokens. Raises `AuthRejected` when the provider does not take it."""
    name, secret = params.client_id, params.client_secret.get_secret_value()
    if method == "client_secret_basic":
        name, secret = quote_plus(name), quote_plus(secret)  # RFC 6749, 2.3.1
    client = AsyncOAuth2Client(
        name, secret or None, token_endpoint_auth_method=method,
        verify=trust(params.ca_file), timeout=TIMEOUT, follow_redirects=False,
    )  # fmt: skip
    try:
        async with client:
            found = await client.fetch_token(secure_address(address), grant_type="authorization_code", **grant)
    except AuthlibBaseError as error:
        raise AuthRejected(f"The sign-in provider refused to finish ({_plain(error.error)}). Begin again.") from None
    except (httpx2.HTTPError, ValueError) as error:
        reason = type(error).__name__
        raise NotReady(f"The sign-in provider does not answer as it should ({reason}). Try again later.") from None
    if not isinstance(found, dict):
        raise NotReady("The sign-in provider answered with something else than a JSON object.")
    return found


def _plain(code: object) -> str:
    text = str(code or "")
    return "".join(letter for letter in text if letter.isalnum() or letter in "_-. ")[:80] or "no reason"
