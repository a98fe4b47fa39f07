"""Boxes that plugins put on pages; one that fails is a sentence in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from hub.errors import HubError
from hub.plugin import Panel, PanelRequest, PluginError
from hub.web.i18n import phrase
from hub.web.pages import visit

SECONDS: Final = 3.0
"""How long a panel may take; the page waits for it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A drawn panel."""

    title: str
    html: Markup | str = ""
    error: str = ""


async def boxes(slot: str, **ids: int) -> list[Box]:
    """Draw every panel of a slot, in order."""
    here = visit.visit()
    request = PanelRequest(slot, here.viewer, here.grant.view() if here.grant else None, ids)
    return [await _draw(here, one.plugin, one.item, request) for one in here.hub.registry.panels(slot)]


async def _draw(here: visit.Visit, plugin: str, panel: Panel, request: PanelRequest) -> Box:
    title = phrase(panel.title)
    try:
        html = await here.hub.registry.guard(plugin, panel.render(request), limit=SECONDS)
    except (PluginError, HubError) as error:
        return Box(title, error=str(error))
    return Box(title, html=Markup(html))  # noqa: S704 - the contract of a panel: an installed plugin is trusted code
