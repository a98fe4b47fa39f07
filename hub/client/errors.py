"""What can go wrong when a hub is asked. The text is the hub's own sentence wherever it gave one."""

from __future__ import annotations


class HubError(Exception):
    """Anything that went wrong."""


class Unreachable(HubError):
    """The hub does not answer, or what answers is no hub."""


class TimedOut(HubError):
    """What was waited for did not come in time."""


class Refusal(HubError):
    """The hub answered with an error."""

    def __init__(self, sentence: str, *, status: int, field: str | None = None, in_use: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        """HTTP status."""
        self.field = field
        """The member or parameter that is to blame."""
        self.in_use = in_use
        """True when something else still uses what was to be deleted."""


class Invalid(Refusal):
    """The request is wrong."""


class Unauthenticated(Refusal):
    """The token is missing, unknown or has ended."""


class Forbidden(Refusal):
    """The token's owner, or its scopes, do not allow this."""


class NotFound(Refusal):
    """There is no such thing, or the token's owner may not know of it."""


class Conflict(Refusal):
    """The request does not fit the present state."""


class Changed(Refusal):
    """Somebody else changed the thing meanwhile."""


class TooMany(Refusal):
    """Too many requests."""


class Failed(Refusal):
    """The hub, or something behind it, failed."""


BY_STATUS: dict[int, type[Refusal]] = {
    400: Invalid, 413: Invalid, 422: Invalid, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 409: Conflict,
    412: Changed, 429: TooMany,
}  # fmt: skip


def refusal(status: int, sentence: str, *, field: str | None = None, in_use: bool = False) -> Refusal:
    """Return the error for a status."""
    kind = BY_STATUS.get(status, Failed if status >= 500 else Refusal)
    return kind(sentence, status=status, field=field, in_use=in_use)
