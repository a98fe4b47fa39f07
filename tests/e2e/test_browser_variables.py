"""Variables as a table in a real browser: both views hold the same, and faults stand beside their rows."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from hub.models import Environment
from hub.testing.scene import Scene

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASTE = """(text) => {
    const data = new DataTransfer()
    data.setData('text/plain', text)
    const field = document.querySelectorAll('.variables-table')[1].querySelector('input')
    field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))
}"""
LONG = '{"number": 12345678901234567890, "list": [1, {"a": "},"}], "text": "a \\"b\\"", "float": 1.0}'


async def test_a_table_and_its_text_hold_the_same(address: str, stage: Scene) -> None:
    group = await Environment.create(project=stage.project, name="Group", json=LONG, env='{"LANG": "C"}')
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/environment/{group.id}")
        table, process = page.locator(".variables-table").nth(0), page.locator(".variables-table").nth(1)
        await expect(table.get_by_label("Name")).to_have_count(4)
        await expect(table.get_by_label("Value", exact=True).nth(0)).to_have_value("12345678901234567890")
        await table.get_by_label("Value", exact=True).nth(2).fill("changed")
        await table.get_by_label("Name").nth(1).fill("text")
        await expect(table.get_by_text("This name is there twice.")).to_have_count(2)
        await page.get_by_role("button", name="JSON").click()
        await expect(table).to_be_visible()  # it does not go while rows are wrong
        await table.get_by_label("Name").nth(1).fill("list")
        await expect(table.get_by_text("This name is there twice.")).to_have_count(0)
        await page.get_by_role("button", name="JSON").click()
        await expect(table).to_be_hidden()
        written = await page.locator("#f-json").input_value()
        assert '"number": 12345678901234567890' in written
        assert json.loads(written)["text"] == "changed"
        assert '"float": 1.0' in written
        await page.get_by_role("button", name="Table").nth(0).click()
        await expect(table.get_by_label("Name")).to_have_count(4)
        await page.evaluate(PASTE, "# a file\nexport TOKEN='a b'\nLANG=de_DE.UTF-8  # as they speak\nEMPTY=\n")
        await expect(process.get_by_label("Name")).to_have_count(3)
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
    await group.refresh_from_db()
    assert json.loads(group.env or "") == {"LANG": "de_DE.UTF-8", "TOKEN": "a b", "EMPTY": ""}
    assert json.loads(group.json)["list"] == [1, {"a": "},"}]
