"""Query parameters that several lists share. What the wire ignores when it is malformed is ignored here, too."""

from __future__ import annotations

import re
from typing import TypedDict

from hub.errors import Invalid
from hub.services.draft import MAX_ID
from hub.web.api.routing import Call

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)


class Sorting(TypedDict):
    """`sort` and `order`, as services take them."""

    sort: str
    order: str


def sorting(call: Call) -> Sorting:
    """Return what a list is to be sorted by."""
    return {"sort": call.query.get("sort", ""), "order": call.query.get("order", "")}


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
    text = call.query.get("limit") or call.query.get("count") or ""
    return int(text) if _INTEGER.fullmatch(text) and 1 <= int(text) <= most else most
