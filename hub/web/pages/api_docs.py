"""The reference of the API: the routes from their outline, and each on a page of its own from its description."""

from __future__ import annotations

import asyncio

from quart import Response

from hub.errors import NotFound
from hub.web.api.routing import PREFIX
from hub.web.openapi import outline, texts
from hub.web.openapi.document import alone
from hub.web.pages import api_reference, visit
from hub.web.pages.routing import Who, page


@page(f"{PREFIX}/docs", Who.ANYBODY)
async def api_docs() -> Response:
    """Every route. For everybody, as the description is: it tells nothing of what the hub holds."""
    return await visit.show(
        "api_docs.html", about=api_reference.paragraphs(texts.INTRODUCTION), groups=outline.groups()
    )


@page(f"{PREFIX}/docs/<name>", Who.ANYBODY)
async def api_docs_route(name: str) -> Response:
    """One route, with all that it takes and gives."""
    doc = await asyncio.to_thread(alone, name)
    if doc is None:
        raise NotFound("The API has no route of this name.")
    found = api_reference.operation(doc)
    return await visit.show(
        "api_route.html", one=found, parameters=api_reference.parameters(doc, found), body=api_reference.body(found),
        answers=api_reference.answers(doc, found), kinds=api_reference.kinds(doc, found),
    )  # fmt: skip
