"""Pictures of pages as people see them: on a desk, on a phone, by day and by night.

Nothing is made unless HUB_PICTURES names a folder: `make pictures` does, for those who look at the pages.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

THEME = """(theme) => {
    document.documentElement.dataset.theme = theme
    document.documentElement.dispatchEvent(new Event('hub:theme'))
    for (const one of document.getAnimations()) {
        if (one.effect.getComputedTiming().iterations !== Infinity) one.finish()
    }
}"""

# A log is as high as the window lets it be, so pages that have one keep the window as it is.
WHOLE = "document.getElementById('log') ? 0 : document.documentElement.scrollHeight"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


async def picture(page: Page, name: str) -> None:
    """Keep the page as it is now in its three looks, and leave it as it was."""
    if not (place := os.environ.get("HUB_PICTURES")):
        return
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    before, at = page.viewport_size, await page.evaluate("scrollY")
    for look, size, theme in (("desk", DESK, "light"), ("night", DESK, "dark"), ("phone", PHONE, "light")):
        await page.set_viewport_size(size)
        await page.evaluate(THEME, theme)
        await page.evaluate("document.querySelector('.log-marked')?.scrollIntoView({block: 'center'})")
        await page.evaluate("scrollTo(0, 0)")  # what sticks to the top of the window is drawn there
        tall = await page.evaluate(WHOLE)
        if tall > size["height"]:  # editors draw what is in the window, and the navigation is as high as that
            await page.set_viewport_size({"width": size["width"], "height": tall})
        await page.evaluate(DRAWN)
        # A hidden caret takes a style of its own in the page, which no page of ours allows.
        await page.screenshot(path=folder / f"{name}-{look}.png", full_page=True, caret="initial")
    await page.evaluate(THEME, "auto")
    if before:
        await page.set_viewport_size(before)
    await page.evaluate("(at) => scrollTo(0, at)", at)
