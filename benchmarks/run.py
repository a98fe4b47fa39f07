"""Measures a hub over HTTP and WebSocket, as its clients see it, and prints a table.

usage: python benchmarks/run.py [--quick] [--json FILE]            starts a hub of its own on a fresh data folder
       python benchmarks/run.py --url URL --pid PID --password P   measures one that runs already

Ratios are what counts: this and the machine's other work share its cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import websockets

LINE = "log line %09.0f of a long run with about one hundred characters of text in it, as ansible prints them"
SCRIPTS = {
    "hello.sh": "echo hello-$(date +%s%N)\n",
    "lines.sh": f"seq -f '{LINE}' 1 100000\n",
    "million.sh": f"seq -f '{LINE}' 1 1000000\n",
}
ANEW = """local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", wrk.path .. "?anew=" .. n .. "-" .. os.time())
end
"""
"""A parameter that lists ignore, and no answer is kept for."""
FINISHED = ("success", "error", "stopped")


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and its children, in MB."""
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
    return total / 1024


class Bench:
    def __init__(self, url: str, pid: int, login: str, password: str, folder: Path) -> None:
        self.url, self.pid, self.folder = url.rstrip("/"), pid, folder
        self.login, self.password = login, password
        self.client = httpx.AsyncClient(base_url=self.url + "/api", timeout=300)
        self.figures: dict[str, str] = {}

    async def call(self, method: str, path: str, **given):
        answer = await self.client.request(method, path, **given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def prepare(self) -> None:
        await self.call("POST", "/auth/login", json={"auth": self.login, "password": self.password})
        token = await self.call("POST", "/user/tokens", json={})
        self.client.headers["Authorization"] = f"Bearer {token['id']}"
        self.client.cookies.clear()
        project = await self.call("POST", "/projects", json={"name": f"bench {time.time_ns()}"})
        self.project = f"/project/{project['id']}"
        here = {"project_id": project["id"]}
        key = await self.call("POST", f"{self.project}/keys", json=here | {"name": "none", "type": "none"})
        repository = await self.call(
            "POST",
            f"{self.project}/repositories",
            json=here | {"name": "r", "git_url": str(self.folder), "git_branch": "", "ssh_key_id": key["id"]},
        )
        self.templates = {}
        for script in SCRIPTS:
            made = await self.call(
                "POST",
                f"{self.project}/templates",
                json=here
                | {
                    "name": script,
                    "app": "bash",
                    "playbook": script,
                    "repository_id": repository["id"],
                    "allow_parallel_tasks": True,
                },
            )
            self.templates[script] = made["id"]

    async def launch(self, script: str) -> int:
        task = await self.call("POST", f"{self.project}/tasks", json={"template_id": self.templates[script]})
        return task["id"]

    async def until_done(self, task_id: int, every: float) -> None:
        while True:
            task = await self.call("GET", f"{self.project}/tasks/{task_id}")
            if task["status"] in FINISHED:
                if task["status"] != "success":
                    raise RuntimeError(f"task {task_id} ended as {task['status']}: {task.get('reason')}")
                return
            await asyncio.sleep(every)

    async def start_latency(self, runs: int) -> None:
        first, seen = [], 0
        headers = {"Authorization": self.client.headers["Authorization"]}
        address = self.url.replace("http", "ws", 1) + "/api/ws"
        async with websockets.connect(address, additional_headers=headers, max_size=None) as live:
            for _ in range(runs):
                began, live_line = time.perf_counter(), None
                task_id = await self.launch("hello.sh")
                while True:
                    message = json.loads(await asyncio.wait_for(live.recv(), 60))
                    if message["task_id"] != task_id:
                        continue
                    if message["type"] == "log" and "hello-" in message["output"] and live_line is None:
                        live_line = time.perf_counter() - began
                    if message["type"] == "update" and message["status"] in FINISHED:
                        break
                if live_line is not None:
                    first.append(live_line)
                    seen += 1
        self.figures["task start → first own line, p50"] = f"{percentile(first, 0.5) * 1000:.0f} ms"
        self.figures["the same, p95"] = f"{percentile(first, 0.95) * 1000:.0f} ms"
        self.figures["first line seen live"] = f"{seen} of {runs} runs"

    async def burst(self, tasks: int) -> None:
        began = time.perf_counter()
        ids = await asyncio.gather(*[self.launch("hello.sh") for _ in range(tasks)])
        accepted = time.perf_counter() - began
        for task_id in ids:
            await self.until_done(task_id, 0.2)
        self.figures[f"{tasks} bash tasks at once, accepted"] = f"{accepted:.2f} s"
        self.figures[f"{tasks} bash tasks at once, all done"] = f"{time.perf_counter() - began:.2f} s"

    async def log(self, script: str, lines: int) -> None:
        name = f"{lines // 1000}k-line log"
        peak, watching = memory_mb(self.pid), True

        async def watch() -> None:
            nonlocal peak
            while watching:
                peak = max(peak, memory_mb(self.pid))
                await asyncio.sleep(0.1)

        before, watcher = peak, asyncio.create_task(watch())
        began = time.perf_counter()
        task_id = await self.launch(script)
        await self.until_done(task_id, 0.05)
        done = time.perf_counter() - began
        began_reading = time.perf_counter()
        kept, last, in_order = 0, "", True
        async with self.client.stream("GET", f"{self.project}/tasks/{task_id}/raw_output") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("log line "):
                    kept += 1
                    in_order, last = in_order and line > last, line
        checked = time.perf_counter() - began_reading
        watching = False
        await watcher
        self.figures[f"{name} complete and readable"] = f"{done:.2f} s"
        self.figures[f"{name}: lines kept, in order"] = f"{kept} of {lines}, {'yes' if in_order else 'NO'}"
        self.figures[f"{name}: memory above idle"] = f"{peak - before:+.0f} MB"
        began_reading = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-H",
            f"Authorization: {self.client.headers['Authorization']}",
            f"{self.url}/api{self.project}/tasks/{task_id}/raw_output",
        )
        await process.wait()
        self.figures[f"reading that {name} raw"] = f"{time.perf_counter() - began_reading:.2f} s"
        del checked

    async def rates(self, seconds: int) -> None:
        """Requests a second by wrk, where it is installed: one thread, 8 connections."""
        paths = {
            "ping": "/ping",
            "user": "/user",
            "projects": "/projects",
            "templates": f"{self.project}/templates",
            "tasks/last": f"{self.project}/tasks/last",
            "events": f"{self.project}/events",
        }
        for name, path in paths.items():
            self.figures[f"GET {name}"] = await self.rate(path, seconds)
        anew = self.folder.parent / "anew.lua"
        anew.write_text(ANEW)
        for name in ("templates", "tasks/last", "events"):
            self.figures[f"GET {name}, read anew each time"] = await self.rate(paths[name], seconds, "-s", str(anew))

    async def rate(self, path: str, seconds: int, *more: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "wrk",
            "-t1",
            "-c8",
            f"-d{seconds}s",
            "--latency",
            *more,
            "-H",
            f"Authorization: {self.client.headers['Authorization']}",
            f"{self.url}/api{path}",
            stdout=subprocess.PIPE,
        )
        text = (await process.communicate())[0].decode()
        if "Non-2xx" in text:
            raise RuntimeError(f"GET {path} was refused: {text}")
        words = {parts[0]: parts[1] for parts in (line.split() for line in text.splitlines()) if len(parts) > 1}
        return f"{float(words['Requests/sec:']):.0f}/s, p99 {words['99%']}"


