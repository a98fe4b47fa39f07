"""Requests from outside that start tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One incoming request, as it came. Header names are lower-case; of several headers of a name the first counts."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a delivery says."""

    event: str = ""
    payload: Any = None
    """The decoded body: an object for JSON, text otherwise."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Ready-made values such as `branch`, `commit` and `sender`."""


class WebhookAdapter(Extension, Generic[P]):
    """Knows how one kind of sender signs and words its requests."""

    signed: bool = False
    """The proof is made from the body, so that the same body within minutes is a delivery that somebody repeats."""

    async def verify(self, params: P, secret: Mapping[str, str], delivery: Delivery) -> bool:
        """Say whether the sender is who it claims to be. Compare in constant time; an empty secret is never right."""
        raise NotImplementedError

    async def parse(self, params: P, delivery: Delivery) -> Parsed:
        """Read the body; raise `Refused` with a sentence when it makes no sense."""
        raise NotImplementedError
