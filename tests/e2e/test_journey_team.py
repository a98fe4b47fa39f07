"""A colleague gets the right to run and nothing else; a project comes back from its backup; a waiting task says why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from hub.models import Project, Template
from hub.services.tasks.stop import stop_all
from hub.testing.scene import Scene

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASSWORD = "correct horse battery"


async def test_a_colleague_is_given_the_right_to_run_and_nothing_else(stage: Scene, address: str) -> None:
    template = await stage.template("hello.sh", name="Greet")
    root = f"{address}/project/{stage.project.id}"
    async with browsing(address) as page:
        await page.goto(f"{address}/users/new")
        await page.get_by_label("Username").fill("pat")
        await page.get_by_label(re.compile("^Full name")).fill("Pat Kim")
        await page.get_by_label(re.compile("^E-?mail", re.IGNORECASE)).fill("pat@example.org")
        await page.get_by_label(re.compile("^Password")).fill(PASSWORD)
        await page.get_by_role("button", name="Create").click()
        await page.goto(f"{root}/team")
        person = page.get_by_role("combobox", name="Person")
        await person.press_sequentially("kim")
        await expect(page.get_by_role("option", name="Pat Kim")).to_have_attribute("aria-selected", "true")
        await picture(page, "team-suggestions")
        await person.press("Enter")
        await expect(person).to_have_value("pat")
        await expect(page.get_by_label("Role", exact=True)).to_have_value("task_runner")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_role("row", name="Pat Kim")).to_be_visible()
        await picture(page, "team")

        assert page.context.browser
        colleague = await (await page.context.browser.new_context()).new_page()
        await colleague.goto(f"{root}/templates/{template.id}")
        await colleague.fill("#username", "pat")
        await colleague.fill("#password", PASSWORD)
        await colleague.press("#password", "Enter")
        await colleague.get_by_role("link", name="Run", exact=True).click()
        await colleague.click("form.card button.btn-primary")
        await expect(colleague.locator("[data-task-status=success]")).to_be_visible(timeout=60_000)
        await colleague.goto(f"{root}/templates/{template.id}")
        await expect(colleague.get_by_role("link", name="Edit")).to_have_count(0)
        await picture(colleague, "template-for-a-task-runner")
        answer = await colleague.goto(f"{root}/templates/{template.id}/edit")
        assert answer is not None
        refused = colleague.get_by_text("Ask an owner of the project")
        assert answer.status == 403 or await colleague.get_by_role("button", name="Save").count() == 0
        if answer.status == 403:
            await expect(refused).to_be_visible()


async def test_a_project_comes_back_from_its_backup(stage: Scene, address: str, tmp_path: Path) -> None:
    await stage.template("hello.sh", name="Greet")
    await stage.template("wait.sh", name="Wait")
    async with browsing(address, accept_downloads=True) as page:
        await page.goto(f"{address}/project/{stage.project.id}/settings")
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Download without secrets").click()
        file = tmp_path / "project.json"
        await (await downloading.value).save_as(file)
        await page.goto(f"{address}/projects")
        await page.get_by_role("link", name="Restore a project").click()
        await page.get_by_label(re.compile("^File")).set_input_files(file)
        await page.get_by_role("button", name="See what would happen").click()
        await expect(page.get_by_text("Project with name 'Scene' already exists.")).to_be_visible()
        await page.get_by_label(re.compile("^Name")).fill("Scene again")
        await page.get_by_role("button", name="See what would happen").click()
        told = page.get_by_role("region", name="What would happen")
        await expect(told.get_by_role("row", name="Greet")).to_contain_text("is added")
        await picture(page, "what-a-restore-would-do")
        assert await Project.all().count() == 1
        await page.get_by_role("button", name="Restore", exact=True).click()
        await page.get_by_role("link", name="Task templates").click()
        for name in ("Greet", "Wait"):
            await expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
        await picture(page, "restored-templates")
    restored = await Project.exclude(id=stage.project.id).get()
    assert await Template.filter(project_id=restored.id).count() == 2


async def test_a_person_sees_why_a_task_waits(stage: Scene, address: str) -> None:
    await Project.filter(id=stage.project.id).update(max_parallel_tasks=1)
    template = await stage.template("wait.sh", name="Long", allow_parallel_tasks=True)
    first = await stage.launch(template)
    await stage.until(first, "running")
    second = await stage.launch(template)
    reason = "It waits for 1 task of project Scene, which runs 1 at once."
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/history")
        await expect(page.locator("#now")).to_contain_text(reason)
        await expect(page.locator("#now")).to_contain_text("Place in the queue: 1")
        await picture(page, "why-it-waits-on-the-dashboard")
        await page.locator("#now").get_by_role("link", name=f"#{second}").click()
        await expect(page.locator("#task-reason")).to_have_text(reason)
        await expect(page.locator("#task-place")).to_contain_text("1")
        await picture(page, "why-it-waits")
        await stop_all(stage.hub, stage.actor, stage.project.id, template.id)
        await expect(page.locator("[data-task-status=stopped]")).to_be_visible(timeout=60_000)
