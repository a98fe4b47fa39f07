"""The two clients: everything of a hub, behind one object."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self

from hub.client.aio import AsyncTransport
from hub.client.asks import Ask, as_sent
from hub.client.connection import Connection
from hub.client.endpoints import Endpoint, Group, M
from hub.client.people import Tokens, Users
from hub.client.projects import Projects
from hub.client.sync import Transport
from hub.client.things import Things
from hub.client.work import Tasks

if TYPE_CHECKING:
    from hub import shapes


def _request(
    method: str,
    where: str,
    *,
    query: dict[str, Any] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Ask[Any]:
    """Ask for anything that the API has: `request("GET", "/project/1/keys")`. Returns JSON, text, or None."""
    below = "/" + where.removeprefix("/api").lstrip("/")
    return Ask(method.upper(), below, as_sent, query=query or {}, body=body, headers=headers or {})


class _Hub(Group[M], Generic[M]):
    """What both have."""

    request = Endpoint(_request)

    def __init__(self, transport: M) -> None:
        super().__init__(transport)
        self.projects: Projects[M] = Projects(transport)
        self.tasks: Tasks[M] = Tasks(transport)
        self.templates: Things[M, shapes.Template, shapes.NewTemplate] = Things(transport, "templates")
        self.keys: Things[M, shapes.Key, shapes.Key] = Things(transport, "keys")
        self.repositories: Things[M, shapes.Repository, shapes.Repository] = Things(transport, "repositories")
        self.inventories: Things[M, shapes.Inventory, shapes.Inventory] = Things(transport, "inventory")
        self.environments: Things[M, shapes.Environment, shapes.Environment] = Things(transport, "environment")
        self.schedules: Things[M, shapes.Schedule, shapes.Schedule] = Things(transport, "schedules")
        self.integrations: Things[M, shapes.Integration, shapes.Integration] = Things(transport, "integrations")
        self.views: Things[M, shapes.View, shapes.View] = Things(transport, "views")
        self.host_configs: Things[M, shapes.HostConfig, shapes.HostConfig] = Things(transport, "host_configs")
        self.users: Users[M] = Users(transport)
        self.tokens: Tokens[M] = Tokens(transport)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.transport.connection.server}>"


class Client(_Hub[Transport]):
    """A hub, asked by a program that waits for the answers.

    with Client("https://hub.example.org", token) as hub:
        task = hub.tasks.run(1, 7, message="by hand")
    """

    def __init__(
        self, server: str | None = None, token: str | None = None, *, timeout: float = 60.0, retries: int = 3
    ) -> None:
        """Connect to a hub; what is not given is taken from HUB_SERVER and HUB_TOKEN."""
        super().__init__(Transport(Connection.of(server, token, timeout=timeout, retries=retries)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self.transport.http.close()


class AsyncClient(_Hub[AsyncTransport]):
    """A hub, asked by a program that does other things meanwhile.

    async with AsyncClient("https://hub.example.org", token) as hub:
        task = await hub.tasks.run(1, 7, message="by hand")
    """

    def __init__(
        self, server: str | None = None, token: str | None = None, *, timeout: float = 60.0, retries: int = 3
    ) -> None:
        """Connect to a hub; what is not given is taken from HUB_SERVER and HUB_TOKEN."""
        super().__init__(AsyncTransport(Connection.of(server, token, timeout=timeout, retries=retries)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connections."""
        await self.transport.http.aclose()
