"""Pages in a real browser: the first run by hand, colours, phone width, weight, and the keyboard."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from playwright.async_api import Page, Response, async_playwright, expect

from hub.models import Template
from hub.testing.booted import PASSWORD
from hub.testing.scene import Scene, make_repository
from hub.testing.tools import need_tool
from hub.web.app import make_app
from hub.web.serve import serve_app

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
BUDGET = 150 * 1024
"""Bytes that any page may load at first, compressed."""


@pytest.fixture
async def address(stage: Scene) -> AsyncIterator[str]:
    """A hub that works, served on a port of its own."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    stop = asyncio.Event()
    settings = stage.hub.settings.model_copy(update={"port": port})
    serving = asyncio.create_task(serve_app(make_app(stage.hub), settings, stop))
    for _ in range(200):
        with suppress(OSError):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    stop.set()
    await serving


@asynccontextmanager
async def browsing(address: str, **options: Any) -> AsyncIterator[Page]:
    """A browser that is signed in."""
    faults: list[str] = []
    async with async_playwright() as playwright:
        chromium = need_tool("chromium", "google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await (await browser.new_context(**options)).new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        await page.goto(f"{address}/auth/login")
        await page.fill("#username", "admin")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url(re.compile(r"/(projects|project/\d+/history)"))
        yield page
        await browser.close()
    assert not faults


async def test_a_person_goes_from_a_new_project_to_the_first_run(stage: Scene, address: str) -> None:
    folder = make_repository(stage.hub.settings.data_dir / "repositories" / "mine", {"hello.sh": 'echo "hello $who"\n'})
    async with browsing(address) as page:
        await page.goto(f"{address}/project/new")
        await page.fill("[name=name]", "By hand")
        await page.click("button:has-text('Create')")
        await page.get_by_role("link", name="Step by step instead").click()
        await expect(page.get_by_text("From here to the first run")).to_be_visible()
        await page.get_by_role("link", name="Add a repository").click()
        await page.fill("[name=name]", "Code")
        await page.fill("[name=git_url]", str(folder))
        await page.click("button:has-text('Save')")
        await page.get_by_role("link", name="Task templates").click()
        await page.get_by_role("link", name="Bash").first.click()
        await page.fill("[name=name]", "Greet")
        await page.fill("[name=playbook]", "hello.sh")
        await page.get_by_text("Questions before a run").click()
        await page.click("button:has-text('Add a question')")
        await page.fill("[name=survey-0-title]", "Whom to greet")
        await page.fill("[name=survey-0-name]", "who")
        await page.select_option("[name=survey-0-type]", "enum")
        await page.fill("[name=survey-0-values]", "world = The world\nmoon = The moon")
        await page.fill("[name=survey-0-default]", "moon")
        await page.click("form button:has-text('Save')")
        await page.get_by_role("link", name="Run", exact=True).click()
        await expect(page.get_by_label("Whom to greet")).to_have_value("moon")
        await page.get_by_label("Whom to greet").select_option("The world")
        await page.click("form.card button.btn-primary")
        await expect(page.locator(".log-row", has_text="hello world")).to_be_visible(timeout=60_000)
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "success", timeout=60_000
        )
        await expect(page.locator("#task-side")).to_contain_text("who")
    template = await Template.get(name="Greet")
    assert template.survey_vars == [
        {
            "name": "who", "title": "Whom to greet", "type": "enum", "default_value": "moon",
            "values": [{"name": "The world", "value": "world"}, {"name": "The moon", "value": "moon"}],
        }
    ]  # fmt: skip


async def test_a_waiting_task_appears_and_changes_in_the_history_by_itself(stage: Scene, address: str) -> None:
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/history")
        task_id = await stage.launch(await stage.template("wait.sh"))
        row = page.locator(f"#task-{task_id}")
        await expect(row.locator("[data-status=running]")).to_be_visible(timeout=60_000)
        from hub.services.tasks.stop import stop

        await stop(stage.hub, stage.actor, stage.project.id, task_id)
        await expect(row.locator("[data-status=stopped]")).to_be_visible(timeout=60_000)


