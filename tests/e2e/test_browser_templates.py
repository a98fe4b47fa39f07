"""The list of templates in a real browser: found while one types, many selected, stars, and tabs that are moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from hub.models import Star, Task, Template, View
from hub.services.template_list import PAGE
from hub.testing.scene import Scene

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A machine with much else to do is waited for."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


async def tabs(page: Page, *titles: str) -> None:
    """Expect the tabs in this order."""
    await expect(page.locator("[data-view]")).to_have_text(list(titles))


async def finds_and_filters(page: Page, root: str) -> None:
    await page.goto(root)
    shown = page.locator("#template-list")
    await expect(shown).to_have_attribute("data-total", str(PAGE + 10))
    await page.locator("[name=q]").press_sequentially("t 05")
    await expect(shown).to_have_attribute("data-total", "11")
    await expect(page).to_have_url(f"{root}?q=t+05")
    await page.reload()
    await expect(page.locator("[name=q]")).to_have_value("t 05")
    await page.select_option("[name=status]", "error")
    await expect(page.get_by_text("No template fits")).to_be_visible()
    await page.goto(root)


async def selects_many(page: Page, root: str) -> None:
    ticks, count = page.locator("[data-tick]"), page.locator("[data-bulk-count]")
    await expect(count).to_be_hidden()
    await ticks.nth(1).click()
    await ticks.nth(4).click(modifiers=["Shift"])
    await expect(count).to_have_text("4 selected")
    await page.locator("#template-list").dispatch_event("refresh")
    await expect(ticks.nth(3)).to_be_checked()
    await page.locator("[data-tick-all]").click()
    await expect(count).to_have_text(f"{PAGE} selected")
    await page.get_by_text(f"Select all {PAGE + 10} that were found").click()
    await expect(count).to_have_text(f"{PAGE + 10} selected")
    await page.select_option("#bulk-view", label="Second")
    await page.get_by_role("button", name="Move there").click()
    await expect(page.get_by_text(f"{PAGE + 10} templates are in “Second” now.")).to_be_visible()
    await page.goto(root)


async def moves_rows_onto_tabs(page: Page) -> None:
    first, second = page.locator("[data-takes]").nth(0), page.locator("[data-takes]").nth(1)
    one = page.locator("#template-rows tr").nth(0)
    await one.locator("[data-moves]").drag_to(first)
    await expect(page.get_by_text("1 template is in “First” now.")).to_be_visible()
    for n in (2, 3):
        await page.locator("[data-tick]").nth(n).click()
    await page.locator("#template-rows tr").nth(3).locator("[data-moves]").drag_to(second)
    await expect(page.get_by_text("2 templates are in “Second” now.")).to_be_visible()
    assert await Template.filter(view__title="First").count() == 1
    await page.get_by_role("button", name="Select none").click()


async def test_a_list_of_many_templates_is_worked_with(stage: Scene, address: str) -> None:
    views = [await View.create(project=stage.project, title=t, position=n) for n, t in enumerate(("First", "Second"))]
    rows = [
        Template(project=stage.project, repository=stage.repository, app="bash", playbook="hello.sh", name=f"T {n:03d}")
        for n in range(PAGE + 10)
    ]
    await Template.bulk_create(rows)
    root = f"{address}/project/{stage.project.id}/templates"
    async with browsing(address, viewport={"width": 1280, "height": 800}) as page:
        await finds_and_filters(page, root)
        await selects_many(page, root)
        assert await Template.filter(view_id=views[1].id).count() == PAGE + 10
        await moves_rows_onto_tabs(page)
        await page.goto(root)

        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("s")
        first = page.locator("#template-rows a.cell-main").first
        await expect(first).to_have_text("T 001")
        assert await Star.all().count() == 1
        await page.keyboard.press("Control+k")
        await expect(page.locator("#palette-list .palette-item").first).to_contain_text("T 001")
        await page.keyboard.press("Escape")

        await tabs(page, "First", "Second")
        await (
            page.locator("[data-view]")
            .nth(0)
            .drag_to(page.locator("[data-view]").nth(1), target_position={"x": 60, "y": 10})
        )
        await expect(page.get_by_text("The order of the views was kept.")).to_be_visible()
        await tabs(page, "Second", "First")
        await page.locator("[data-view]").nth(1).focus()
        async with page.expect_response(re.compile("/views/positions$")):
            await page.keyboard.press("Alt+ArrowLeft")
        await page.reload()
        await tabs(page, "First", "Second")

        last = await Template.get(name="T 059")
        await page.goto(f"{root}?q=T+059")
        task = await stage.launch(last)
        await expect(page.locator(f"#template-{last.id} .run-dot")).to_have_count(1)
        await stage.until(task)
        await expect(page.locator(f"#template-{last.id} .status-badge")).to_have_attribute("data-status", "success")
        assert await Task.all().count() == 1
