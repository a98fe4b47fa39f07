"""Measures the log viewer in a real browser, against a real hub: long logs, live lines, and many viewers.

usage: python benchmarks/log_view.py [--lines 1000000] [--viewers 50]      prints a table

Four things: how long a log of a million lines takes to its last screen; the memory of the page while somebody scrolls
and jumps all over it; how long after a process wrote a line it stands in the page; and what a busy log with many
viewers costs the server. The hub is a process of its own; the browser and this program share the machine with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import CDPSession, Page, async_playwright

from hub.testing.scene import make_repository

LINE = "log line %09.0f of a long run with about one hundred characters of text in it, as ansible prints them"
SCRIPTS = {
    "long.sh": f"seq -f '{LINE}' 1 $1\n",
    "stamps.sh": 'for n in $(seq 1 60); do echo "stamp $(date +%s%N)"; sleep 0.25; done\n',
    # A busy log: 200 lines a second, in 20 bursts.
    "busy.sh": f"for n in $(seq 1 400); do seq -f '{LINE}' $((n * 10)) $((n * 10 + 9)); sleep 0.05; done\n",
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PASSWORD = "benchmark-only"

WATCH = """() => {
  window.seen = []
  new MutationObserver((changes) => {
    const now = performance.timeOrigin + performance.now()
    for (const change of changes) for (const row of change.addedNodes) {
      const found = /stamp (\\d+)/.exec(row.textContent ?? '')
      if (found) window.seen.push(now - Number(found[1]) / 1e6)
    }
  }).observe(document.getElementById('log-rows'), { childList: true })
}"""
"""Notes for each line how many milliseconds passed from its stamp to its row; both clocks are this machine's."""


class Bench:
    """A hub in a process of its own, and somebody who uses it."""

    def __init__(self, folder: Path, port: int, process: asyncio.subprocess.Process) -> None:
        self.folder, self.process = folder, process
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.AsyncClient(base_url=f"{self.url}/api", timeout=300)
        self.project = 0
        self.repository = 0

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API."""
        answer = await self.client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def prepare(self) -> None:
        """Sign in; make a project with the scripts."""
        await self.call("POST", "/auth/login", {"auth": "admin", "password": PASSWORD})
        self.project = (await self.call("POST", "/projects", {"name": "Bench"}))["id"]
        key = (await self.call("GET", f"/project/{self.project}/keys"))[0]["id"]
        body = {"project_id": self.project, "name": "Scripts", "git_url": str(self.folder / "scripts"),
                "git_branch": "main", "ssh_key_id": key}  # fmt: skip
        self.repository = (await self.call("POST", f"/project/{self.project}/repositories", body))["id"]

    async def start(self, script: str, *arguments: str) -> int:
        """Start a script; return its task."""
        words = "[" + ", ".join(f'"{one}"' for one in arguments) + "]"
        body = {"project_id": self.project, "name": f"{script} {time.time_ns()}", "app": "bash", "playbook": script,
                "repository_id": self.repository, "arguments": words}  # fmt: skip
        template = (await self.call("POST", f"/project/{self.project}/templates", body))["id"]
        made = await self.call("POST", f"/project/{self.project}/tasks", {"template_id": template})
        return int(made["id"])

    async def until(self, task: int, *statuses: str) -> None:
        """Wait for a status."""
        while (await self.call("GET", f"/project/{self.project}/tasks/{task}"))["status"] not in statuses:
            await asyncio.sleep(0.1)

    def page_of(self, task: int) -> str:
        """Address of the page of a task."""
        return f"{self.url}/project/{self.project}/tasks/{task}"

    def cpu(self) -> float:
        """Seconds of processor time that the server has used."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Bench]:
    """A hub on a fresh folder."""
    make_repository(folder / "scripts", SCRIPTS)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    settings = {"HUB_DATA_DIR": str(folder / "data"), "HUB_ADMIN_PASSWORD": PASSWORD, "HUB_LOG_LEVEL": "error",
                "HUB_LOCAL_REPOSITORY_ROOTS": str(folder)}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", "serve", "--port", str(port), env={**os.environ, **settings}
    )
    bench = Bench(folder, port, process)
    try:
        for _ in range(600):
            try:
                await bench.client.get("/ping")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        await bench.prepare()
        yield bench
    finally:
        await bench.client.aclose()
        process.terminate()
        await process.wait()


async def opened(page: Page, address: str, last: int) -> tuple[float, float]:
    """Return milliseconds from the click to the last line in the page: all in all, and of the viewer alone."""
    begun = time.perf_counter()
    await page.goto(address, wait_until="commit")
    await page.wait_for_selector(f"#L{last}")
    whole = (time.perf_counter() - begun) * 1000
    ready = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    inside = await page.evaluate(f"performance.now() - {ready}")
    return whole, inside