def repository(folder: Path) -> Path:
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "bench"],
    ):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    return folder


@contextlib.contextmanager
def own_hub(folder: Path, figures: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start a hub on a fresh data folder, and then once more, timed: the first start also makes the database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_PORT": str(port),
        "HUB_ADMIN_PASSWORD": "changeme",
        "HUB_LOCAL_REPOSITORY_ROOTS": str(folder),
    }
    url = f"http://127.0.0.1:{port}"
    for _ in range(2):
        began = time.perf_counter()
        hub = subprocess.Popen([str(Path(sys.executable).parent / "hub"), "serve"], env=environment)
        with httpx.Client() as client:  # made once: making one takes as long as the rest of a look
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    client.get(url + "/api/ping").raise_for_status()
                    break
                time.sleep(0.005)
        figures["cold start to first answer"] = f"{time.perf_counter() - began:.2f} s"
        if _ == 0:
            hub.terminate()
            hub.wait()
    try:
        yield url, hub.pid
    finally:
        hub.terminate()
        hub.wait()


async def measure(bench: Bench, *, quick: bool) -> None:
    await bench.prepare()
    await asyncio.sleep(1)
    bench.figures["idle memory"] = f"{memory_mb(bench.pid):.0f} MB"
    await bench.start_latency(8 if quick else 20)
    await bench.burst(100)
    await bench.log("lines.sh", 100_000)
    await bench.log("million.sh", 1_000_000)
    with contextlib.suppress(FileNotFoundError):
        await bench.rates(2 if quick else 5)
    await bench.client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", default="changeme")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        folder = Path(name)
        (folder / "repository").mkdir()
        scripts = repository(folder / "repository")
        with contextlib.ExitStack() as stack:
            url, pid = (given.url, given.pid) if given.url else stack.enter_context(own_hub(folder, figures))
            bench = Bench(url, pid, given.login, given.password, scripts)
            bench.figures = figures
            asyncio.run(measure(bench, quick=given.quick))
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(f"{name.ljust(width)}  {figure}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
