"""The bell between processes: Redis pub/sub, one subscription per process."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from hub.bell import Ears
from hub.bell.memory import LIMIT, MemoryBell
from hub.redis_link import FAILURES, Outage, Subscription, connections, delays

_log = logging.getLogger(__name__)

_CHANNEL = "hub:bell:"
_FAREWELL = 1.0
"""Seconds that closing waits for rings which are still to be sent."""


class RedisBell:
    """Tells the listeners of this process at once and those of others through Redis.

    Rings leave in batches behind the caller's back, so that `ring` costs no round trip. While Redis is away they wait,
    each topic once and at most `LIMIT` of them.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis(connection_pool=connections(redis_url))
        self._outage = Outage(redis_url, what="the bell")
        self._local = MemoryBell()
        self._name = secrets.token_bytes(8)
        self._outbox: dict[str, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._deaf = False
        self._closed = False

    async def ring(self, topic: str) -> None:
        """Wake everybody who listens to a prefix of `topic`. Never raises."""
        self._local.sound(topic)
        if self._closed or len(self._outbox) >= LIMIT:
            return
        self._outbox[topic] = None
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
            self._sending.add_done_callback(self._sent)

    @asynccontextmanager
    async def listen(self, *prefixes: str) -> AsyncIterator[Ears]:
        """Listen while the context is open. With Redis away it opens all the same, and rings once Redis is found."""
        async with self._local.listen(*prefixes) as ears:
            if self._hearing is None:
                subscription = Subscription(
                    self._redis, _CHANNEL, self._outage, heard=self._hear, found=self._find, lost=self._lose
                )
                self._hearing = asyncio.create_task(subscription.run())
                self._hearing.add_done_callback(self._stop_hearing)
            await self._settled.wait()
            yield ears

    async def aclose(self) -> None:
        """Send what is still to be sent, if Redis takes it within a second, and close the connections."""
        self._closed = True
        if self._sending:
            await asyncio.wait({self._sending}, timeout=_FAREWELL)
        for task in (self._sending, self._hearing):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._redis.aclose(close_connection_pool=True)

    def _hear(self, topic: str, sender: bytes) -> None:
        if sender != self._name:  # our own listeners were told when it rang
            self._local.sound(topic)

    def _find(self) -> None:
        if self._deaf:
            self._deaf = False
            self._local.sound_everything()
        self._settled.set()

    def _lose(self) -> None:
        self._deaf = True
        self._settled.set()

    def _stop_hearing(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error(
                "The bell went deaf by an error that nobody expected; the next listener mends it.", exc_info=error
            )
            self._hearing = None
            self._lose()

    async def _send(self) -> None:
        waits = delays()
        while self._outbox:
            batch, self._outbox = self._outbox, {}
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for topic in batch:
                        pipe.publish(_CHANNEL + topic, self._name)
                    await pipe.execute()
            except FAILURES as error:
                self._outbox = batch | self._outbox
                self._outage.begin("sender", error)
                await asyncio.sleep(next(waits))
            else:
                self._outage.end("sender")
                waits = delays()

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending = None
        if not task.cancelled() and (error := task.exception()):
            _log.error("Rings were lost by an error that nobody expected.", exc_info=error)
