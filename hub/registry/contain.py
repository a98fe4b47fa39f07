"""Calling foreign code: alone, with a time limit, its errors turned into sentences that name the plugin.

What a plugin raises on purpose (`PluginError` and its kin, `Stopped`) and what the hub itself raised inside a plugin's
call (`HubError`) carries policy and passes through. The text of anything else may hold a secret, such as the address of
a webhook, so people read only its kind; the whole of it goes to the server's log.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.errors import HubError
from hub.plugin.errors import NotReady, PluginError
from hub.plugin.execution import Stopped

logger = logging.getLogger("hub.plugins")

MOST_STUCK = 4
"""Calls of one plugin that may hang beyond their limit before the hub stops asking it."""

T = TypeVar("T")


class Fault(PluginError):
    """The plugin raised what it did not mean to raise."""


class TooSlow(NotReady):
    """The plugin did not answer in time."""


async def guard(plugin: str, awaitable: Awaitable[T], *, limit: float | None) -> T:
    """Await a plugin's verb for at most `limit` seconds.

    Raises `NotReady` when it takes longer, and `PluginError` in place of every error that is the plugin's fault.
    """
    scope = asyncio.timeout(limit)
    try:
        async with scope:
            return await awaitable
    except (PluginError, HubError, Stopped):
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise blame(plugin, error) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - logged by `blame`
        if scope.expired() and isinstance(error, TimeoutError):
            raise TooSlow(f"The plugin {plugin} did not answer within {limit:g} seconds.") from None
        raise blame(plugin, error) from None


def blame(plugin: str, error: BaseException) -> Fault:
    """Log a plugin's error in full and return it as a sentence without its text."""
    logger.error("The plugin %s failed.", plugin, exc_info=error)
    return Fault(f"The plugin {plugin} failed with {type(error).__name__}; the server's log has the details.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one implementation of a hook said: a result or an error, never both."""

    plugin: str
    result: Any = None
    error: BaseException | None = None


class Threads:
    """Runs synchronous hooks off the event loop, where one that hangs costs a thread and not the hub.

    The threads are daemons, so that a stuck plugin cannot hold up the end of the process.
    """

    def __init__(self) -> None:
        self._late: dict[str, list[Future[Answer]]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def ask(self, plugin: str, call: Callable[[], Any], *, limit: float) -> Answer:
        """Run `call` and return what came of it, after `limit` seconds at the latest."""
        future = self._start(plugin, call)
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait([waiting], timeout=limit)
        finally:
            waiting.cancel()  # The thread goes on; its answer must not knock at a loop that may be closed by then.
        return self._answer(plugin, future)

    def ask_and_block(self, plugin: str, call: Callable[[], Any], *, limit: float) -> Answer:
        """Like `ask`, for moments at which nothing else runs: the start and the end of the hub."""
        future = self._start(plugin, call)
        wait([future], timeout=limit)
        return self._answer(plugin, future)

    async def ask_in_turn(self, plugin: str, call: Callable[[], Any], *, limit: float) -> Answer:
        """Like `ask`, one call of a plugin at a time and in order; `limit` includes the wait for its turn."""
        turn = self._turns.setdefault(plugin, asyncio.Lock())
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        try:
            async with asyncio.timeout_at(end):
                await turn.acquire()
        except TimeoutError:
            sentence = f"The plugin {plugin} was not asked in time, because it was still busy with earlier calls."
            return Answer(plugin, error=TooSlow(sentence))
        try:
            return await self.ask(plugin, call, limit=max(end - loop.time(), 0))
        finally:
            turn.release()

    def _start(self, plugin: str, call: Callable[[], Any]) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()
        late = self._late[plugin] = [each for each in self._late.get(plugin, ()) if not each.done()]
        if len(late) >= MOST_STUCK:
            sentence = f"The plugin {plugin} was not asked, because earlier calls of it have not returned."
            future.set_result(Answer(plugin, error=TooSlow(sentence)))
            return future

        def work() -> None:
            try:
                answer = Answer(plugin, result=call())
            except BaseException as error:  # noqa: BLE001 - a thread has nobody above it to raise to
                answer = Answer(plugin, error=error)
            future.set_result(answer)

        context = contextvars.copy_context()
        try:
            threading.Thread(target=context.run, args=(work,), name=f"plugin {plugin}", daemon=True).start()
        except RuntimeError:
            sentence = f"The plugin {plugin} was not asked, because the system gives out no more threads."
            future.set_result(Answer(plugin, error=TooSlow(sentence)))
        return future

    def _answer(self, plugin: str, future: Future[Answer]) -> Answer:
        if future.done():
            return future.result()
        self._late[plugin].append(future)
        return Answer(plugin, error=TooSlow(f"The plugin {plugin} did not answer in time."))
