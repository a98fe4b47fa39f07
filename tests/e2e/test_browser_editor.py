"""The text editor in a real browser: it colours and checks, obeys the page's policy, and hands its text to the form."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hub.models import Environment, Inventory
from hub.testing.scene import Scene

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_an_inventory_is_written_checked_and_saved(stage: Scene, address: str) -> None:
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/inventory/new")
        editor = page.get_by_role("textbox", name="Hosts")
        told = page.locator(".editor-told").first
        await expect(page.locator(".cm-content")).to_be_visible()  # once it has replaced the text area
        await editor.press_sequentially("[web]\nweb1 oops")
        await expect(told).to_have_text("Line 2: After the name of a host come variables such as name=value.")
        await expect(page.locator(".cm-fault")).to_be_visible()
        await page.select_option("[name=type]", "static-yaml")
        await expect(told).to_contain_text("This is not valid YAML")
        await editor.press("Control+a")
        await editor.press_sequentially("all:\nhosts:\nj?:")
        await expect(told).to_be_empty()
        assert await page.locator("#sheet").get_attribute("open") is None, "single keys are text here"
        await editor.press("Escape")
        await editor.press("Tab")
        await expect(page.locator("[name=ssh_key_id]")).to_be_focused()
        await page.fill("[name=name]", "Typed")
        await page.click("button:has-text('Save')")
        await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await Inventory.get(name="Typed")).inventory.split() == ["all:", "hosts:", "j?:"]


async def test_without_scripts_the_text_area_does_it_all(stage: Scene, address: str) -> None:
    async with browsing(address, java_script_enabled=False) as page:
        await page.goto(f"{address}/project/{stage.project.id}/environment/new")
        await page.fill("[name=name]", "Plain")
        await page.fill("textarea[name=json]", '{"a": }')
        await page.click("button:has-text('Save')")
        await expect(page.get_by_text("Line 1: This is not valid JSON")).to_be_visible()
        await page.fill("textarea[name=json]", '{"a": 1}')
        await page.click("button:has-text('Save')")
        await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await Environment.get(name="Plain")).json == '{"a": 1}'
