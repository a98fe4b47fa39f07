"""The form of a template in a real browser: files of the repository, faults beside fields, questions as they come."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hub.models import Template
from hub.testing.scene import Scene

from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_a_template_is_written_with_the_help_of_its_form(stage: Scene, address: str) -> None:
    async with browsing(address, viewport={"width": 1200, "height": 2200}) as page:
        await page.goto(f"{address}/project/{stage.project.id}/templates/new?app=bash")
        await page.focus("[name=name]")
        await page.press("[name=name]", "Tab")
        await expect(page.locator("#f-name-error")).to_have_text("Template name can not be empty.")
        await page.fill("[name=name]", "Greet")
        await page.press("[name=name]", "Tab")
        await expect(page.locator("#f-name-error")).to_have_count(0)

        await page.get_by_text("Browse the repository").click()
        await page.get_by_label("Part of the path").fill("hel")
        choice = page.get_by_role("button", name="hello.sh")
        await expect(page.locator("[data-fills=playbook]")).to_have_count(1)
        await choice.click()
        await expect(page.locator("[name=playbook]")).to_have_value("hello.sh")

        await expect(page.locator("#survey-preview")).to_be_hidden()
        await page.get_by_role("button", name="Open all sections").click()
        for n, name in enumerate(("first", "second")):
            await page.click("button:has-text('Add a question')")
            await page.fill(f"[name=survey-{n}-title]", name.title())
            await page.fill(f"[name=survey-{n}-name]", name)
        await page.locator("[data-row-handle]").nth(1).drag_to(page.locator("[name=survey-0-title]"))
        await expect(page.locator("[name=survey-0-title]")).to_have_value("Second")
        await page.get_by_role("button", name="Preview").click()
        shown = page.locator("#survey-preview")
        await expect(shown.locator(".form-label")).to_have_text(["Second optional", "First optional"])
        await shown.get_by_role("button", name="Close").click()
        questions, queue = page.locator("[data-part=survey]"), page.locator("[data-part=queue]")
        await questions.locator("summary").first.press("Enter")
        await expect(questions.locator("[data-part-told]")).to_have_text("Second · First")
        await page.fill("[name=priority]", "1000000")
        await queue.locator("summary").first.click()
        await expect(queue).to_have_attribute("open", "")  # it holds what is refused, so it opens again
        await expect(page.locator("#f-priority-error")).to_be_visible()
        await queue.locator("summary").first.click()
        await expect(queue.get_by_text("Something in here is refused.")).to_be_visible()
        await page.click("form button:has-text('Save')")
        await expect(page.locator("[name=priority]")).to_be_focused()
        await expect(page.locator("[data-part=more]")).not_to_have_attribute("open", "")
        await page.fill("[name=priority]", "7")
        await page.click("form button:has-text('Save')")
        await expect(page.get_by_text("Saved.")).to_be_visible()
        template = await Template.get(name="Greet")
        assert [one["name"] for one in template.survey_vars or ()] == ["second", "first"]

        await page.goto(f"{address}/project/{stage.project.id}/templates/{template.id}/edit")
        await expect(page.locator("[data-part=queue] [data-part-told]")).to_have_text("Priority: 7")
        await Template.filter(id=template.id).update(description="Of somebody else")
        await page.fill("[name=name]", "Greet them")
        await page.click("form button:has-text('Save')")
        await expect(page.locator("#overtaken")).to_contain_text("Of somebody else")
        await expect(page.locator("[name=name]")).to_have_value("Greet them")
        await page.get_by_role("button", name="Save mine over it").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()

        await page.goto(f"{address}/project/{stage.project.id}/templates/{template.id}/run")
        await page.get_by_text("Copy as API call").click()
        await page.get_by_label("First").fill("it's 1")
        await expect(page.locator("#run-curl")).to_contain_text("it'\"'\"'s 1")
        await expect(page.locator("#run-calls")).to_have_attribute("open", "")  # also when it is drawn anew
    assert (await Template.get(id=template.id)).name == "Greet them"
