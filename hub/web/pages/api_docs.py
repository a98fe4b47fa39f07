"""The reference of the API, drawn from its description."""

from __future__ import annotations

import asyncio

from quart import Response

from hub.errors import NotFound
from hub.web.api.routing import PREFIX
from hub.web.openapi.document import document
from hub.web.pages import api_reference, visit
from hub.web.pages.routing import Who, page


@page(f"{PREFIX}/docs", Who.ANYBODY)
async def api_docs() -> Response:
    """Every route. For everybody, as the description is: it tells nothing of what the hub holds."""
    doc = await asyncio.to_thread(document)  # the first time takes a while
    return await visit.show(
        "api_docs.html", about=api_reference.paragraphs(doc["info"]["description"]), groups=api_reference.groups(doc)
    )


@page(f"{PREFIX}/docs/<name>", Who.ANYBODY)
async def api_docs_route(name: str) -> Response:
    """One route, with all that it takes and gives."""
    doc = await asyncio.to_thread(document)
    found = api_reference.one_operation(doc, name)
    if found is None:
        raise NotFound("The API has no route of this name.")
    return await visit.show(
        "api_route.html", one=found, parameters=api_reference.parameters(doc, found), body=api_reference.body(found),
        answers=api_reference.answers(doc, found), kinds=api_reference.kinds(doc, found),
    )  # fmt: skip
