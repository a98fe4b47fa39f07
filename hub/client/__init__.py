"""A client for hubs elsewhere: everything that their API has, for programs that wait and for those that do not.

Answers are dictionaries, whose types stand in `hub.shapes`. What goes wrong is a `HubError` with the sentence that the
hub gave.
"""

from __future__ import annotations

from hub.client.clients import AsyncClient, Client
from hub.client.errors import (
    Changed,
    Conflict,
    Failed,
    Forbidden,
    HubError,
    Invalid,
    NotFound,
    Refusal,
    TimedOut,
    TooMany,
    Unauthenticated,
    Unreachable,
)
from hub.client.follow import Event, Output, State

__all__ = [
    "AsyncClient",
    "Changed",
    "Client",
    "Conflict",
    "Event",
    "Failed",
    "Forbidden",
    "HubError",
    "Invalid",
    "NotFound",
    "Output",
    "Refusal",
    "State",
    "TimedOut",
    "TooMany",
    "Unauthenticated",
    "Unreachable",
]
