"""Groups of a log fold and unfold, within the few thousand lines that a page holds."""

from __future__ import annotations

import re

from playwright.async_api import expect

from hub.testing.scene import Scene

from .test_browser_log import Site, browsing, finished_with, place, site

__all__ = ["site"]

LOG = [
    "before",
    "::group::Install \x1b[1mthings\x1b[0m",
    *(f"step {n}" for n in range(1, 9001)),
    "::endgroup::",
    "##[group]Second <b>",
    "inside",
    "::error file=src/a.py,line=3::it broke: <i>now</i>",
    "##[warning]take care",
    "##[endgroup]",
    *(f"after {n}" for n in range(1, 6)),
]


async def test_groups_fold_within_the_bounds_of_the_page(site: Site, stage: Scene) -> None:
    task_id = await finished_with(stage, LOG)
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        second = page.locator("#L9004 .log-fold")
        await expect(second).to_contain_text("Second <b>")
        await expect(second).to_contain_text("3 lines")
        await expect(page.locator("#L9006 .log-text")).to_have_text("Error: src/a.py:3: it broke: <i>now</i>")
        await expect(page.locator("#L9006")).to_have_class(re.compile("log-bad"))
        await expect(page.locator("#L9007")).to_have_class(re.compile("log-warned"))
        await second.click()
        await expect(page.locator("#L9005")).to_be_hidden()
        await expect(second).to_have_attribute("aria-expanded", "false")
        await second.click()
        await expect(page.locator("#L9005")).to_be_visible()
        await page.click("#log-start")
        first = page.locator("#L2 .log-fold")
        await expect(first).to_contain_text("Install things")
        await first.click()
        # What follows the nine thousand folded lines comes into view; the page never holds more than its bound.
        await expect(page.locator("#L9004")).to_be_visible(timeout=60_000)
        await expect(page.locator("#L9009")).to_be_visible()
        assert await page.locator(".log-row").count() <= 3000
        await page.goto(f"{place(site, stage, task_id)}#L9005")
        await page.locator("#log-folds").select_option(label="Fold groups")
        await expect(page.locator("#L9005")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#L9005")).to_be_visible()  # asked for by its number, so its group is open
        await expect(page.locator("#L9005")).to_be_in_viewport()
