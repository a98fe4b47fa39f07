"""Answers the API's reads ahead of the web framework, whose machinery takes longer than most of them.

Only what needs nothing of it comes here: a GET without a body, of a route that does not stream. Routing is the
framework's own map, and the route, its checks and its view are the same; everything else goes on to the framework.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from quart import Quart, Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.request import Request

from hub.web.api.kept import LONGEST, STEADY, Kept, Sent
from hub.web.api.routing import PREFIX, Access, Call, Route
from hub.web.errors import json_error
from hub.web.front.metrics import SEEN
from hub.web.headers import SAFE, UNKEPT

Admit = Callable[[Route, Mapping[str, str], Request], Awaitable[Call]]
See = Callable[[Route, Call], Awaitable[Response]]
Scope = Mapping[str, Any]

_BODY: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Headers of requests that have a body, or ask for more than an answer."""

_STREAMS: Final = frozenset({
    *(f"/project/{{project_id}}/tasks/{{task_id}}/{name}" for name in ("output", "raw_output", "log/download")),
    "/project/{project_id}/tasks/{task_id}/artifacts/{artifact_id}",
    *(f"{audit}/{name}" for audit in ("/audit", "/project/{project_id}/audit") for name in ("csv", "jsonl")),
})  # fmt: skip
"""Routes that send something of any length piece by piece."""

_ALWAYS: Final = tuple((name.lower().encode(), value.encode()) for name, value in (*SAFE.items(), UNKEPT))


def is_plain(route: Route) -> bool:
    """Tell whether a route can be answered here."""
    known = route.access is not Access.PUBLIC or route.path == "/ping"  # the others look at cookies and addresses
    return known and route.method == "GET" and not route.needs_body and route.path not in _STREAMS


class Reads:
    """An ASGI application in front of another one."""

    def __init__(self, app: Quart, routes: Mapping[str, Route], admit: Admit, see: See) -> None:
        self._onward: Callable[..., Awaitable[None]] = app.asgi_app
        self._map = app.url_map.bind("hub")
        self._routes = {endpoint: route for endpoint, route in routes.items() if is_plain(route)}
        self._admit, self._see = admit, see
        self._kept = Kept()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or pass it on."""
        found = self._find(scope)
        if found is None:
            await self._onward(scope, receive, send)
            return
        if SEEN in scope:
            scope[SEEN]["route"] = f"{PREFIX}{found[0].path}"
        try:
            sent = await self._answer(*found, _request(scope))
        except Exception as error:  # noqa: BLE001 - the last one to meet it; it is logged and told
            sent = await _sent(json_error(error))
        await send({"type": "http.response.start", "status": sent.status, "headers": list(sent.headers)})
        await send({"type": "http.response.body", "body": sent.body, "more_body": False})

    async def _answer(self, route: Route, parts: Mapping[str, str], asked: Request) -> Sent:
        call = await self._admit(route, parts, asked)

        async def read() -> Sent:
            return await _sent(await self._see(route, call))

        if route.path not in STEADY or len(asked.query_string) > LONGEST:
            return await read()
        return await self._kept.answer((call.actor, call.address, asked.query_string, call.strict), read)

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


async def _sent(response: Response) -> Sent:
    """Return the answer of a view as it is sent, with the headers of every answer where it did not write them."""
    own = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.headers]
    written = {name for name, _ in own}
    headers = (*own, *(pair for pair in _ALWAYS if pair[0] not in written))
    return Sent(response.status_code, headers, await response.get_data(as_text=False))
