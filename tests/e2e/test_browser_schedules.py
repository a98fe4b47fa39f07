"""A template is put on a schedule in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from hub.models import Schedule
from hub.testing.scene import Scene

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_a_person_schedules_a_job_for_three_in_the_morning_in_berlin(stage: Scene, address: str) -> None:
    template = await stage.template("hello.sh", name="Back up")
    async with browsing(address, timezone_id="Europe/Berlin") as page:
        await page.goto(f"{address}/project/{stage.project.id}/templates/{template.id}")
        await page.get_by_label("More").click()
        await page.get_by_role("link", name="Schedule it").click()
        await page.get_by_label("Name").fill("Every night")
        await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
        await page.get_by_label("Time of day").fill("03:00")
        runs = page.locator(".moments li")
        await expect(runs.first).to_contain_text(re.compile(r"03:00 UTC\+0[12]:00"))
        await expect(runs).to_have_count(5)
        await page.get_by_label("How often").select_option("As a cron text says")
        await page.get_by_label("Cron text").fill("never")
        await expect(page.locator(".preview")).to_contain_text("expected exactly 5 fields")
        await page.get_by_label("How often").select_option("On days of the week")
        await page.get_by_label("Sat", exact=True).check()
        await expect(runs.first).to_contain_text("03:00")
        await picture(page, "schedule")
        await page.click("form.card button.btn-primary")
        row = page.locator("tbody tr", has_text="Every night")
        await expect(row).to_contain_text("Mon, Sat at 03:00Europe/Berlin")
        await page.get_by_role("link", name="Calendar").click()
        await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
        await picture(page, "calendar")
        await page.go_back()
        await row.get_by_role("checkbox").uncheck()
        await expect(page.get_by_text("Switched off.")).to_be_visible()
        await page.get_by_role("button", name="Pause all").click()
        asked = await page.get_by_role("dialog").bounding_box()
        assert asked is not None
        assert (asked["y"] > 0, asked["height"] < 300) == (True, True), "it is in sight, no taller than its words"
        await page.get_by_role("dialog").get_by_role("button", name="Pause all").click()
        await page.get_by_role("button", name="Go on").click()
    schedule = await Schedule.get()
    assert (schedule.cron_format, schedule.time_zone, schedule.active) == ("0 3 * * 1,6", "Europe/Berlin", False)
