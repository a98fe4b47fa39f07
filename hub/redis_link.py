"""What the Redis twins of the queue and the bell share: connecting, noticing silence, reporting an outage once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from hub.errors import SettingsError
from hub.felt import FELT

_log = logging.getLogger(__name__)

FAILURES = (RedisError, OSError, TimeoutError)
"""What a Redis that is away, hangs, is loading, is full or refuses us looks like."""

_CONNECTIONS = 16
_CONNECT = 2.0
_ANSWER = 5
_SILENCE = 15.0
"""A silent subscription is pinged after so many seconds: a connection lost without a word is found out by asking."""


def connections(url: str) -> BlockingConnectionPool:
    """Return a bounded pool for `url`; nothing is connected yet."""
    try:
        return BlockingConnectionPool.from_url(
            url, max_connections=_CONNECTIONS, timeout=_ANSWER, socket_connect_timeout=_CONNECT, socket_timeout=_ANSWER
        )
    except ValueError:
        # The text of the error may quote the address, and with it a password.
        raise SettingsError(
            "The address of Redis is malformed. Write redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket."
        ) from None


def place(url: str) -> str:
    """Return where Redis is, without user and password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


def delays() -> Iterator[float]:
    """Yield how long to wait before each further attempt, in seconds."""
    delay = 0.05
    while True:
        yield delay
        delay = min(delay * 2, 1.0)


class Outage:
    """Logs once that Redis went away and once that it is back, however many connections notice it."""

    def __init__(self, url: str, *, what: str) -> None:
        self._place = place(url)
        self._what = what
        self._noticed: set[str] = set()

    def begin(self, who: str, error: Exception) -> None:
        """Note that `who` cannot reach Redis."""
        FELT.note("queue")
        if not self._noticed:
            reason = str(error) or type(error).__name__
            _log.warning("Redis at %s does not serve %s (%s); trying until it does.", self._place, self._what, reason)
        self._noticed.add(who)

    def end(self, who: str) -> None:
        """Note that `who` reaches Redis."""
        if self._noticed:
            self._noticed.discard(who)
            if not self._noticed:
                _log.info("Redis at %s serves %s again.", self._place, self._what)


class Subscription:
    """Hears what is published under a prefix, over one connection that is made anew whenever it is lost.

    `heard` gets the rest of the channel's name and the data. `found` is called after each time that Redis confirmed the
    subscription, `lost` after each failure: what was published in between was not heard.
    """

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        outage: Outage,
        *,
        heard: Callable[[str, bytes], None],
        found: Callable[[], None],
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._redis = redis
        self._prefix = prefix
        self._outage = outage
        self._heard = heard
        self._found = found
        self._lost = lost

    async def run(self) -> None:
        """Hear until cancelled."""
        waits = delays()
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._subscribe(pubsub)
                    waits = delays()
                    self._outage.end("subscription")
                    self._found()
                    await self._hear(pubsub)
            except FAILURES as error:
                self._outage.begin("subscription", error)
                self._lost()
            await asyncio.sleep(next(waits))

    async def _subscribe(self, pubsub: PubSub) -> None:
        await pubsub.psubscribe(f"{self._prefix}*")
        message = await pubsub.get_message(timeout=_ANSWER)
        if message is None or message["type"] != "psubscribe":
            raise TimeoutError("it did not confirm the subscription")

    async def _hear(self, pubsub: PubSub) -> None:
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_SILENCE)
            if message is None:
                await pubsub.ping()
                message = await pubsub.get_message(timeout=_ANSWER)
                if message is None:
                    raise TimeoutError("it does not answer a ping")
            if message["type"] == "pmessage":
                name = message["channel"].decode(errors="replace")
                self._heard(name.removeprefix(self._prefix), message["data"])
