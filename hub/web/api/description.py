"""The API's description of itself."""

from __future__ import annotations

import asyncio
from typing import Any

from quart import request

from hub.web.api.routing import PREFIX, Access, Answer, Call, route
from hub.web.openapi.document import document


@route("GET", "/openapi.json", Access.PUBLIC, wire=False, gives=dict[str, Any])
async def openapi(_: Call) -> Answer:
    """This description, in OpenAPI 3.1. Public, since it tells nothing of what the hub holds."""
    made = await asyncio.to_thread(document)  # the first time takes a while
    return {**made, "servers": [{"url": f"{request.root_path}{PREFIX}"}]}
