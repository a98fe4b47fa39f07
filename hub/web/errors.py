"""Errors as JSON: a sentence always, and what a client needs to go on."""

from __future__ import annotations

import logging
from typing import Any

from quart import Response
from werkzeug.exceptions import HTTPException

from hub.errors import HubError, InUse, Invalid, TooMany, Unauthenticated
from hub.plugin import PluginError
from hub.services.outages import met
from hub.web.encoding import dumps

logger = logging.getLogger(__name__)

JSON = "application/json"


def json_error(error: Exception) -> Response:
    """Return the answer for an error that ended a request."""
    if isinstance(error, HubError):
        if error.status >= 500:
            met(error)
        return _answer(error.status, _members(error), error)
    if isinstance(error, PluginError):
        return _answer(400, {"error": str(error)})
    if isinstance(error, HTTPException):
        return _answer(error.code or 500, {"error": _http_sentence(error)})
    met(error)
    logger.error("A request failed inside the hub.", exc_info=error)
    return _answer(500, {"error": "The hub met an error of its own; its administrator finds it in the hub's log."})


def _members(error: HubError) -> dict[str, Any]:
    members: dict[str, Any] = {"error": error.sentence}
    if isinstance(error, Unauthenticated) and error.code:
        members["error"] = error.code
    if isinstance(error, InUse):
        members["inUse"] = True
        if error.users:
            members["users"] = [{"kind": one.kind, "id": one.id, "name": one.name} for one in error.users]
    if isinstance(error, Invalid) and error.field:
        members["field"] = error.field
    if isinstance(error, Invalid) and error.allowed:
        members["allowed"] = list(error.allowed)
    return members


def _http_sentence(error: HTTPException) -> str:
    if error.code == 413:
        return "The request is larger than 10 MiB."
    return error.description or error.name


def _answer(status: int, members: dict[str, Any], error: HubError | None = None) -> Response:
    response = Response(dumps(members), status, content_type=JSON)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def plain_not_found() -> Response:
    """What the wire says to an unknown path or method below `/api`."""
    return Response("Not Found\n", 404, content_type="text/plain; charset=utf-8",
                    headers={"X-Content-Type-Options": "nosniff"})  # fmt: skip
