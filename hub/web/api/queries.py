"""Query parameters that lists share. What the wire ignores when it is malformed is ignored here, too."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from quart import Response
from werkzeug.datastructures import Headers

from hub.errors import Invalid
from hub.services.draft import MAX_ID
from hub.services.listing import Asked, Page
from hub.web.api.routing import Call

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)


def integer(call: Call, name: str) -> int | None:
    """Return a whole number, None when the parameter is missing or empty. Raises `Invalid` for anything else."""
    text = call.query.get(name, "")
    if not text:
        return None
    if not _INTEGER.fullmatch(text) or abs(int(text)) > MAX_ID:
        raise Invalid(f"The parameter {name} must be a whole number.", field=name)
    return int(text)


def limit_of(call: Call, most: int) -> int:
    """Return `limit` or `count` when it is from 1 to `most`, else `most`."""
    number = _count(call.query.get("limit") or call.query.get("count") or "")
    return number if number is not None and number <= most else most


def asked(call: Call, *, most: int | None = None) -> Asked:
    """Return what a client wants of a list; `most` is how many rows it gets where that is fewer than usual.

    The wire ignores parameters that it does not know, and so do lists, unless the header `Prefer` wants them refused.
    """
    named = dict(call.query.items())
    texts = {name: named.pop(name, "") for name in ("q", "sort", "order", "before", "after")}
    limit = _count(named.pop("limit", "") or named.pop("count", ""))
    named.pop("count", None)
    if most is not None and (limit is None or limit > most):
        limit = most
    return Asked(**texts, limit=limit, filters=named, strict=call.strict)


def _count(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) and int(text) >= 1 else None


def is_strict(headers: Headers) -> bool:
    """True when the client prefers a refusal to being ignored (RFC 7240)."""
    wishes = headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "handling=strict" in {wish.strip() for wish in wishes}


def turn_pages(call: Call, response: Response, page: Page[Any]) -> None:
    """Tell in the headers where the pages around this one are."""
    ends = {"next": ("after", page.following), "prev": ("before", page.previous)}
    links = [f'<{_with(call, name, cursor)}>; rel="{rel}"' for rel, (name, cursor) in ends.items() if cursor]
    if links:
        response.headers["Link"] = ", ".join(links)
    response.headers["X-Has-Next"] = "true" if page.following else "false"


def _with(call: Call, name: str, cursor: str) -> str:
    """Return the address of this request, but at another place of the list."""
    kept = [(one, text) for one, text in call.query.items() if one not in {"before", "after"}]
    return f"{quote(call.address)}?{urlencode([*kept, (name, cursor)])}"
