"""A page that is open while `hub serve` is killed and comes back: it says so, and no line is lost or doubled."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from hub.services.tasks.leases import RESTARTED
from hub.testing.tools import need_tool

from .hub_process import Cluster, Person, cluster, wait_for
from .test_browser_log import FLAGS, rows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, {"ticks.sh": "for n in $(seq 1 100000); do echo tick $n; sleep 0.02; done\n"}) as one:
        yield one


async def test_an_open_page_goes_on_when_a_killed_server_is_back(hub: Cluster) -> None:
    server = await asyncio.to_thread(hub.serve)
    person = await asyncio.to_thread(Person, hub, server)
    (task,) = await asyncio.to_thread(lambda: person.launch(person.template("ticks.sh")))
    await asyncio.to_thread(wait_for, "lines", lambda: "tick 50\n" in person.text(task))
    address = f"http://127.0.0.1:{server.port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=need_tool("chromium", "google-chrome"), args=list(FLAGS)
        )
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{address}/auth/login?return=/project/{person.project}/tasks/{task}")
        await page.fill("#username", "admin")
        await page.fill("#password", "changeme")
        await page.click("button.btn-primary")
        await expect(page.locator(".log-row", has_text=re.compile(r"tick 60$"))).to_be_attached(timeout=60_000)
        form = await page.context.new_page()
        await form.goto(f"{address}/project/{person.project}/keys/new")
        await form.get_by_label("Name", exact=True).fill("Half-filled")
        server.kill()
        await expect(page.locator("#log-note")).to_have_text("Connection lost. Reconnecting…", timeout=60_000)
        await expect(form.locator("#says")).to_contain_text("The hub does not answer.", timeout=60_000)
        back = await asyncio.to_thread(hub.serve, "data", server.port)
        assert back.port == server.port
        await expect(form.locator("#says")).to_contain_text("The hub answers again.", timeout=60_000)
        await expect(form.get_by_label("Name", exact=True)).to_have_value("Half-filled")
        # The task went with its server; the page learns how it ended, and shows what was stored, each line once.
        await expect(page.locator("[data-task-status]")).to_have_attribute("data-task-status", "error", timeout=90_000)
        await expect(page.locator("#task-reason")).to_contain_text(RESTARTED)
        await expect(page.locator("#log-note")).to_be_hidden()
        person = await asyncio.to_thread(Person, hub, back)
        stored = (await asyncio.to_thread(person.text, task)).splitlines()
        await expect(page.locator(".log-row").last).to_contain_text(stored[-1])
        shown = await rows(page)
        first = int(shown[0][0])
        assert [int(number) for number, _ in shown] == list(range(first, first + len(shown)))
        assert [text for _, text in shown] == stored[first - 1 :]
        await browser.close()
