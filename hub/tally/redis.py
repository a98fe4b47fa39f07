"""The tally of all nodes together, in Redis: one script, so that many at once gain nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from redis.asyncio import Redis

from hub.redis_link import FAILURES, Outage, connections
from hub.tally import Charge
from hub.tally.memory import MemoryTally

T = TypeVar("T")

_KEY: Final = "hub:tally:"
_ANSWER: Final = 1.0
"""Seconds that Redis has; somebody waits to be let in."""

_TAKE: Final = """
local t = redis.call('TIME')
local now, wait, after = t[1] * 1000000 + t[2], 0, {}
for i, key in ipairs(KEYS) do
  local place, limit = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local full = math.max(tonumber(redis.call('GET', key) or now), now)
  wait = math.max(wait, full - (limit - 1) * place - now)
  after[i] = full + place
end
if wait > 0 then return string.format('%.0f', wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000) + 1)
end
return '0'
"""
_GIVE_BACK: Final = """
local t = redis.call('TIME')
local now, full = t[1] * 1000000 + t[2], tonumber(redis.call('GET', KEYS[1]) or 0) - tonumber(ARGV[1])
if full > now then
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
else
  redis.call('DEL', KEYS[1])
end
return '0'
"""


class RedisTally:
    """Counts in Redis, and in this process for as long as Redis is away: an outage neither opens nor shuts the door."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis(connection_pool=connections(redis_url))
        self._outage = Outage(redis_url, what="the tally")
        self._own = MemoryTally()
        self._take = self._redis.register_script(_TAKE)
        self._give_back = self._redis.register_script(_GIVE_BACK)

    async def take(self, charges: Sequence[Charge], now: datetime) -> float:
        """Take a place of each bucket, or none; see `hub.tally.Tally`."""
        keys = [_KEY + one.key for one in charges]
        numbers = [number for one in charges for number in (round(one.place * 1_000_000), one.limit)]
        told = await self._asked(self._take(keys=keys, args=numbers))
        return await self._own.take(charges, now) if told is None else int(told) / 1_000_000

    async def give_back(self, charge: Charge, now: datetime) -> None:
        """Give one place back."""
        await self._own.give_back(charge, now)
        await self._asked(self._give_back(keys=[_KEY + charge.key], args=[round(charge.place * 1_000_000)]))

    async def forget(self, key: str) -> None:
        """Fill the bucket."""
        await self._own.forget(key)
        await self._asked(self._redis.delete(_KEY + key))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    async def _asked(self, asking: Awaitable[T]) -> T | None:
        try:
            async with asyncio.timeout(_ANSWER):
                answer = await asking
        except FAILURES as error:
            self._outage.begin("counting", error)
            return None
        self._outage.end("counting")
        return answer
