"""What is asked of a hub, described without sending it; so that one description serves both kinds of clients."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from hub.client.errors import Unreachable, refusal

T = TypeVar("T")

SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do the same when they are sent twice."""

_KEY = "Idempotency-Key"

_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    content: bytes

    def json(self) -> Any:
        """Return the body as JSON; None when there is none. Raises `Unreachable`."""
        if not self.content.strip():
            return None
        try:
            return json.loads(self.content)
        except ValueError:
            raise Unreachable("What answers at this address speaks no JSON. Is it a hub?") from None

    def text(self) -> str:
        """Return the body as text."""
        return self.content.decode("utf-8", "replace")

    @property
    def following(self) -> str | None:
        """Address of the next page of a list."""
        found = _NEXT.search(self.headers.get("link", ""))
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing came back."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One request."""

    method: str
    path: str
    """Below the hub's `/api`."""
    read: Callable[[Answer], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    """What it holds may be secret, and is never shown."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether it does no harm to send it again when nobody knows if it arrived."""
        return self.method in SAFE or self.named

    @property
    def named(self) -> bool:
        """Whether the hub knows it again when it is sent again."""
        return _KEY in self.headers

    @property
    def content(self) -> bytes | None:
        """The body as it is sent."""
        return None if self.body is None else json.dumps(self.body).encode()

    @property
    def parameters(self) -> dict[str, str]:
        """The query as it is sent: what is None is left out."""
        return {name: _shown(value) for name, value in self.query.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Pause:
    """Let some time go by."""

    seconds: float


Program: TypeAlias = Generator["Ask[Any] | Pause", Any, T]
"""Several requests: yields each, is sent what it read, and returns what it is all for."""

Steps: TypeAlias = Generator["Ask[Any] | Pause", "Answer | Failure | None", T]
"""The same, but every single sending is a step of its own."""


def alone(ask: Ask[T]) -> Program[T]:
    """Return the program that is one request."""
    found: T = yield ask
    return found


def whole(ask: Ask[Any]) -> Ask[Answer]:
    """Return the same request, of which the answer itself is wanted."""
    return replace(ask, read=_itself)


def _itself(answer: Answer) -> Answer:
    return answer


def once(ask: Ask[T], key: str | None = None) -> Ask[T]:
    """Return the same request with a name, so that it is done once however often it is sent."""
    return replace(ask, headers={**ask.headers, _KEY: key or uuid.uuid4().hex})


class Going(Generic[T]):
    """A program under way: `step` is what to do next, None once it has its result."""

    def __init__(self, program: Program[T], retries: int) -> None:
        self._steps = steps(program, retries)
        self._results: list[T] = []
        self.step: Ask[Any] | Pause | None = None
        self.go_on(None)

    def go_on(self, came: Answer | Failure | None) -> None:
        """Take what came of the step. Raises what the hub says is wrong."""
        try:
            self.step = self._steps.send(came)
        except StopIteration as done:
            self.step = None
            self._results.append(done.value)

    @property
    def result(self) -> T:
        """What it was all for."""
        return self._results[0]


def steps(program: Program[T], retries: int) -> Steps[T]:
    """Send each request of a program, again where that is safe and may help. Raises what the hub says is wrong."""
    reply: Any = None
    while True:
        try:
            step = program.send(reply)
        except StopIteration as done:
            found: T = done.value
            return found
        if isinstance(step, Pause):
            yield step
            reply = None
        else:
            reply = yield from _attempts(step, retries)


def _attempts(ask: Ask[T], retries: int) -> Steps[T]:
    for attempt in range(retries + 1):
        came = yield ask
        assert came is not None
        if attempt < retries and (pause := _pause(ask, came, attempt)) is not None:
            yield Pause(pause)
            continue
        return ask.read(checked(came))
    raise AssertionError("the last attempt returns or raises")


def _pause(ask: Ask[Any], came: Answer | Failure, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None when the answer stands."""
    usual = 0.25 * 2.0**attempt
    if isinstance(came, Failure):
        return usual if ask.repeatable else None
    if came.status == 429:  # it was not done, so that it may always be sent again
        told = came.headers.get("retry-after", "")
        return min(float(told), 30.0) if told.isdecimal() else usual
    if came.status == 409 and attempt and ask.named:  # what was sent before is still being done
        return usual
    return usual if came.status in {502, 503, 504} and ask.repeatable else None


def checked(came: Answer | Failure) -> Answer:
    """Return an answer that is no error. Raises `Refusal`, `Unreachable`."""
    if isinstance(came, Failure):
        raise Unreachable(came.sentence)
    if came.status < 300:
        return came
    try:
        said = came.json()
    except Unreachable:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("error"), str):
        if 300 <= came.status < 400:
            raise Unreachable("The hub sends elsewhere. Give the address where it really is.")
        raise refusal(came.status, f"The hub answered with status {came.status} and no explanation.")
    raise refusal(came.status, said["error"], field=said.get("field"), in_use=bool(said.get("inUse")))


def path(*parts: object) -> str:
    """Join parts of a path; nothing in them can lead elsewhere."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def nothing(_: Answer) -> None:
    """Read nothing."""


def as_json(answer: Answer) -> Any:
    """Read JSON."""
    return answer.json()


def as_text(answer: Answer) -> str:
    """Read text."""
    return answer.text()


def as_bytes(answer: Answer) -> bytes:
    """Read it as it is."""
    return answer.content


def as_sent(answer: Answer) -> Any:
    """Read JSON, or text where the hub says that it is no JSON."""
    return answer.json() if "json" in answer.headers.get("content-type", "json") else answer.text()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(str(one) for one in value)
    return str(value)
