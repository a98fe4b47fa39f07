"""From an empty hub to the log of a first run, in a real browser; the repository is on a server that asks who comes."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic

import pytest
from playwright.async_api import expect

from hub.models import Project, Task
from hub.testing.git_server import GitHttpServer, Repository
from hub.testing.scene import Scene

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_a_first_run_takes_an_address_and_three_clicks(stage: Scene, address: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "served/ops/tools")
    repository.commit("Say hello", hello__sh="echo hello from the first run\n", site__yml="- hosts: all\n")
    await Project.filter(id=stage.project.id).delete()
    with GitHttpServer(tmp_path / "served", login="robot", password="open sesame") as server:
        async with browsing(address) as page:
            await picture(page, "first-run-empty-hub")
            begun = monotonic()
            await page.get_by_role("link", name="Create the first project").click()
            await page.fill("[name=name]", "Mine")
            await page.click("button:has-text('Create')")
            await page.fill("[name=git_url]", f"{server.url}/ops/tools")
            await page.click("button:has-text('Look into it')")
            await expect(page.get_by_role("alert")).to_contain_text("asks for a login")
            await picture(page, "first-run-login-wanted")
            await page.select_option("[name=access]", "login")
            await page.fill("[name=login]", "robot")
            await page.fill("[name=password]", "open sesame")
            await page.click("button:has-text('Look into it')")
            await expect(page.get_by_text("Say hello")).to_be_visible()
            await expect(page.get_by_label("site.yml")).to_be_checked()
            await expect(page.get_by_label("Hosts", exact=True)).to_be_visible()
            await picture(page, "first-run-what-was-found")
            await page.get_by_label("hello.sh").first.check()
            await expect(page.get_by_label("Hosts", exact=True)).to_be_hidden()
            await page.click("button:has-text('Run it')")
            await expect(page.locator(".log-row", has_text="hello from the first run")).to_be_visible(timeout=60_000)
            await expect(page.locator("[data-task-status]")).to_have_attribute(
                "data-task-status", "success", timeout=60_000
            )
            assert re.search(r"/tasks/\d+", page.url)
            print(f"from nothing to the end of the first run: {monotonic() - begun:.1f} s")
            await picture(page, "first-run-done")
    assert await Task.all().count() == 1
