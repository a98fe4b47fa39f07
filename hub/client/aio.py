"""Sends requests and lets others work meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx

from hub.client.asks import Answer, Ask, Failure, Going, Pause, Program, alone, whole
from hub.client.connection import Connection, answered, failed
from hub.client.follow import Event, Following

T = TypeVar("T")


class AsyncTransport:
    """Awaits the hub's answers."""

    def __init__(self, connection: Connection, http: httpx.AsyncClient | None = None) -> None:
        self.connection = connection
        self.http = http or httpx.AsyncClient(timeout=connection.timeout)

    async def run(self, program: Program[T]) -> T:
        """Carry out a program."""
        going = Going(program, self.connection.retries)
        while going.step is not None:
            going.go_on(await self._done(going.step))
        return going.result

    async def _done(self, step: Ask[Any] | Pause) -> Answer | Failure | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return answered(await self.http.request(**self.connection.arguments(step)))
        except httpx.TransportError as error:
            return failed(error, self.connection.server)

    async def each(self, ask: Ask[list[T]]) -> AsyncIterator[T]:
        """Go through a list, page by page."""
        following: Ask[Any] | None = ask
        while following is not None:
            answer = await self.run(alone(whole(following)))
            for one in following.read(answer):
                yield one
            following = self.connection.next_page(following, answer)

    async def follow(self, following: Following) -> AsyncIterator[Event]:
        """Follow a task, over as many connections as it takes."""
        while not following.over:
            try:
                arguments = self.connection.arguments(following.ask(), accept="text/event-stream")
                async with self.http.stream(**arguments) as came:
                    if came.status_code == 200:
                        async for line in came.aiter_lines():
                            for event in following.feed(line):
                                yield event
                        pause = following.broken()
                    else:
                        await came.aread()
                        pause = following.broken(answered(came))
            except httpx.TransportError as error:
                pause = following.broken(failed(error, self.connection.server))
            await asyncio.sleep(pause)
