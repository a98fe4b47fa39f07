"""Things of a project: each kind is listed, read, made, replaced, changed and deleted in the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any, Generic, TypeVar, overload

from hub.client.aio import AsyncTransport
from hub.client.asks import Answer, Ask, Program, alone, as_json, nothing, once, path, whole
from hub.client.endpoints import Group, M
from hub.client.sync import Transport

T = TypeVar("T")
N = TypeVar("N")

PAGE = 200
"""Rows of a page when a list is gone through."""


class Things(Group[M], Generic[M, T, N]):
    """One kind of things; `T` is what is read of one, `N` what the answer to making one holds."""

    def __init__(self, transport: M, kind: str) -> None:
        super().__init__(transport)
        self._kind = kind

    @overload
    def list(self: Things[Transport, T, N], project_id: int, **query: Any) -> list[T]: ...
    @overload
    def list(self: Things[AsyncTransport, T, N], project_id: int, **query: Any) -> Awaitable[list[T]]: ...
    def list(self, project_id: int, **query: Any) -> Any:
        """Return those of a project; `query` sorts, filters and searches."""
        return self.transport.run(alone(Ask("GET", self._at(project_id), as_json, query=query)))

    @overload
    def each(self: Things[Transport, T, N], project_id: int, **query: Any) -> Iterator[T]: ...
    @overload
    def each(self: Things[AsyncTransport, T, N], project_id: int, **query: Any) -> AsyncIterator[T]: ...
    def each(self, project_id: int, **query: Any) -> Any:
        """Go through those of a project, page by page, however many there are."""
        return self.transport.each(Ask("GET", self._at(project_id), as_json, query={"limit": PAGE, **query}))

    @overload
    def get(self: Things[Transport, T, N], project_id: int, thing_id: int) -> T: ...
    @overload
    def get(self: Things[AsyncTransport, T, N], project_id: int, thing_id: int) -> Awaitable[T]: ...
    def get(self, project_id: int, thing_id: int) -> Any:
        """Return one of them."""
        return self.transport.run(alone(Ask("GET", self._at(project_id, thing_id), as_json)))

    @overload
    def create(self: Things[Transport, T, N], project_id: int, **members: Any) -> N: ...
    @overload
    def create(self: Things[AsyncTransport, T, N], project_id: int, **members: Any) -> Awaitable[N]: ...
    def create(self, project_id: int, **members: Any) -> Any:
        """Make one, and return it. It is made once, even if the request has to be sent again."""
        body = {**members, "project_id": project_id}
        return self.transport.run(alone(once(Ask("POST", self._at(project_id), as_json, body=body))))

    @overload
    def replace(self: Things[Transport, T, N], project_id: int, thing_id: int, **members: Any) -> None: ...
    @overload
    def replace(
        self: Things[AsyncTransport, T, N], project_id: int, thing_id: int, **members: Any
    ) -> Awaitable[None]: ...
    def replace(self, project_id: int, thing_id: int, **members: Any) -> Any:
        """Replace one: members that are not given go back to their defaults."""
        body = {**members, "id": thing_id, "project_id": project_id}
        return self.transport.run(alone(Ask("PUT", self._at(project_id, thing_id), nothing, body=body)))

    @overload
    def change(self: Things[Transport, T, N], project_id: int, thing_id: int, **members: Any) -> None: ...
    @overload
    def change(
        self: Things[AsyncTransport, T, N], project_id: int, thing_id: int, **members: Any
    ) -> Awaitable[None]: ...
    def change(self, project_id: int, thing_id: int, **members: Any) -> Any:
        """Change some members of one. Raises `Changed` when somebody else did so at the same moment."""
        return self.transport.run(_changed(self._at(project_id, thing_id), members))

    @overload
    def delete(self: Things[Transport, T, N], project_id: int, thing_id: int) -> None: ...
    @overload
    def delete(self: Things[AsyncTransport, T, N], project_id: int, thing_id: int) -> Awaitable[None]: ...
    def delete(self, project_id: int, thing_id: int) -> Any:
        """Delete one. Raises `Invalid` with `in_use` while something else needs it."""
        return self.transport.run(alone(Ask("DELETE", self._at(project_id, thing_id), nothing)))

    def _at(self, project_id: int, *more: int) -> str:
        return path("project", project_id, self._kind, *more)


def _changed(where: str, members: dict[str, Any]) -> Program[None]:
    answer: Answer = yield whole(Ask("GET", where, nothing))
    version = answer.headers.get("etag")
    headers = {"If-Match": version} if version else {}
    yield Ask("PUT", where, nothing, body={**answer.json(), **members}, headers=headers)
