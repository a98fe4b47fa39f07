"""The line that is being written, and colours that span lines, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hub.services.tasks import stop
from hub.testing.scene import Scene, commit_files

from .test_browser_log import Site, browsing, finished_with, place, site

__all__ = ["site"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ASKS = r"printf '\033[1;31mred\nstill red '; printf '10%%\rstill red 20%% '; printf 'Continue? '; sleep 600"


async def test_a_line_is_seen_while_it_is_written_and_becomes_one_of_the_log(site: Site, stage: Scene) -> None:
    commit_files(stage.folder, {"asks.sh": f"{ASKS}\n"}, "asks")
    task_id = await stage.launch(await stage.template("asks.sh"))
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        now = page.locator("#log-now .log-text")
        await expect(now).to_have_text("still red 20% Continue? ", timeout=60_000)
        await expect(now.locator(".ansi-fg-red")).to_have_text("still red 20% Continue? ")
        number = await page.locator("#log-now .log-number").get_attribute("data-n")
        await expect(page.locator("#log-rows .log-row").last.locator(".log-text")).to_have_text("red")
        # Who chose a part of the log does not see what is no part of it.
        await page.get_by_label("Lines", exact=True).select_option(label="Headings")
        await expect(page.locator("#log-now")).to_be_hidden()
        await page.get_by_role("button", name="Whole log").click()
        await expect(now).to_have_text("still red 20% Continue? ")

        await stop.stop(stage.hub, stage.actor, stage.project.id, task_id)
        await expect(page.locator(f"#L{number} .log-text .ansi-fg-red")).to_have_text("still red 20% Continue? ")
        await expect(page.locator("#log-now")).to_be_hidden()


async def test_colours_go_on_over_the_ends_of_lines_wherever_the_log_is_opened(site: Site, stage: Scene) -> None:
    log = ["plain", "\x1b[1;32mgreen", *["still green"] * 3000, "the last\x1b[0m plain", *["plain"] * 10]
    task_id = await finished_with(stage, log)
    green = ".log-text .ansi-fg-green.ansi-bold"
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L3003 {green}")).to_have_text("the last")
        await expect(page.locator(f"#L2900 {green}")).to_have_text("still green")
        await expect(page.locator(f"#L3004 {green}")).to_have_count(0)
        await page.goto(f"{place(site, stage, task_id)}#L1500")
        await expect(page.locator(f"#L1500 {green}")).to_be_in_viewport()
        await page.locator("#log-scroll").evaluate("scroller => scroller.scrollTop = 0")
        await expect(page.locator(f"#L1000 {green}")).to_have_text("still green")
        await page.click("#log-start")
        await expect(page.locator("#L1 .log-text")).to_have_text("plain")
        await expect(page.locator(f"#L1 {green}")).to_have_count(0)
        await expect(page.locator(f"#L2 {green}")).to_have_text("green")


async def test_on_a_phone_rare_controls_are_behind_one_button_and_a_part_is_copied(site: Site, stage: Scene) -> None:
    log = ["\x1b[32mok: [web1]\x1b[0m"] * 500 + ["TASK [last] ***", "\x1b[31mfatal: [web2]: no\x1b[0m", "end"]
    task_id = await finished_with(stage, log)
    phone = {"viewport": {"width": 390, "height": 844}, "permissions": ["clipboard-read", "clipboard-write"]}
    async with browsing(site, **phone) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L{len(log)}")).to_be_attached()
        heights = await page.locator(".log-bar, .log-tools").evaluate_all("bars => bars.map(bar => bar.offsetHeight)")
        assert len(heights) == 2
        assert max(heights) < 60
        copying, more = page.locator("#log-copy"), page.get_by_role("button", name="More", exact=True)
        await expect(copying).to_be_hidden()
        await more.press("Enter")
        await expect(more).to_have_attribute("aria-expanded", "true")
        await page.get_by_label("Lines", exact=True).select_option(label="Errors")
        await expect(page.locator(".log-row")).to_have_count(2)
        await expect(copying).to_have_text("Copy the log")
        await copying.click()
        await expect(page.locator("#says")).to_contain_text("2 lines were copied.")
        assert await page.evaluate("navigator.clipboard.readText()") == "TASK [last] ***\nfatal: [web2]: no"
        await more.click()
        await expect(copying).to_be_hidden()
        await expect(page.get_by_role("button", name="Whole log")).to_be_visible()
