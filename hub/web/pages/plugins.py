"""Every plugin: what it is, what it brings, and what is wrong with it."""

from __future__ import annotations

from quart import Response, current_app

from hub.services.plugins import list_plugins, sign_ons
from hub.web.pages import visit
from hub.web.pages.routing import Who, page
from hub.web.pages.screens import EXTENSION, Place, settings_of


@page("/plugins", Who.ADMIN)
async def plugins() -> Response:
    """The list."""
    here = visit.visit()
    found = list_plugins(here.hub.registry, here.actor)
    told = {problem["sentence"] for one in found for problem in one["problems"]}
    general = [one.sentence for one in here.hub.registry.problems if one.sentence not in told]
    places: dict[str, list[Place]] = current_app.extensions.get(EXTENSION, {})
    screens = {name: settings_of(known) for name, known in places.items()}
    return await visit.show("plugins.html", plugins=found, general=general, screens=screens,
                            sign_ons=sign_ons(here.hub, here.actor))  # fmt: skip
