"""Every page held against axe in a real browser: by day, by night, and on a phone."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize

from hub.testing.tools import missing

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

AXE = Path(__file__).resolve().parents[2] / "hub/web/assets/node_modules/axe-core/axe.min.js"
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
GRAVE = ("serious", "critical")

WHOLE = "() => axe.run(document, {resultTypes: ['violations']})"
COLOURS = "() => axe.run(document, {resultTypes: ['violations'], runOnly: ['color-contrast', 'target-size']})"
NIGHT = """() => {
    document.documentElement.dataset.theme = 'dark'
    document.documentElement.dispatchEvent(new Event('hub:theme'))
}"""


class Pieces(HTMLParser):
    """What a page is made of: each element with its classes, its attributes and what it stands in."""

    VOID = frozenset({"input", "img", "br", "hr", "meta", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str, str]] = set()
        self._path = [""]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = f"{tag}.{dict(attrs).get('class') or ''}"
        self.found.add((self._path[-1], one, " ".join(sorted(name for name, _ in attrs))))
        if tag not in self.VOID:
            self._path.append(one)

    def handle_endtag(self, tag: str) -> None:
        if self._path[-1].partition(".")[0] == tag:
            self._path.pop()


async def grave(page: Page, run: str, place: str) -> list[str]:
    """What axe finds to be serious or critical, one line each."""
    found: dict[str, Any] = await page.evaluate(run)
    return [
        f"{place}: {one['id']} ({one['impact']}): {node['target'][0]} {node['any'][:1] and node['any'][0]['message']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


async def test_no_page_shuts_anybody_out(address: str, every_address: list[str]) -> None:
    if not AXE.is_file():
        missing("needs axe-core in hub/web/assets/node_modules, which `make assets` brings")
    axe = AXE.read_text("utf-8")
    faults: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    async with browsing(address, viewport=DESK, reduced_motion="reduce") as page:
        for place in every_address:
            pieces = Pieces(await (await page.request.get(address + place)).text()).found
            if pieces <= seen:
                continue  # what it is made of was looked at on earlier pages
            seen |= pieces
            await page.goto(address + place)
            await page.evaluate(axe)
            faults += await grave(page, WHOLE, f"{place} by day")
            await page.set_viewport_size(PHONE)
            await page.evaluate(NIGHT)
            faults += await grave(page, COLOURS, f"{place} on a phone by night")
            await page.set_viewport_size(DESK)
    assert not faults, "\n".join(faults)
