"""Puts the table of routes into the web server."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from quart import Quart, Response, request
from werkzeug.sansio.request import Request as Asked

from hub.context import Hub
from hub.errors import Forbidden, HubError, Invalid, NotFound
from hub.plugin import PluginError
from hub.services import runner_link
from hub.services.actor import Actor
from hub.services.draft import MAX_ID, refuse_unfit_text
from hub.services.listing import Page
from hub.web.actor import NOBODY, actor_of, session_of
from hub.web.api import repeats, versions
from hub.web.api.queries import is_strict, turn_pages
from hub.web.api.reads import Reads
from hub.web.api.routing import PREFIX, ROUTES, Access, Answer, Call, Made, Route, check_token
from hub.web.encoding import dumps
from hub.web.errors import JSON, json_error, plain_not_found

_PART = re.compile(r"\{(\w+)\}")
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_WIRE_WORDS = {
    "runner_id": "runner_id required",
    "matcher_id": "Invalid Matcher ID",
    "value_id": "Invalid IntegrationExtractValue ID",
}


def mount(app: Quart, hub: Hub) -> None:
    """Add every route; unknown paths and methods below `/api` answer as the wire does."""
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for one in ROUTES.all:
        by_path[one.path][one.method] = one
    by_endpoint: dict[str, Route] = {}
    for path, methods in by_path.items():
        if "GET" in methods:
            by_endpoint[f"api {path}"] = methods["GET"]
        app.add_url_rule(
            PREFIX + _PART.sub(_rule_part, path),
            endpoint=f"api {path}",
            view_func=_view(hub, methods, by_path),
            methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK", "UNLOCK"],
            provide_automatic_options=False,
        )
    ahead = Reads(app, by_endpoint, partial(_call, hub), _seen)
    app.asgi_app = ahead  # type: ignore[method-assign]  # as ASGI middleware is put in


async def _seen(route: Route, call: Call) -> Response:
    """Answer a plain read, without the framework around it."""
    return _told(call, route, await route.view(call))


def _rule_part(part: re.Match[str]) -> str:
    """A part whose name ends in `_path` takes the rest of the address, slashes and all."""
    return f"<path:{part[1]}>" if part[1].endswith("_path") else f"<{part[1]}>"


def _view(
    hub: Hub, methods: Mapping[str, Route], by_path: Mapping[str, Mapping[str, Route]]
) -> Callable[..., Awaitable[Response]]:
    async def view(**parts: str) -> Response:
        route = methods.get("GET" if request.method == "HEAD" and "HEAD" not in methods else request.method)
        if route is None:
            return plain_not_found()
        try:
            call = await _call(hub, route, parts, request)
            if route.needs_body:
                call = replace(call, body=_decoded(await request.get_data()))
            return await _answer(route, call, by_path)
        except (HubError, PluginError) as error:
            return json_error(error)

    return view


async def _answer(route: Route, call: Call, by_path: Mapping[str, Mapping[str, Route]]) -> Response:
    """Call the view, with what the headers of the request ask for: a state to begin with, or to do it only once."""

    async def answer() -> Response:
        read = versions.reader(route, by_path)
        wanted = request.headers.get("If-Match")
        if wanted is None or route.method not in {"PUT", "DELETE"}:
            value = await route.view(call)
        else:
            value = await versions.unless_changed(route, read, call, wanted)
        return _told(call, route, value)

    key = request.headers.get("Idempotency-Key")
    if key is None or route.method != "POST" or route.access in {Access.PUBLIC, Access.SESSION}:
        return await answer()
    return await repeats.once(call, key, await request.get_data(), answer)


async def _call(hub: Hub, route: Route, parts: Mapping[str, str], asked: Asked) -> Call:
    actor = await _let_in(hub, route, parts.get("project_id"), asked)
    ids = {name: _whole_number(name, text) for name, text in parts.items() if name.endswith("_id")}
    texts = {name: text for name, text in parts.items() if not name.endswith("_id")}
    for text in (*texts.values(), *asked.args.values()):
        refuse_unfit_text(text)
    address = f"{asked.root_path}{asked.path}"
    return Call(hub, actor, ids, texts, asked.args, address=address, strict=is_strict(asked.headers))


async def _let_in(hub: Hub, route: Route, project: str | None, asked: Asked) -> Actor:
    if route.access is Access.PUBLIC:
        return NOBODY
    if route.access is Access.SESSION:
        return await session_of(hub, asked)
    if route.access is Access.RUNNER:
        return await runner_link.actor_of_runner(asked.headers.get("X-Runner-Token", ""))
    actor = await actor_of(hub, asked)
    check_token(actor, route, None if project is None else _whole_number("project_id", project))
    if route.access is Access.ADMIN and not actor.admin:
        raise Forbidden("Only an administrator may do this.")
    return actor


def _whole_number(name: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        if name in _WIRE_WORDS:
            raise Invalid(_WIRE_WORDS[name])
        words = name.removesuffix("_id").replace("_", " ")
        raise Invalid("Invalid project ID" if name == "project_id" else f"The {words} id must be a whole number.")
    if abs(int(text)) > MAX_ID:
        raise NotFound(f"There is no such {name.removesuffix('_id').replace('_', ' ')}.")
    return int(text)


def _decoded(data: bytes | str) -> Any:
    """Read the first JSON value; what stands behind it is ignored, as on the wire."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _first_value(data if isinstance(data, bytes) else data.encode())


def _first_value(data: bytes) -> Any:
    import json  # noqa: PLC0415 - only for bodies that orjson refuses

    try:
        text = data.decode("utf-8", "replace").lstrip(" \t\r\n")
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except (ValueError, RecursionError):
        raise Invalid("The body must be JSON.") from None
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _told(call: Call, route: Route, answer: Answer) -> Response:
    """Return the answer, and in its headers the state of a thing, or the pages around one of a list."""
    response = _response(answer)
    if isinstance(answer, Page):
        turn_pages(call, response, answer)
    if route.method == "GET" and isinstance(answer, dict):
        response.headers["ETag"] = versions.tag(answer)
    return response


def _response(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    if answer is None:
        return Response(b"", 204, content_type=JSON)
    if isinstance(answer, Made):
        return Response(dumps(answer.value), 201, content_type=JSON)
    return Response(dumps(answer), 200, content_type=JSON)
