"""Bodies of requests that may be left out."""

from __future__ import annotations

from typing import Any

import orjson
from quart import request

from hub.errors import Invalid


async def optional_body() -> Any:
    """Return the JSON of the body, or None where there is none."""
    data = await request.get_data(cache=False)
    if not data.strip():
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Invalid("The body must be JSON, or empty.") from None
