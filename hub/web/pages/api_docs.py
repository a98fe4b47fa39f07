"""The reference of the API, drawn from its description."""

from __future__ import annotations

from quart import Response

from hub.web.api.routing import PREFIX
from hub.web.pages import visit
from hub.web.pages.routing import Who, page


@page(f"{PREFIX}/docs", Who.ANYBODY)
async def api_docs() -> Response:
    """The page. For everybody, as the description is: it tells nothing of what the hub holds."""
    return await visit.show("api_docs.html")
