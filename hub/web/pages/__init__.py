"""Server-rendered pages: views parse input, call services and draw templates."""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable
from importlib import import_module

from quart import Quart, request

from hub.context import Hub
from hub.plugin import Pages
from hub.web.pages import drawing, visit
from hub.web.pages.failures import error_page
from hub.web.pages.routing import PAGES, Page, Who, blueprint
from hub.web.pages.screens import mount as mount_screens

__all__ = ["PAGES", "Page", "Who", "error_page", "mount", "mount_plugin", "mount_screens"]


def mount(app: Quart, hub: Hub) -> None:
    """Put the pages into the web application."""
    for module in pkgutil.iter_modules(__path__):  # those that declare pages add them to the blueprint
        import_module(f"{__name__}.{module.name}")
    app.extensions[visit.EXTENSION] = hub
    drawing.prepare(app.jinja_env)
    app.context_processor(drawing.shared)
    app.register_blueprint(blueprint)


def mount_plugin(app: Quart, hub: Hub, plugin: str, its_pages: Pages) -> None:
    """Put a plugin's pages below `/x/<plugin>`; unless they are public, only signed-in people get there."""
    name = f"{drawing.PLUGIN_BLUEPRINT}{plugin}"
    app.register_blueprint(its_pages.blueprint, url_prefix=f"/x/{plugin}", name=name)
    app.before_request(_guard(name, public=its_pages.public))


def _guard(name: str, *, public: bool) -> Callable[[], Awaitable[None]]:
    async def look() -> None:
        if request.blueprint != name:
            return
        visit.speak()
        await visit.begin(signed_in=not public)

    return look
