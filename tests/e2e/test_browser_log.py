"""The log viewer in a real browser: live, long, hostile, and when the hub goes away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from hub.context import Hub
from hub.models import Task, TaskChunk, TaskResult
from hub.services import log
from hub.testing.booted import PASSWORD
from hub.testing.scene import Scene
from hub.testing.tools import need_tool
from hub.web.app import make_app
from hub.web.serve import serve_app

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Site:
    """A hub that is served, and may go away and come back at the same address."""

    hub: Hub
    port: int
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        self._stop = asyncio.Event()
        settings = self.hub.settings.model_copy(update={"port": self.port})
        self._serving = asyncio.create_task(serve_app(make_app(self.hub), settings, self._stop))
        for _ in range(200):
            with suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the server does not listen")

    async def down(self) -> None:
        self._stop.set()
        if self._serving:
            await self._serving


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
async def site(stage: Scene) -> AsyncIterator[Site]:
    """A hub that works and is served."""
    one = Site(stage.hub, free_port())
    await one.up()
    yield one
    await one.down()


@asynccontextmanager
async def browsing(site: Site, **options: Any) -> AsyncIterator[Page]:
    """A signed-in browser; a script error or a refusal by the Content-Security-Policy fails the test."""
    chromium = need_tool("chromium", "google-chrome")
    faults: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = await browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
        await page.goto(f"{site.address}/auth/login")
        await page.fill("#username", "admin")
        await page.fill("#password", PASSWORD)
        await page.click("button.btn-primary")
        await page.wait_for_url(re.compile(r"/(projects|project/\d+/history)"))
        yield page
        await browser.close()
    assert not faults


async def rows(page: Page) -> list[tuple[str, str]]:
    """(number, text) of the lines in the page."""
    found: list[tuple[str, str]] = await page.eval_on_selector_all(
        ".log-row",
        """rows => rows.map(row =>
            [row.querySelector('.log-number').dataset.n, row.querySelector('.log-text').textContent])""",
    )
    return [(number, text) for number, text in found]


async def finished_with(scene: Scene, lines: list[str]) -> int:
    """A finished task with this log."""
    task_id = await scene.launch(await scene.template("hello.sh"))
    await scene.until(task_id)
    await TaskChunk.filter(task_id=task_id).delete()
    await TaskResult.filter(task_id=task_id).delete()  # stages of the log that it had
    await Task.filter(id=task_id).update(log_lines=0, log_chunks=0, lease_owner=scene.hub.node)
    for seq, first in enumerate(range(0, len(lines), 1000)):
        part = lines[first : first + 1000]
        piece = log.Piece("\n".join(part), len(part), scene.hub.clock())
        await log.append(scene.hub, scene.project.id, task_id, seq, first, piece)
    await Task.filter(id=task_id).update(lease_owner=None)
    return task_id


def place(site: Site, scene: Scene, task_id: int) -> str:
    return f"{site.address}/project/{scene.project.id}/tasks/{task_id}"


async def test_a_person_runs_a_template_and_sees_its_log_grow(site: Site, stage: Scene) -> None:
    await stage.template("four_hundred.sh", name="Count")
    async with browsing(site) as page:
        await page.goto(f"{site.address}/project/{stage.project.id}/templates")
        await page.locator("main a.btn", has_text="Run").last.click()
        await page.fill("[name=message]", "From the browser")
        await page.click("form.card button.btn-primary")
        await page.wait_for_url(re.compile(r"/tasks/\d+$"))
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "success", timeout=60_000
        )
        task_id = int(page.url.rpartition("/")[2])
        shown = await rows(page)
        assert [text for _, text in shown] == await stage.lines(task_id)
        assert [number for number, _ in shown] == [str(n + 1) for n in range(len(shown))]
        await expect(page.locator("#task-end")).not_to_be_empty()
        await expect(page.get_by_role("link", name="Run again")).to_be_visible()


async def test_a_running_task_is_stopped_from_its_page(site: Site, stage: Scene) -> None:
    task_id = await stage.launch(await stage.template("wait.sh"))
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(".log-row", has_text="begun")).to_be_visible(timeout=60_000)
        await page.get_by_role("button", name="Stop", exact=True).click()
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "stopped", timeout=60_000
        )


async def test_a_long_log_opens_at_its_end_and_loads_by_scrolling(site: Site, stage: Scene) -> None:
    total = 200_000
    task_id = await finished_with(stage, [f"line {n}" for n in range(1, total + 1)])
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L{total}")).to_be_in_viewport()
        assert len(await rows(page)) < 1000
        await page.locator("#log-scroll").evaluate("box => box.scrollTop = 0")
        await expect(page.locator(f"#L{total - 900}")).to_be_attached()
        for _ in range(8):
            await page.locator("#log-scroll").evaluate("box => box.scrollTop = 0")
            await page.wait_for_timeout(60)
        shown = await rows(page)
        assert len(shown) <= 3000
        assert [f"line {number}" for number, _ in shown] == [text for _, text in shown]
        await page.click("#log-start")
        await expect(page.locator("#L1")).to_be_in_viewport()
        await page.click("#log-end")
        await expect(page.locator(f"#L{total}")).to_be_in_viewport()
        await page.goto(f"{place(site, stage, task_id)}#L123456")
        await expect(page.locator("#L123456")).to_be_in_viewport()
        await expect(page.locator("#L123456")).to_have_class(re.compile("log-marked"))


async def test_colours_are_shown_and_code_in_a_log_stays_text(site: Site, stage: Scene) -> None:
    task_id = await finished_with(stage, [
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "\x1b[31m<b>red</b>\x1b[0m plain \x1b[38;2;1;2;3mtrue\x1b[0m \x1b[48;5;208mground\x1b[0m \x1b[1;4mbold\x1b[0m",
        "\x1b[32m10%\r50%\r100%\x1b[0m \x1b[38:2::4:5:6mcolons\x1b[0m",
        "\x1b]0;title\x07old\x1b[2K\x1b[1Gcleaned",
        "\x1b]8;;javascript:alert(3)\x1b\\link\x1b]8;;\x1b\\",
        "see (https://example.com/a?b=(c)). Or http://[::1]:80/, not javascript://alert(4)",
    ])  # fmt: skip
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator("#L6")).to_be_visible()
        texts = [text for _, text in await rows(page)]
        assert texts == [
            "<script>alert(1)</script><img src=x onerror=alert(2)>", "<b>red</b> plain true ground bold", "100% colons",
            "cleaned", "link", "see (https://example.com/a?b=(c)). Or http://[::1]:80/, not javascript://alert(4)",
        ]  # fmt: skip
        await expect(page.locator("#L3 .ansi-fg-green")).to_have_text("100%")
        await expect(page.locator("#L3 span span", has_text="colons")).to_have_css("color", "rgb(4, 5, 6)")
        await expect(page.locator("#L2 .ansi-on-light")).to_have_css("color", "rgb(16, 21, 29)")
        links = page.locator("#L6 .log-text a")
        assert [await one.get_attribute("href") for one in await links.all()] == [
            "https://example.com/a?b=(c)", "http://[::1]:80/",
        ]  # fmt: skip
        assert await links.first.get_attribute("rel") == "noopener noreferrer"
        assert await page.locator(".log-text script, .log-text img, .log-text b, #L5 .log-text a").count() == 0
        await expect(page.locator("#L2 .ansi-fg-red")).to_have_text("<b>red</b>")
        await expect(page.locator("#L2 span span", has_text="true")).to_have_css("color", "rgb(1, 2, 3)")
        await expect(page.locator("#L2 span span", has_text="ground")).to_have_css(
            "background-color", "rgb(255, 135, 0)"
        )


async def test_the_page_goes_on_where_it_was_after_the_hub_was_away(site: Site, stage: Scene) -> None:
    (stage.folder / "slow.sh").write_text("for n in $(seq 1 300); do echo tick $n; sleep 0.05; done\n")
    from hub.testing.scene import commit_files

    commit_files(stage.folder, {}, "slow")
    task_id = await stage.launch(await stage.template("slow.sh"))
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(".log-row", has_text=re.compile(r"tick 5$"))).to_be_attached(timeout=60_000)
        await site.down()
        await expect(page.locator("#log-note")).to_have_text("Connection lost. Reconnecting…", timeout=30_000)
        await site.up()
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "success", timeout=90_000
        )
        await expect(page.locator("#log-note")).to_be_hidden()
        await expect(page.locator(".log-row", has_text="tick 300")).to_be_attached()  # lines are drawn frame by frame
        assert [text for _, text in await rows(page)] == await stage.lines(task_id)


async def test_following_pauses_when_one_scrolls_up(site: Site, stage: Scene) -> None:
    from hub.testing.scene import commit_files

    commit_files(
        stage.folder, {"many.sh": "seq 1 200; for n in $(seq 1 4000); do echo tick $n; sleep 0.03; done\n"}, "many"
    )
    task_id = await stage.launch(await stage.template("many.sh"))
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(".log-row", has_text=re.compile(r"tick 5$"))).to_be_attached(timeout=60_000)
        await page.locator("#log-scroll").hover()
        await page.mouse.wheel(0, -1500)
        await expect(page.locator("#log-follow")).to_be_visible()
        top = await page.locator("#log-scroll").evaluate("box => box.scrollTop")
        count = await page.locator(".log-row").count()
        await expect(page.locator(".log-row").nth(count + 20)).to_be_attached(timeout=30_000)
        assert abs(await page.locator("#log-scroll").evaluate("box => box.scrollTop") - top) < 2
        await page.click("#log-follow")
        await expect(page.locator(".log-row").last).to_be_in_viewport()
        await expect(page.locator("#log-follow")).to_be_hidden()
        # The stage that it is in is known, counts, folds and leaves out what came before it.
        await expect(page.locator("#task-stages .is-running .stage-time")).to_have_text(re.compile(r"\d+"))
        await page.locator("#log-pause").click()
        await expect(page.locator("#log-follow")).to_be_visible()
        await page.locator("#task-stages").get_by_role("button", name="Script").click()
        await expect(page.locator("#log-whole")).to_be_visible()
        await page.click("#log-start")
        await expect(page.locator(".log-row").first).not_to_contain_text("added to queue")
        await expect(page.locator(".log-stage").first).to_contain_text("Script")
        await page.locator("#log-wide").click()
        await expect(page.locator("#log-wide")).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
