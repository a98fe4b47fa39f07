"""What a person typed outlives the end of their session, but no secret does; in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from hub.models import Environment, Key, Session, Task, Template
from hub.testing.booted import PASSWORD
from hub.testing.scene import Scene

from .test_browser_log import Site, browsing, site

__all__ = ["site"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SURVEY = [
    {"name": "version", "title": "Version", "type": "", "required": True},
    {"name": "token", "title": "Token", "type": "secret", "required": False},
]


async def sign_in(page: Page) -> None:
    await page.fill("#username", "admin")
    await page.fill("#password", PASSWORD)
    await page.click("button.btn-primary")


async def test_a_form_is_filled_again_after_the_session_ended(site: Site, stage: Scene) -> None:
    template = await stage.template("hello.sh", name="Deploy", survey_vars=SURVEY)
    form = f"{site.address}/project/{stage.project.id}/templates/{template.id}/run"
    async with browsing(site) as page:
        await page.goto(form)
        await page.get_by_label("Version").fill("2.0 <b>")
        await page.get_by_label("Token").fill("do-not-keep")
        await page.get_by_label("Message").fill("At last")
        await page.get_by_role("button", name="Show what is typed").click()  # it is a secret all the same
        await Session.all().delete()
        await page.get_by_role("button", name="Run", exact=True).click()

        await expect(page.get_by_text("What you had typed is kept in this tab")).to_be_visible()
        assert "do-not-keep" not in await page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
        await sign_in(page)
        await page.wait_for_url(form)
        await expect(page.get_by_label("Version")).to_have_value("2.0 <b>")
        await expect(page.get_by_label("Message")).to_have_value("At last")
        await expect(page.get_by_label("Token")).to_have_value("")
        await expect(page.locator("#says")).to_contain_text("Secrets must be entered again.")
        assert not await Task.exists()
        await page.get_by_role("button", name="Run", exact=True).click()
        await page.wait_for_url(re.compile(r"/tasks/\d+$"))
        assert (await Task.get()).message == "At last"
        # What was sent is not kept any longer.
        await page.goto(form)
        await expect(page.get_by_label("Message")).to_have_value("")
        assert await page.evaluate("sessionStorage.getItem('hub.form')") is None
        await what_others_changed_meanwhile_is_told(page, site, template)


async def what_others_changed_meanwhile_is_told(page: Page, site: Site, template: Template) -> None:
    form = f"{site.address}/project/{template.project_id}/templates/{template.id}/edit"
    await page.goto(form)
    await page.locator("#f-name").fill("Mine")
    await Template.filter(id=template.id).update(description="theirs")
    await Session.all().delete()
    await page.get_by_role("button", name="Save", exact=True).first.click()
    await expect(page.get_by_text("What you had typed is kept in this tab")).to_be_visible()
    await sign_in(page)
    await page.wait_for_url(form)
    await expect(page.locator("#says")).to_contain_text("Your session had ended.")
    await page.get_by_role("button", name="Save", exact=True).first.click()
    await expect(page.locator("#overtaken")).to_contain_text("theirs")
    await expect(page.locator("#f-name")).to_have_value("Mine")
    assert (await Template.get(id=template.id)).name == "Deploy"


async def test_a_part_that_asks_by_itself_loses_nothing_either(site: Site, stage: Scene) -> None:
    template = await stage.template("hello.sh", name="Deploy")
    form = f"{site.address}/project/{stage.project.id}/templates/{template.id}/run"
    async with browsing(site) as page:
        await page.goto(form)
        await expect(page.locator("#run-line")).to_be_visible()
        await Session.all().delete()
        await page.get_by_label("Message").fill("While nobody looks")  # the preview asks, and is refused
        await expect(page.get_by_text("What you had typed is kept in this tab")).to_be_visible()
        await sign_in(page)
        await page.wait_for_url(form)
        await expect(page.get_by_label("Message")).to_have_value("While nobody looks")


async def test_what_was_not_sent_or_not_answered_is_not_lost(site: Site, stage: Scene) -> None:
    group = await Environment.create(project=stage.project, name="Group", json="{}")
    root = f"{site.address}/project/{stage.project.id}/environment"
    async with browsing(site) as page:
        await page.goto(f"{root}/{group.id}")
        await page.get_by_label("Name", exact=True).first.fill("Half-filled")
        says = page.locator("#says")
        await page.context.set_offline(True)
        await expect(says).to_contain_text("The hub does not answer.")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(says).to_contain_text("so nothing was sent. What you typed stays here.")
        await page.context.set_offline(False)
        await expect(says).to_contain_text("The hub answers again.")
        await expect(says).not_to_contain_text("nothing was sent")
        # It is sent, and no answer comes; the way leads over another page.
        await page.route(f"{root}/{group.id}", lambda route: route.abort() if route.request.method == "POST" else None)
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.wait_for_url(re.compile("^chrome-error:"))
        await page.unroute_all()
        await page.goto(root)
        await page.goto(f"{root}/{group.id}")
        await expect(says).to_contain_text("look whether it was taken")
        await expect(page.get_by_label("Name", exact=True).first).to_have_value("Half-filled")

        await page.route("**/texts/check", lambda route: route.abort())  # or it finds out before the button is pressed
        # Variables come back as the table that they were typed into.
        await page.locator(".variables-row input").first.fill("colour")
        await page.locator(".variables-row textarea").first.fill("blue")
        await Session.all().delete()
        await page.get_by_role("button", name="Save", exact=True).click()
        await sign_in(page)
        await page.wait_for_url(f"{root}/{group.id}")
        await expect(page.locator(".variables-row input").first).to_have_value("colour")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        assert (await Environment.get(id=group.id)).name == "Half-filled"

        # What asks first is not done by somebody who is not signed in any more, and says so.
        key = await Key.create(project=stage.project, name="Spare", type="none")
        place = f"{site.address}/project/{stage.project.id}/keys/{key.id}"
        await page.goto(place)
        await Session.all().delete()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await sign_in(page)
        await page.wait_for_url(place)
        await expect(says).to_contain_text("so nothing was done. Do it once more.")
        assert await Key.exists(id=key.id)


async def test_a_form_of_another_session_leads_back_with_what_was_typed(site: Site, stage: Scene) -> None:
    template = await stage.template("hello.sh", name="Deploy")
    form = f"{site.address}/project/{stage.project.id}/templates/{template.id}/run"
    async with browsing(site) as page:
        await page.goto(form)
        await expect(page.locator("#run-line")).to_be_visible()
        await page.route("**/preview", lambda route: route.abort())  # or it finds out before the button is pressed
        # Meanwhile the same person signs in anew, in another tab.
        await Session.all().delete()
        known = {"username": "admin", "password": PASSWORD}
        assert (await page.context.request.post(f"{site.address}/auth/login", form=known)).ok
        await page.get_by_label("Message").fill("Typed before")
        await page.get_by_role("button", name="Run", exact=True).click()
        await page.get_by_role("link", name="Back to the form").click()
        await expect(page.get_by_label("Message")).to_have_value("Typed before")
        await page.get_by_role("button", name="Run", exact=True).click()
        await page.wait_for_url(re.compile(r"/tasks/\d+$"))
