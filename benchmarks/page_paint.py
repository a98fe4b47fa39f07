"""Opens every page of the hub in Chromium with a cold cache: what it loads, late parts too, and when it first paints.

usage: python benchmarks/page_paint.py [--runs 5] [--all]      prints the heaviest and the slowest, or all

Weights are bytes on the wire with their headers, from the first request until none has come for a second. The time is
the median of the browser's own `first-contentful-paint`; the hub, the browser and this program share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from hub.testing import thrift
from hub.testing.booted import PASSWORD, booted
from hub.testing.ports import free_port
from hub.testing.scene import make_scene
from hub.testing.tools import need_tool
from hub.web.app import make_app
from hub.web.serve import serve_app

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.web.addresses import every_address

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
QUIET = 1.0
"""Seconds without a request after which a page has all that it loads by itself."""
PAINT = """() => new Promise((done) => {
    const look = (list) => list.getEntriesByName('first-contentful-paint').forEach((one) => done(one.startTime))
    new PerformanceObserver(look).observe({ type: 'paint', buffered: true })
})"""


@dataclass
class Opened:
    """What became of one address."""

    address: str
    weight: int = 0
    requests: int = 0
    paints: list[float] = field(default_factory=list)

    @property
    def paint(self) -> float:
        return statistics.median(self.paints)


class Counted:
    """Bytes that come over the wire, as the browser's network part tells."""

    def __init__(self) -> None:
        self._whole: dict[str, int] = {}
        self._streamed: Counter[str] = Counter()
        self.last = 0.0

    async def follow(self, cdp: Any) -> None:
        cdp.on("Network.requestWillBeSent", lambda one: self._note(one["requestId"]))
        cdp.on("Network.dataReceived", lambda one: self._more(one["requestId"], one["encodedDataLength"]))
        cdp.on("Network.loadingFinished", lambda one: self._end(one["requestId"], one["encodedDataLength"]))
        await cdp.send("Network.enable")

    def _note(self, request: str) -> None:
        self._whole.setdefault(request, 0)
        self.last = asyncio.get_running_loop().time()

    def _more(self, request: str, size: int) -> None:
        self._streamed[request] += size

    def _end(self, request: str, size: int) -> None:
        self._note(request)
        self._whole[request] = int(size)

    @property
    def requests(self) -> int:
        return len(self._whole)

    @property
    def weight(self) -> int:
        return sum(size or self._streamed[request] for request, size in self._whole.items())

    async def settled(self) -> None:
        while (left := self.last + QUIET - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)


async def visit(browser: Browser, state: Any, address: str, one: Opened, *, weigh: bool) -> None:
    """Open a page as somebody does who never was here, but is signed in."""
    context = await browser.new_context(storage_state=state)
    try:
        page = await context.new_page()
        counted = Counted()
        if weigh:
            await counted.follow(await context.new_cdp_session(page))
        await page.goto(address + one.address, wait_until="load")
        one.paints.append(float(await page.evaluate(PAINT)))
        if weigh:
            await counted.settled()
            one.weight, one.requests = counted.weight, counted.requests
    finally:
        await context.close()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[str, list[str]]]:
    """A hub with one of everything: where it listens, and its pages."""
    with thrift.remembered(), thrift.cheap_hashes():
        async with booted() as hub:
            port, stop = free_port(), asyncio.Event()
            app = make_app(hub)
            scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
            pages = await every_address(scene)
            serving = asyncio.create_task(serve_app(app, hub.settings.model_copy(update={"port": port}), stop))
            while True:
                with suppress(OSError):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
            yield f"http://127.0.0.1:{port}", pages
            stop.set()
            await serving


async def signed_in(browser: Browser, address: str) -> Any:
    """The cookies of somebody who has signed in."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{address}/auth/login")
    await page.fill("#username", "admin")
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_selector("nav")
    state = await context.storage_state()
    await context.close()
    return state


def table(rows: list[Opened]) -> None:
    print("| page | KB, all that it loads | requests | first paint, ms |\n| --- | --- | --- | --- |")
    for one in rows:
        print(f"| `{one.address}` | {one.weight / 1000:.1f} | {one.requests} | {one.paint:.0f} |")


async def main(runs: int, *, everything: bool) -> None:
    """Visit, and print."""
    async with served() as (address, pages), async_playwright() as playwright:
        chromium = need_tool("chromium", "google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        state = await signed_in(browser, address)
        opened = [Opened(one) for one in pages]
        for run in range(runs):
            for one in opened:
                await visit(browser, state, address, one, weigh=run == 0)
        await browser.close()
    weights = [one.weight for one in opened]
    paints = [one.paint for one in opened]
    print(f"{len(opened)} pages, {runs} times each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"weight: median {statistics.median(weights) / 1000:.1f} KB, largest {max(weights) / 1000:.1f} KB (< 150)")
    print(f"first paint: median {statistics.median(paints):.0f} ms, slowest {max(paints):.0f} ms (< 500)\n")
    if everything:
        table(sorted(opened, key=lambda one: one.address))
        return
    table(sorted(opened, key=lambda one: -one.weight)[:10])
    print()
    table(sorted(opened, key=lambda one: -one.paint)[:10])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(given.runs, everything=given.all))
