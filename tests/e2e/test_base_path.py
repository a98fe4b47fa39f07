"""The hub below a path of its host, behind a proxy: all links of all pages, and a browser from sign-in to live log."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from hub.testing.booted import PASSWORD, booted, working
from hub.testing.ports import free_port
from hub.testing.scene import Scene, make_scene
from hub.testing.tools import need_tool
from hub.web.app import make_app
from hub.web.serve import serve_app

from .reverse_proxy import ReverseProxy, proxying
from .test_browser_pages import FLAGS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LINK = re.compile(r'(?:href|src|action|hx-get|hx-post|data-source|data-url)="([^"#][^"]*)"')


@dataclasses.dataclass
class Hosted:
    """A hub behind a proxy."""

    scene: Scene
    proxy: ReverseProxy
    address: str


@pytest.fixture(params=["kept", "stripped"])
async def hosted(plugins: Any, request: pytest.FixtureRequest) -> AsyncIterator[Hosted]:
    """A hub that works below `/hub`, behind a proxy that keeps the path or takes it off."""
    proxy = ReverseProxy(free_port(), free_port(), strip=request.param == "stripped")
    address = f"http://127.0.0.1:{proxy.port}/hub"
    async with booted(plugins=plugins, public_url=address, port=proxy.target) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo it greets\n"})
        stop = asyncio.Event()
        serving = asyncio.create_task(serve_app(make_app(hub), hub.settings, stop))
        async with working(hub), proxying(proxy), asyncio.timeout(250):
            while True:
                with suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", proxy.target))[1].close()
                    break
                await asyncio.sleep(0.05)
            yield Hosted(scene, proxy, address)
        stop.set()
        await serving


async def test_every_link_of_every_page_stays_below_the_path_and_works(hosted: Hosted) -> None:
    task = await hosted.scene.launch(await hosted.scene.template("hello.sh"))
    async with httpx.AsyncClient(timeout=60, verify=False) as client:
        form = {"username": "admin", "password": PASSWORD, "return": f"/hub/project/{hosted.scene.project.id}/history"}
        signed = await client.post(f"{hosted.address}/auth/login", data=form)
        assert (signed.status_code, signed.headers["Location"]) == (303, form["return"])
        assert "Path=/hub" in signed.headers["Set-Cookie"]
        seen, waiting = (
            set[str](),
            [f"{hosted.address}/", f"{hosted.address}/project/{hosted.scene.project.id}/history"],
        )
        while waiting and len(seen) < 250:
            place = waiting.pop(0)
            answer = await client.get(place, headers={"Accept": "text/html"})
            assert answer.status_code < 400 or "/api/" in place, (place, answer.status_code)
            if "Location" in answer.headers:
                assert answer.headers["Location"].startswith("/hub/"), (place, answer.headers["Location"])
                waiting.append(urljoin(place, answer.headers["Location"]))
            if not answer.headers.get("Content-Type", "").startswith("text/html"):
                continue
            for found in LINK.findall(answer.text.replace("&amp;", "&")):
                target = urlsplit(urljoin(place, found))
                if target.netloc != urlsplit(hosted.address).netloc:
                    continue
                assert target.path.startswith("/hub/"), (place, found)
                link = target._replace(fragment="").geturl()
                shape = re.sub(r"[?].*", "", link)
                sent = re.search(rf'(?:action|hx-post)="{re.escape(found)}"', answer.text)
                if shape not in seen and "logout" not in link and not sent:
                    seen.add(shape)
                    if not link.endswith((f"/tasks/{task}", "/stream")) or "/api/" not in link:
                        waiting.append(link)
        assert len(seen) > 30
    assert hosted.proxy.astray == []


async def test_a_browser_signs_in_runs_a_task_and_sees_its_log_live(hosted: Hosted) -> None:
    template = await hosted.scene.template("hello.sh")
    async with async_playwright() as playwright:
        chromium = need_tool("chromium", "google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        target = f"{hosted.address}/project/{hosted.scene.project.id}/templates/{template.id}"
        await page.goto(target)
        await page.fill("#username", "admin")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url(f"{target}/tasks")
        await page.get_by_role("link", name="Run", exact=True).first.click()
        await page.click("form.card button.btn-primary")
        await expect(page.locator(".log-row", has_text="it greets")).to_be_visible(timeout=60_000)
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "success", timeout=60_000
        )
        opened = await page.evaluate(
            """address => new Promise(done => {
                 const socket = new WebSocket(address)
                 socket.onopen = () => done('open')
                 socket.onerror = () => done('refused')
               })""",
            f"{hosted.address}/api/ws".replace("http:", "ws:"),
        )
        assert opened == "open"
        cookies = {one["name"]: one["path"] for one in await page.context.cookies()}
        await browser.close()
    assert set(cookies.values()) == {"/hub"}, cookies
    assert any("/stream" in one for one in asked)
    assert [one for one in asked if not urlsplit(one).path.startswith("/hub/") and "favicon.ico" not in one] == []
    assert [one for one in hosted.proxy.astray if one != "/favicon.ico"] == []
