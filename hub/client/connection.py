"""Where a hub is, and who asks it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from hub.client.asks import Answer, Ask, Failure
from hub.client.errors import HubError, Unreachable

SERVER, TOKEN = "HUB_SERVER", "HUB_TOKEN"


@dataclass(frozen=True, slots=True)
class Connection:
    """A hub's address and a token for it. The token is never shown."""

    server: str
    token: str = field(default="", repr=False)
    timeout: float = 60.0
    """Seconds without a sign of life after which a request has failed."""
    retries: int = 3
    """How often what may be sent again is."""

    @classmethod
    def of(cls, server: str | None, token: str | None, **more: Any) -> Connection:
        """Return a connection; what is not given is taken from HUB_SERVER and HUB_TOKEN. Raises `HubError`."""
        where = server or os.environ.get(SERVER, "")
        if not where:
            raise HubError(f"Which hub? Give its address, or set {SERVER}.")
        secret = os.environ.get(TOKEN, "") if token is None else token
        return cls(where, secret.strip(), **more)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.server)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and parts.port != 0
        except ValueError:
            fine, parts = False, urlsplit("")
        if not fine or parts.username is not None:
            raise HubError("The address of a hub is like https://hub.example.org, without a user and a query.")
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise HubError("The token holds characters that no token has.")
        object.__setattr__(self, "server", self.server.rstrip("/").removesuffix("/api"))

    def headers(self) -> dict[str, str]:
        """Return what every request says of who asks."""
        from hub import __version__  # noqa: PLC0415 - a text, and nothing else of the hub

        said = {"Accept": "application/json", "User-Agent": f"hub-client/{__version__}"}
        return said | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def arguments(self, ask: Ask[Any], *, accept: str | None = None) -> dict[str, Any]:
        """Return what httpx needs to send a request."""
        headers = self.headers() | dict(ask.headers)
        if accept is not None:
            headers["Accept"] = accept
        content = ask.content
        if content is not None:
            headers["Content-Type"] = "application/json"
        return {
            "method": ask.method,
            "url": f"{self.server}/api{ask.path}",
            "params": ask.parameters or None,
            "content": content,
            "headers": headers,
        }

    def next_page(self, ask: Ask[Any], answer: Answer) -> Ask[Any] | None:
        """Return the request for the page after this answer. Raises `Unreachable` when it lies elsewhere."""
        if answer.following is None:
            return None
        here = urlsplit(f"{self.server}/api{ask.path}")
        there = urlsplit(urljoin(here.geturl(), answer.following))
        if (there.scheme, there.netloc, there.path) != (here.scheme, here.netloc, here.path):
            raise Unreachable("The next page of this list lies at another address; it was not asked for.")
        return replace(ask, query=dict(httpx.QueryParams(there.query)))


def answered(response: httpx.Response) -> Answer:
    """Return what httpx has read."""
    return Answer(
        response.status_code, {name.lower(): text for name, text in response.headers.items()}, response.content
    )


def failed(error: httpx.TransportError, server: str) -> Failure:
    """Return why nothing came back; nothing of it shows the token."""
    if isinstance(error, httpx.TimeoutException):
        return Failure(f"The hub at {server} did not answer in time.")
    return Failure(f"The hub at {server} cannot be reached: {str(error) or type(error).__name__}.")
