"""Every plugin: what it is, what it brings, and what is wrong with it."""

from __future__ import annotations

from quart import Response

from hub.services.plugins import list_plugins
from hub.web.pages import visit
from hub.web.pages.routing import Who, page


@page("/plugins", Who.ADMIN)
async def plugins() -> Response:
    """The list."""
    here = visit.visit()
    found = list_plugins(here.hub.registry, here.actor)
    told = {problem["sentence"] for one in found for problem in one["problems"]}
    general = [one.sentence for one in here.hub.registry.problems if one.sentence not in told]
    return await visit.show("plugins.html", plugins=found, general=general)
