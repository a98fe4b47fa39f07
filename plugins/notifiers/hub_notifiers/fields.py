"""Types of parameters that several notifiers have."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _server(text: str) -> str:
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or "@" in address or "?" in address or "#" in address:
        raise ValueError("write an address such as https://push.example.com, without a name or password")
    return address


Server = Annotated[str, AfterValidator(_server)]
"""Address of a service that people run themselves."""