async def test_chips_are_typed_removed_and_sent(stage: Scene, address: str) -> None:
    template = await stage.template("arguments.sh", allow_override_args_in_task=True)
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/templates/{template.id}/run")
        field = page.get_by_label(re.compile("^Arguments"))
        for word in ("--one", "wrong", "two words"):
            await field.fill(word)
            await field.press("Enter")
        await page.get_by_role("button", name="Remove wrong").click()
        await field.fill("left over")
        await page.click("form.card button.btn-primary")
        for word in ("<--one>", "<two words>", "<left over>"):
            await expect(page.locator(".log-row", has_text=word)).to_be_visible(timeout=60_000)
        await expect(page.locator(".log-row", has_text="<wrong>")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_colours_follow_the_system_until_one_is_chosen(address: str, scheme: str) -> None:
    other = {"dark": "light", "light": "dark"}[scheme]
    async with browsing(address, color_scheme=scheme) as page:
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        await page.locator("summary", has_text="Your account").click()
        await page.locator(f"label[for=theme-{other}]").click()
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", other)
        await page.wait_for_load_state("networkidle")
        await page.goto(f"{address}/projects")
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", other)


async def test_nothing_is_wider_than_a_phone(stage: Scene, address: str) -> None:
    long = "a-very-long-name-without-any-space-" * 2
    template = await stage.template("hello.sh", name=long, description=long)
    task_id = await stage.launch(template, message=long)
    await stage.until(task_id)
    root = f"/project/{stage.project.id}"
    async with browsing(address, viewport={"width": 360, "height": 740}) as page:
        for place in (
            "/projects", f"{root}/history", f"{root}/templates", f"{root}/templates/{template.id}/details",
            f"{root}/templates/{template.id}/run", f"{root}/templates/{template.id}/edit", f"{root}/tasks/{task_id}",
            f"{root}/repositories", f"{root}/keys/new", f"{root}/environment/new", f"{root}/team", f"{root}/views",
            "/users", "/plugins", "/account", "/account/tokens", "/tasks",
        ):  # fmt: skip
            await page.goto(address + place)
            wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, place


async def test_no_page_is_heavier_than_its_budget(stage: Scene, address: str) -> None:
    template = await stage.template("hello.sh")
    task_id = await stage.launch(template)
    await stage.until(task_id)
    root = f"/project/{stage.project.id}"
    for place in (f"{root}/history", f"{root}/tasks/{task_id}", f"{root}/templates/{template.id}/edit", "/projects"):
        async with browsing(address) as page:
            context = await page.context.browser.new_context(storage_state=await page.context.storage_state())
            fresh = await context.new_page()
            answers: list[Response] = []
            fresh.on("response", lambda answer, into=answers: into.append(answer))
            await fresh.goto(address + place, wait_until="networkidle" if "tasks" not in place else "load")
            sizes = [await answer.request.sizes() for answer in answers]
            assert sum(one["responseBodySize"] for one in sizes) < BUDGET, place
            assert all(answer.url.startswith(address) for answer in answers)


async def test_the_keyboard_reaches_the_content_and_the_menus(stage: Scene, address: str) -> None:
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/templates")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip-link")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#main")).to_be_focused()
        menu = page.locator("details:has(> summary:has-text('New template'))")
        await menu.locator("summary").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("ArrowDown")
        await expect(menu.locator("a").first).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(menu).not_to_have_attribute("open", "")
        await expect(menu.locator("summary")).to_be_focused()


async def test_deleting_asks_first(stage: Scene, address: str) -> None:
    template = await stage.template("hello.sh")
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/templates/{template.id}/tasks")
        for answer, left in (("Cancel", 1), ("Delete", 0)):
            await page.locator("summary[aria-label='More']").click()
            await page.locator("button.dropdown-item", has_text="Delete").click()
            await page.locator("dialog.ask").get_by_role("button", name=answer).click()
            await expect(page.locator("dialog.ask")).to_have_count(0)
            if left == 0:
                await page.wait_for_url(re.compile(r"/templates$"))
            else:
                await page.reload()
            assert await Template.filter(id=template.id).count() == left
