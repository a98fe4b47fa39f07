"""The web application: made of a hub, the API's table of routes, the pages, and what plugins bring."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path

from quart import Quart, Response, has_request_context, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from hub.boot import HostView
from hub.context import Hub
from hub.services.draft import MAX_ID
from hub.web import live, pages
from hub.web.api import load_routes
from hub.web.api.mount import mount
from hub.web.api.routing import PREFIX
from hub.web.encoding import WireJSON
from hub.web.errors import json_error, plain_not_found
from hub.web.front import front
from hub.web.front.limits import MAX_BODY, MIB
from hub.web.front.metrics import SEEN
from hub.web.headers import SAFE, UNKEPT

logger = logging.getLogger(__name__)

_PART = re.compile(r"<(?:\w+:)?(\w+)>")


class Id(IntegerConverter):
    """`<int:…>` of a page: an id that a database can hold; everything else is no page."""

    def __init__(self, map: Map) -> None:  # noqa: A002 - werkzeug's own name
        super().__init__(map, max=MAX_ID)


def make_app(hub: Hub) -> Quart:
    """Return the application. It holds no state: any number of them may serve one database."""
    folder = Path(__file__).parent
    app = Quart("hub.web", static_folder=str(folder / "static"), template_folder=str(folder / "templates"))
    app.json = WireJSON(app)
    app.url_map.converters = {**app.url_map.converters, "int": Id}
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    most = max(MAX_BODY, hub.settings.terraform_state_size * MIB)  # what each path may send is decided in front
    app.config.update(MAX_CONTENT_LENGTH=most, SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365), BODY_TIMEOUT=None)
    app.extensions["hub"] = hub
    load_routes()
    mount(app, hub)
    live.mount(app, hub)
    pages.mount(app, hub)
    _mount_plugins(app, hub)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _error)
    app.after_request(_add_headers)
    app.asgi_app = front(app.asgi_app, hub)  # type: ignore[method-assign, assignment]  # as middleware is put in
    return app


def _mount_plugins(app: Quart, hub: Hub) -> None:
    for brought in hub.registry.pages(HostView(hub.settings)):
        pages.mount_plugin(app, hub, brought.plugin, brought.item)
    pages.mount_screens(app, hub, hub.registry.screens(HostView(hub.settings)))


async def _http_error(error: HTTPException) -> Response:
    if not has_request_context():  # a socket; its client gets the status and no page
        return plain_not_found() if error.code in {404, 405} else json_error(error)
    if request.path.startswith(PREFIX):
        return plain_not_found() if error.code in {404, 405} else json_error(error)
    return await pages.error_page(error)


async def _error(error: Exception) -> Response:
    if not has_request_context() or request.path.startswith(PREFIX):
        return json_error(error)
    return await pages.error_page(error)


async def _add_headers(response: Response) -> Response:
    seen = request.scope.get(SEEN)
    if isinstance(seen, dict) and request.url_rule is not None:
        seen["route"] = _PART.sub(r"{\1}", str(request.url_rule.rule))
    for name, value in SAFE.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault(*UNKEPT)
    return response
