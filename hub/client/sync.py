"""Sends requests and waits for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx

from hub.client.asks import Answer, Ask, Failure, Going, Pause, Program, alone, whole
from hub.client.connection import Connection, answered, failed
from hub.client.follow import Event, Following

T = TypeVar("T")


class Transport:
    """Blocks until the hub has answered."""

    def __init__(self, connection: Connection, http: httpx.Client | None = None) -> None:
        self.connection = connection
        self.http = http or httpx.Client(timeout=connection.timeout)

    def run(self, program: Program[T]) -> T:
        """Carry out a program."""
        going = Going(program, self.connection.retries)
        while going.step is not None:
            going.go_on(self._done(going.step))
        return going.result

    def _done(self, step: Ask[Any] | Pause) -> Answer | Failure | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return answered(self.http.request(**self.connection.arguments(step)))
        except httpx.TransportError as error:
            return failed(error, self.connection.server)

    def each(self, ask: Ask[list[T]]) -> Iterator[T]:
        """Go through a list, page by page."""
        following: Ask[Any] | None = ask
        while following is not None:
            answer = self.run(alone(whole(following)))
            yield from following.read(answer)
            following = self.connection.next_page(following, answer)

    def follow(self, following: Following) -> Iterator[Event]:
        """Follow a task, over as many connections as it takes."""
        while not following.over:
            try:
                with self.http.stream(**self.connection.arguments(following.ask(), accept="text/event-stream")) as came:
                    if came.status_code == 200:
                        for line in came.iter_lines():
                            yield from following.feed(line)
                        pause = following.broken()
                    else:
                        came.read()
                        pause = following.broken(answered(came))
            except httpx.TransportError as error:
                pause = following.broken(failed(error, self.connection.server))
            time.sleep(pause)
