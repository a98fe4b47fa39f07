"""Last night's run failed: a person finds the host, runs again where it had failed, and sees what was different."""

from __future__ import annotations

import re
import sys
from datetime import timedelta

import pytest
from playwright.async_api import expect

from hub.models import Inventory, Task
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FAILED = re.compile("failed", re.IGNORECASE)
SITE = """
- name: Web servers
  hosts: web
  gather_facts: false
  tasks:
    - name: Check that the disk has room
      command: test -e {{ gate }} -o {{ inventory_hostname }} != web2.example.org
      changed_when: false
    - name: Restart the service
      debug: {msg: restarted}
"""


async def last_night(stage: Scene) -> int:
    """Run a playbook that fails on one host of two, and let that be twelve hours ago."""
    need_tool("ansible-playbook")
    commit_files(stage.folder, {"site.yml": SITE}, "Site")
    gate = stage.folder.parent / "gate"
    hosts = "\n".join((
        "[web]", "web1.example.org", "web2.example.org", "[all:vars]", "ansible_connection=local",
        f"ansible_python_interpreter={sys.executable}", f"gate={gate}",
    ))  # fmt: skip
    inventory = await Inventory.create(project=stage.project, name="Machines", type="static", inventory=hosts)
    template = await stage.template("site.yml", name="Nightly", app="ansible", inventory=inventory)
    number = await stage.launch(template)
    assert (await stage.until(number))["status"] == "error"
    task = await Task.get(id=number)
    ago = timedelta(hours=12)
    assert task.start is not None
    assert task.end is not None
    await Task.filter(id=number).update(created=task.created - ago, start=task.start - ago, end=task.end - ago)
    gate.touch()
    return number


async def test_a_person_finds_the_failing_host_runs_again_there_and_compares(stage: Scene, address: str) -> None:
    number = await last_night(stage)
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/history")
        await page.get_by_role("navigation", name="Quick filters").get_by_role("link", name="Failed").click()
        await expect(page.locator("[data-status=error]")).to_be_visible()
        await picture(page, "failed-runs")
        await page.get_by_role("link", name=f"#{number}", exact=True).first.click()
        hosts = page.get_by_role("region", name="Hosts", exact=True)
        await expect(hosts.get_by_role("row", name="web2.example.org")).to_contain_text(FAILED)
        await expect(hosts.get_by_role("row", name="web1.example.org")).not_to_contain_text(FAILED)
        await hosts.get_by_role("link", name="of the log").first.click()
        await expect(page.locator(".log-marked")).to_contain_text("web2.example.org")
        await picture(page, "failing-host")

        await page.get_by_role("link", name="Run again on 1 host").click()
        await expect(page.get_by_role("button", name="Remove web2.example.org")).to_be_visible()
        await expect(page.locator(".run-hosts li")).to_have_text("web2.example.org", timeout=60_000)
        await picture(page, "again-on-one-host")
        await page.click("form.card button.btn-primary")
        await expect(page.locator("[data-task-status=success]")).to_be_visible(timeout=60_000)
        recap = page.get_by_role("region", name="Recap")
        await expect(recap.get_by_role("row", name="web2.example.org")).to_be_visible()
        await expect(recap.get_by_role("row", name="web1.example.org")).to_have_count(0)

        await page.get_by_role("link", name="Compare", exact=True).click()
        await expect(page.get_by_role("heading", name=f"Comparison of #{number} and #{number + 1}")).to_be_visible()
        otherwise = page.get_by_role("region", name="Hosts that ended otherwise")
        await expect(otherwise.get_by_role("row", name="web2.example.org")).to_contain_text(FAILED)
        await expect(page.get_by_role("region", name="Differences of the logs")).to_be_visible()
        await picture(page, "two-runs-compared")
