"""JSON as the wire writes it: RFC 3339 times in UTC with `Z`, trailing zeros of the fraction dropped."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from quart.json.provider import JSONProvider

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


def wire_time(value: datetime) -> str:
    """Write a time as the wire does; naive ones are UTC."""
    return _written(value if value.tzinfo is None or value.tzinfo is UTC else value.astimezone(UTC))


@lru_cache(maxsize=2048)  # lists are asked for again and again, and hold the same times
def _written(value: datetime) -> str:
    text = value.isoformat()[: 26 if value.microsecond else 19]
    return f"{text.rstrip('0') if value.microsecond else text}Z"


def dumps(value: Any) -> bytes:
    """Encode a value with a newline at the end."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return wire_time(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class WireJSON(JSONProvider):
    """Quart's JSON through orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Encode to text."""
        del kwargs
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Decode."""
        del kwargs
        return orjson.loads(s)
