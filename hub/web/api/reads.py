"""Answers the API's reads ahead of the web framework, whose machinery takes longer than most of them.

Only what needs nothing of it comes here: a GET without a body, of a route that does not stream. Routing is the
framework's own map, and the route, its checks and its view are the same; everything else goes on to the framework.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from quart import Quart, Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.request import Request

from hub.web.api.routing import PREFIX, Access, Route
from hub.web.errors import json_error
from hub.web.headers import SAFE, UNKEPT

Read = Callable[[Route, Mapping[str, str], Request], Awaitable[Response]]
Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Pairs = list[tuple[bytes, bytes]]

_BODY: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of requests that have a body, or ask for more than an answer."""

_STREAMS: Final = frozenset(f"/project/{{project_id}}/tasks/{{task_id}}/{name}" for name in ("output", "raw_output"))
"""Routes that send a log of any length piece by piece."""

_ALWAYS: Final = tuple((name.lower().encode(), value.encode()) for name, value in (*SAFE.items(), UNKEPT))


def is_plain(route: Route) -> bool:
    """Tell whether a route can be answered here."""
    known = route.access is not Access.PUBLIC or route.path == "/ping"  # the others look at cookies and addresses
    return known and route.method == "GET" and not route.needs_body and route.path not in _STREAMS


class Reads:
    """An ASGI application in front of another one."""

    def __init__(self, app: Quart, routes: Mapping[str, Route], read: Read) -> None:
        self._onward: Callable[..., Awaitable[None]] = app.asgi_app
        self._map = app.url_map.bind("hub")
        self._routes = routes
        self._read = read

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or pass it on."""
        found = self._find(scope)
        if found is None:
            await self._onward(scope, receive, send)
            return
        try:
            response = await self._read(*found, _request(scope))
        except Exception as error:  # noqa: BLE001 - the last one to meet it; it is logged and told
            response = json_error(error)
        body = await response.get_data(as_text=False)
        await send({"type": "http.response.start", "status": response.status_code, "headers": _headers(response)})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _find(self, scope: Scope) -> tuple[Route, Mapping[str, str]] | None:
        if scope["type"] != "http" or scope["method"] != "GET" or any(name in _BODY for name, _ in scope["headers"]):
            return None
        path = _path(scope)
        if not path.startswith(f"{PREFIX}/"):
            return None
        try:
            endpoint, parts = self._map.match(path, method="GET")
        except HTTPException:
            return None
        route = self._routes.get(endpoint)
        return None if route is None else (route, parts)


def _path(scope: Scope) -> str:
    """Return the path below the one that the hub is mounted at."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _request(scope: Scope) -> Request:
    headers = Headers([(name.decode("latin1"), value.decode("latin1")) for name, value in scope["headers"]])
    client = scope.get("client")
    return Request(
        "GET", scope["scheme"], scope.get("server"), scope.get("root_path", ""), _path(scope), scope["query_string"],
        headers, client[0] if client else None,
    )  # fmt: skip


def _headers(response: Response) -> Pairs:
    """Return the headers of the view, and those of every answer where it did not write them itself."""
    own = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.headers]
    written = _names(own)
    return [*own, *(pair for pair in _ALWAYS if pair[0] not in written)]


def _names(pairs: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    return frozenset(name for name, _ in pairs)
