"""The queue between machines: arq over Redis, with a wake-up by pub/sub. The only client of arq.

arq is used as a list of numbers and no more. A message is acknowledged before its work begins: leases, retries and
results live in the database, where they survive Redis. That leaves nothing behind in Redis when a worker is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import to_unix_ms
from arq.worker import Retry, Worker, func

from hub.errors import Unavailable
from hub.felt import FELT
from hub.queue import Gate, Work
from hub.queue.calls import Calls
from hub.redis_link import FAILURES, Outage, Subscription, connections, delays, place

_log = logging.getLogger(__name__)

_LANE = "hub:lane:"
_WAKE = "hub:wake:"
_FUNCTION = "carry"
_MARK = "hub:mark"

_POLL = 1.0
"""Seconds between two looks at the lanes when no wake-up arrives."""

_TAKING = 10
"""Seconds that taking one message may last; a worker killed meanwhile delays that message by twice that."""

_KEPT = timedelta(days=365)
"""arq forgets a message after a day unless told otherwise; a runner may be away for longer."""

_SKEW = timedelta(days=1)
"""arq hides a message until the taker's clock reaches the sender's; backdating makes clocks that differ harmless."""

# arq writes two lines at INFO for each message; the log of a task says all of that.
logging.getLogger("arq.worker").setLevel(logging.WARNING)


def _encode(data: dict[str, Any]) -> bytes:
    """JSON, since arq's default of pickle would run code for whoever can write to Redis."""
    return json.dumps(data, default=str).encode()


def _decode(data: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(data)
    return decoded


class ArqQueue:
    """One arq queue per lane. A lane holds a number once while it waits; a number under way may be sent again."""

    def __init__(self, redis_url: str) -> None:
        self._place = place(redis_url)
        self._mark: bytes | None = None
        self._outage = Outage(redis_url, what="the queue")
        self._redis = ArqRedis(connections(redis_url), job_serializer=_encode, job_deserializer=_decode)

    async def send(self, lane: str, number: int) -> None:
        """Hand over `number`. Raises `Unavailable` when Redis does not take it.

        arq's own way looks first whether the message is there, and takes four round trips. All messages of a number
        are the same, so here it is stored in any case, keeps its place, and whoever serves is woken: in one.
        """
        name = f"{_LANE}{lane}:{number}"
        since = to_unix_ms(datetime.now(UTC) - _SKEW)
        message = serialize_job(_FUNCTION, (), {}, None, since, serializer=_encode)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.psetex(job_key_prefix + name, _KEPT, message)
                pipe.zadd(_LANE + lane, {name: since}, nx=True)
                pipe.publish(_WAKE + lane, b"")
                await pipe.execute()
        except FAILURES as error:
            FELT.note("queue")
            raise Unavailable(
                f"Redis at {self._place} does not take work at the moment; it is handed over as soon as Redis is back."
            ) from error

    async def ping(self) -> None:
        """Return when Redis answers. Raises `Unavailable` when it does not."""
        try:
            await self._redis.ping()
        except FAILURES as error:
            raise Unavailable(f"Redis at {self._place} does not answer.") from error

    async def forgot(self) -> bool:
        """Whether Redis has lost what it held since this was last asked here. Raises `Unavailable`.

        A mark lies there that whoever misses it lays anew: another mark tells that the first one was lost.
        """
        try:
            await self._redis.set(_MARK, secrets.token_hex(8), nx=True)
            mark = await self._redis.get(_MARK)
        except FAILURES as error:
            raise Unavailable(f"Redis at {self._place} does not answer.") from error
        before, self._mark = self._mark, mark
        return before is not None and mark != before

    async def serve(self, lanes: Sequence[str], work: Work, *, slots: int, gate: Gate | None = None) -> None:
        """Call `work` for each message of these lanes; see `hub.queue.Queue`."""
        calls = partial(Calls, work, slots=slots, gate=gate)
        await _Server(self._redis, self._outage, lanes, calls).run()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)


