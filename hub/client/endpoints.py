"""Methods of both clients from one description: of a blocking client they return, of the other they are awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, overload

from hub.client.aio import AsyncTransport
from hub.client.asks import Ask, Program, alone
from hub.client.follow import Event, Following
from hub.client.sync import Transport

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Transport | AsyncTransport)


class Group(Generic[M]):
    """Methods that belong together."""

    def __init__(self, transport: M) -> None:
        self._transport = transport

    @property
    def transport(self) -> M:
        """How requests are sent."""
        return self._transport


class Steps(Generic[P, T]):
    """A method that takes several requests."""

    def __init__(self, make: Callable[P, Program[T]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, group: Group[Transport], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: Group[AsyncTransport], owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, group: Any, owner: type) -> Any:
        @wraps(self._make)
        def call(*args: P.args, **named: P.kwargs) -> Any:
            return group.transport.run(self._make(*args, **named))

        return call


class Endpoint(Steps[P, T]):
    """A method that is one request."""

    def __init__(self, make: Callable[P, Ask[T]]) -> None:
        @wraps(make)
        def program(*args: P.args, **named: P.kwargs) -> Program[T]:
            return alone(make(*args, **named))

        super().__init__(program)


class Pages(Generic[P, T]):
    """A method that goes through a list of any length, page by page."""

    def __init__(self, make: Callable[P, Ask[list[T]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, group: Group[Transport], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, group: Group[AsyncTransport], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, group: Any, owner: type) -> Any:
        @wraps(self._make)
        def call(*args: P.args, **named: P.kwargs) -> Any:
            return group.transport.each(self._make(*args, **named))

        return call


class Followed(Generic[P]):
    """A method that follows a task."""

    def __init__(self, make: Callable[P, Following]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, group: Group[Transport], owner: type) -> Callable[P, Iterator[Event]]: ...
    @overload
    def __get__(self, group: Group[AsyncTransport], owner: type) -> Callable[P, AsyncIterator[Event]]: ...
    def __get__(self, group: Any, owner: type) -> Any:
        @wraps(self._make)
        def call(*args: P.args, **named: P.kwargs) -> Any:
            return group.transport.follow(self._make(*args, **named))

        return call
