"""Every error that a person may read.

    HubError                 a sentence for the person; the edges turn it into JSON, a page or a CLI line
    ├── Invalid              the input is wrong                          400
    │   └── TooLarge         the input is larger than allowed            413
    ├── Unauthenticated      nobody, or an expired session or token      401
    ├── Forbidden            known, but not allowed                      403
    ├── NotFound             no such thing, or not visible to the actor  404
    ├── Conflict             right input, wrong moment                   409
    │   └── InUse            refused because something refers to it      400, `inUse: true` on the wire
    ├── Changed              somebody else changed it meanwhile          412
    ├── Reused               an idempotency key came with another body   422
    ├── TooMany              slow down; `retry_after` seconds            429
    └── Unavailable          something outside does not answer           503

`SettingsError` stands apart: it ends the start, before there is anybody to answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class HubError(Exception):
    """A refusal or failure whose text is a whole sentence for the person who asked."""

    status = 500

    @property
    def sentence(self) -> str:
        """The text to show."""
        return str(self)


class Invalid(HubError):
    """The input is wrong; nothing was changed. `field` names the member, where one is to blame.

    `allowed` names what would have been right, where the sentence is the wire's own and does not.
    """

    status = 400

    def __init__(self, sentence: str, *, field: str | None = None, allowed: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.field = field
        self.allowed = tuple(allowed)


class TooLarge(Invalid):
    """The input is larger than allowed."""

    status = 413


class Unauthenticated(HubError):
    """No valid session or token. `code` is the wire's word for an unverified session."""

    status = 401

    def __init__(self, sentence: str = "Sign in first.", *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code


class Forbidden(HubError):
    """The actor is known but lacks the right. `field` names the member that asks for more than the actor may."""

    status = 403

    def __init__(self, sentence: str = "", *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class NotFound(HubError):
    """No such thing, or the actor may not know that it exists. `field` names the member of a body that refers to it."""

    status = 404

    def __init__(self, sentence: str = "", *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class WrongMethod(HubError):
    """The place is there, and does not do this for this method."""

    status = 405


class Conflict(HubError):
    """The request is right but does not fit the present state. `field` names the member that says what is taken."""

    status = 409

    def __init__(self, sentence: str = "", *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class User:
    """Something that refers to another thing."""

    kind: str
    """`template`, `inventory`, `repository`, `key`, `environment`, `schedule`, `view`, `member` …"""
    id: int
    name: str


class InUse(Conflict):
    """Something still refers to the thing that was to be deleted. `users` names all of what does, where it is known."""

    status = 400

    def __init__(self, sentence: str, users: Iterable[User] = ()) -> None:
        super().__init__(sentence)
        self.users = tuple(users)


class Changed(HubError):
    """The thing is not in the state any more that the client has read."""

    status = 412


class Reused(HubError):
    """An idempotency key was used for another request before."""

    status = 422


class TooMany(HubError):
    """Too many requests; `retry_after` is in seconds."""

    status = 429

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(HubError):
    """Something outside (git remote, Redis, database, directory) does not answer."""

    status = 503


class SettingsError(Exception):
    """A setting is missing or malformed; the text names it and says what to write."""