class _Server:
    """One call of `serve`: takes from its lanes in turns, whenever a slot is free and a lane may hold something."""

    def __init__(self, redis: ArqRedis, outage: Outage, lanes: Sequence[str], calls: Callable[..., Calls]) -> None:
        self._outage = outage
        self._woken = asyncio.Event()
        self._stopping = False
        self._calls = calls(freed=self._woken.set)
        self._lanes = deque(
            _Lane(lane, redis, self._calls, outage, more=self._woken.set) for lane in dict.fromkeys(lanes)
        )
        self._subscription = Subscription(redis, _WAKE, outage, heard=self._hear, found=self._woken.set)

    async def run(self) -> None:
        hearing = asyncio.create_task(self._subscription.run())
        taking = asyncio.create_task(self._take())
        try:
            # A cancellation must not tear a message from Redis half way: `taking` is told to stop, never cancelled.
            await asyncio.wait({hearing, taking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop()
            hearing.cancel()
            await asyncio.wait({hearing, taking})
            for lane in self._lanes:
                await lane.settle()
            await self._calls.drain()
        for task in (hearing, taking):
            if not task.cancelled():
                task.result()

    def _stop(self) -> None:
        self._stopping = True
        for lane in self._lanes:
            lane.stopping = True
        self._woken.set()

    def _hear(self, lane: str, _data: bytes) -> None:
        if any(lane == served.lane for served in self._lanes):
            self._woken.set()

    async def _take(self) -> None:
        waits = delays()
        while not self._stopping:
            if not self._calls.free:
                await self._pause(None)
                continue
            self._woken.clear()
            try:
                await self._take_in_turns()
            except FAILURES as error:
                self._outage.begin("lanes", error)
                await self._pause(next(waits))
            else:
                self._outage.end("lanes")
                waits = delays()
                await self._pause(_POLL)

    async def _take_in_turns(self) -> None:
        for lane in tuple(self._lanes):
            if self._calls.free and not self._stopping:
                await lane.take()
        self._lanes.rotate(-1)

    async def _pause(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()


class _Lane(Worker):
    """An arq worker that takes numbers off one lane and hands each to `calls` once Redis has forgotten it.

    Forgotten first: a number sent while its message waits is not stored twice, and is not lost either, because the work
    begins after that and reads a database in which the sender has committed.
    """

    def __init__(self, lane: str, redis: ArqRedis, calls: Calls, outage: Outage, *, more: Callable[[], None]) -> None:
        super().__init__(
            [func(self._carry, name=_FUNCTION)],
            queue_name=_LANE + lane,
            redis_pool=redis,
            handle_signals=False,
            # arq loses count of its jobs when Redis goes away while it takes one; `calls` counts instead.
            max_jobs=1_000_000,
            queue_read_limit=100,
            job_timeout=_TAKING,
            keep_result=0,
            # Taking is what is tried again, after a worker died while it took; `work` is called once per message taken.
            max_tries=1_000_000,
            job_serializer=_encode,
            job_deserializer=_decode,
            log_results=False,
        )
        self.lane = lane
        self.stopping = False
        self._calls = calls
        self._outage = outage
        self._more = more
        self._name = re.compile(re.escape(_LANE + lane).encode() + rb":(-?[0-9]{1,19})")
        self._taken: dict[str, int] = {}

    async def take(self) -> None:
        """Take what the lane holds and the slots allow."""
        await self._poll_iteration()

    async def settle(self) -> None:
        """Wait until each message that was being taken is either begun or back on the lane."""
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def heart_beat(self) -> None:
        """Nothing: the hub knows its workers from the database, and has no arq cron."""

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        if len(job_ids) >= self.queue_read_limit:
            self._more()
        for job_id in job_ids:
            if self.stopping or not self._calls.free:
                return
            if not self._name.fullmatch(job_id):
                _log.warning("Lane %s held something that is not a number of ours; it was thrown away.", self.lane)
                await self.pool.zrem(self.queue_name, job_id)
                continue
            await self._start(job_id)

    async def _start(self, job_id: bytes) -> None:
        self._calls.reserve()
        before = self.tasks.get(job_id.decode())
        try:
            await super().start_jobs([job_id])
        finally:
            if self.tasks.get(job_id.decode()) is before:  # another worker was faster
                self._calls.give_back()

    async def run_job(self, job_id: str, score: int) -> None:
        try:
            await super().run_job(job_id, score)
        except FAILURES as error:
            # The message may come again. What was carried begins all the same: twice is harmless, never is not.
            self._outage.begin("lanes", error)
        except BaseException:
            self._calls.give_back()
            raise
        number = self._taken.pop(job_id, None)
        if number is None:
            self._calls.give_back()
        else:
            self._calls.begin(self.lane, number)

    async def _carry(self, ctx: dict[str, Any]) -> None:
        if self.stopping:
            raise Retry  # leaves the message on the lane for another worker
        job_id: str = ctx["job_id"]
        match = self._name.fullmatch(job_id.encode())
        assert match
        self._taken[job_id] = int(match[1])
