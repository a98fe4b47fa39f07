"""Looking for words in a million lines, and linking to several lines, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from hub.testing.scene import Scene

from .pictures import picture
from .test_browser_log import Site, browsing, finished_with, place, rows, site
from .test_browser_templates import patience

__all__ = ["patience", "site"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_words_errors_and_ranges_are_reached_in_a_million_lines(site: Site, stage: Scene) -> None:
    total = 1_000_000
    lines = [f"line {n} {'Needle' if n % 300_000 == 1 else 'hay'}" for n in range(1, total + 1)]
    lines[20_000] = "fatal: [web1]: FAILED! => {}"
    task_id = await finished_with(stage, lines)
    marked = re.compile("log-marked")
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L{total}")).to_be_in_viewport()
        said, text = page.locator("#log-found"), page.get_by_role("searchbox", name="Search the log")
        await text.fill("needle")
        await expect(said).to_have_text("1 of 4")
        await expect(page.locator("#L1")).to_have_class(marked)
        await expect(page.locator("#L1")).to_be_in_viewport()
        assert await page.evaluate("CSS.highlights.get('log-find').size") >= 1
        await text.press("Enter")
        await expect(page.locator("#L300001")).to_be_in_viewport()
        await text.press("Shift+Enter")
        await text.press("Shift+Enter")
        await expect(page.locator("#L900001")).to_be_in_viewport()
        await expect(said).to_have_text("4 of 4")
        assert len(await rows(page)) <= 3000
        await picture(page, "word-in-a-long-log")

        await page.get_by_label("Regular expression").check(force=True)
        await text.fill(r"^line \d00000 ")
        await expect(said).to_have_text("1 of 9")
        await text.fill("(")
        await expect(said).to_contain_text("This is no regular expression")
        await page.get_by_role("button", name="First error").click()
        await expect(said).to_have_text("Line 20001 tells of an error.")
        await expect(page.locator("#L20001")).to_be_in_viewport()

        await page.locator("#L20001 .log-number").click()
        await page.locator("#L20003 .log-number").click(modifiers=["Shift"])
        assert page.url.endswith("#L20001-L20003")
        await expect(page.locator(".log-marked")).to_have_count(3)
        await page.goto(f"{place(site, stage, task_id)}#L15000-L15001")
        await expect(page.locator("#L15000")).to_be_in_viewport()
        await expect(page.locator(".log-marked")).to_have_count(2)