async def heap(session: CDPSession) -> float:
    """Megabytes that scripts of the page hold, rubbish taken out first."""
    await session.send("HeapProfiler.collectGarbage")
    return float((await session.send("Runtime.getHeapUsage"))["usedSize"]) / 1e6


async def wandering(page: Page, total: int) -> tuple[float, list[float]]:
    """Scroll and jump all over a log; return the largest heap in MB, and milliseconds of each jump."""
    session = await page.context.new_cdp_session(page)
    most, jumps = await heap(session), []
    chance = random.Random(7)
    for turn in range(40):
        line = chance.randrange(1, total)
        begun = time.perf_counter()
        await page.evaluate(f"location.hash = '#L{line}'")
        await page.wait_for_selector(f"#L{line}.log-marked")
        jumps.append((time.perf_counter() - begun) * 1000)
        for step in range(8):
            await page.evaluate(f"document.getElementById('log-scroll').scrollTop += {-9000 if step % 2 else 9000}")
            await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))")
        if turn % 4 == 0:
            most = max(most, await heap(session))
    return max(most, await heap(session)), jumps


async def live(page: Page, bench: Bench) -> list[float]:
    """Return milliseconds from the moment at which a process wrote a line to its row in the page."""
    task = await bench.start("stamps.sh")
    await page.goto(bench.page_of(task))
    await page.evaluate(WATCH)
    await bench.until(task, "success", "error")
    seen: list[float] = await page.evaluate("window.seen")
    return sorted(seen)


async def crowd(bench: Bench, viewers: int) -> tuple[float, float, int]:
    """Return cores that the server needs with and without viewers of one busy log, and lines that the last got."""

    async def cost(count: int) -> tuple[float, int]:
        task = await bench.start("busy.sh")
        got = [0] * count

        async def view(number: int) -> None:
            path = f"/project/{bench.project}/tasks/{task}/stream"
            async with bench.client.stream("GET", path) as answer:
                async for piece in answer.aiter_bytes():
                    got[number] += piece.count(b"log line")

        before, begun = bench.cpu(), time.perf_counter()
        views = [asyncio.create_task(view(number)) for number in range(count)]
        await bench.until(task, "success", "error")
        used = (bench.cpu() - before) / (time.perf_counter() - begun)
        await asyncio.gather(*views)
        return used, min(got, default=0)

    alone, _ = await cost(0)
    together, least = await cost(viewers)
    return together, alone, least


async def main(lines: int, viewers: int) -> None:
    """Print the table."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        async with serving(Path(name)) as bench, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            await page.goto(f"{bench.url}/auth/login")
            await page.fill("#username", "admin")
            await page.fill("#password", PASSWORD)
            await page.click("button.btn-primary")
            await page.wait_for_url("**/project**")
            task = await bench.start("long.sh", str(lines))
            await bench.until(task, "success", "error")
            total = (await bench.call("GET", f"/project/{bench.project}/tasks/{task}/lines?first=-1&count=1"))["total"]
            times = [await opened(page, bench.page_of(task), total) for _ in range(7)]
            rows.append((f"{total:,} lines, from the click to the last screen, median of 7",
                         f"{statistics.median(whole for whole, _ in times):.0f} ms", "≤ 500 ms"))  # fmt: skip
            rows.append(("of these, the viewer itself", f"{statistics.median(one for _, one in times):.0f} ms", "–"))
            most, jumps = await wandering(page, total)
            rows.append(("largest heap in 40 jumps with scrolling all over it", f"{most:.0f} MB", "< 150 MB"))
            rows.append(("a jump to any line, median", f"{statistics.median(jumps):.0f} ms", "–"))
            seen = await live(page, bench)
            rows.append((f"live line, written → in the page, p50 of {len(seen)}", f"{seen[len(seen) // 2]:.0f} ms",
                         "≤ 150 ms"))  # fmt: skip
            rows.append(("the same, p95", f"{seen[int(len(seen) * 0.95)]:.0f} ms", "≤ 150 ms"))
            await browser.close()
            together, alone, least = await crowd(bench, viewers)
            rows.append((f"{viewers} viewers of a log with 200 lines/s, all lines seen: {least:,}",
                         f"{together:.2f} cores", "< 1 core"))  # fmt: skip
            rows.append(("the same log with nobody looking", f"{alone:.2f} cores", "–"))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| | measured | wanted |\n| --- | --- | --- |")
    for what, value, wanted in rows:
        print(f"| {what} | {value} | {wanted} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--viewers", type=int, default=50)
    given = parser.parse_args()
    asyncio.run(main(given.lines, given.viewers))
