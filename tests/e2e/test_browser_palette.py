"""The command palette and the keys of pages, by keyboard alone, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hub.testing.scene import Scene

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_a_person_goes_everywhere_by_keyboard(stage: Scene, address: str) -> None:
    template = await stage.template("hello.sh", name="Deploy web")
    other = await stage.template("fail.sh", name="Another")
    root = f"{address}/project/{stage.project.id}"
    async with browsing(address) as page:
        keys, field, dialog = page.keyboard, page.locator("#palette-field"), page.locator("#palette")
        await page.goto(f"{root}/history")
        await keys.press("Control+k")
        await expect(field).to_be_focused()
        await expect(dialog.get_by_role("option", name="Key store")).to_be_visible()
        await keys.type("deploy")
        first = dialog.get_by_role("option").first
        await expect(first).to_contain_text("Deploy web")
        await expect(first).to_have_attribute("aria-selected", "true")
        await expect(field).to_have_attribute("aria-activedescendant", await first.get_attribute("id") or "none")
        await keys.press("ArrowDown")
        await expect(dialog.get_by_role("option", selected=True)).to_contain_text("Run Deploy web")
        await keys.press("Enter")
        await page.wait_for_url(f"{root}/templates/{template.id}/run")

        await keys.press("Control+k")
        await keys.type("run anoth")
        await keys.press("Enter")  # at once: it waits for the answer, and goes
        await page.wait_for_url(f"{root}/templates/{other.id}/run")

        await page.goto(f"{root}/templates")
        await keys.press("j")
        await keys.press("j")
        await expect(page.get_by_role("link", name="Deploy web", exact=True)).to_be_focused()
        await keys.press("Enter")
        await page.wait_for_url(f"{root}/templates/{template.id}/tasks")
        await keys.press("Control+k")
        await keys.press("Escape")
        await expect(dialog).to_be_hidden()
        await keys.press("r")
        await page.wait_for_url(f"{root}/templates/{template.id}/run")
        await keys.press("Control+k")
        await expect(dialog.get_by_role("option").first).to_contain_text("Deploy web")  # opened last


async def test_keys_rest_while_one_types_and_when_they_are_off(stage: Scene, address: str) -> None:
    await stage.template("hello.sh", name="Deploy web")
    root = f"{address}/project/{stage.project.id}"
    async with browsing(address) as page:
        await page.goto(f"{root}/templates")
        await page.keyboard.press("/")
        search = page.locator("main input[type=search]")
        await expect(search).to_be_focused()
        await page.keyboard.type("gh?r")
        await expect(search).to_have_value("gh?r")
        await page.locator("#main").focus()
        await page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(sheet).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()
        await page.keyboard.press("g")
        await page.keyboard.press("h")
        await page.wait_for_url(f"{root}/history")

        await page.goto(f"{address}/account")
        await page.get_by_label("Single keys do nothing").check()
        await page.locator("#keyboard").get_by_role("button", name="Save").click()
        await expect(page.locator("html")).to_have_attribute("data-shortcuts", "off")
        await page.keyboard.press("?")
        await page.keyboard.press("Control+k")
        await expect(page.locator("#palette")).to_be_visible()
        await expect(page.locator("#sheet")).to_be_hidden()
