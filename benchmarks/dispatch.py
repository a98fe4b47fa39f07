"""Measures how fast tasks are accepted, let through and begun, on PostgreSQL and Redis as real processes.

usage: python benchmarks/dispatch.py [--rate 50] [--calm 5] [--seconds 8] [--runs 20] [--waiting 10000]

One server, one worker. From the launch to the first line that the task itself wrote, one task at a time; launches at a
calm rate that leaves slots free, from accepted to started; launches at a high rate that only wait, since their template
runs one at a time; and what one pass over many waiting tasks costs. A machine that has other work measures that, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hub.models import Project, Repository, Task, Template
from hub.services.tasks import dispatch
from hub.testing.booted import PASSWORD, booted
from hub.testing.carriers import scaled
from hub.testing.ports import free_port
from hub.testing.scene import Scene, make_scene

SCRIPTS = {"first.sh": "date +%s.%N\n", "nothing.sh": ":\n"}


def percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    picked = {part: ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))] for part in (50, 99)}
    return ", ".join(f"p{part} {value * 1000:.0f} ms" for part, value in picked.items())


@contextmanager
def process(settings: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | settings
    running = subprocess.Popen([sys.executable, "-m", "hub", *arguments], env=environment)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def cpu(running: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time that a process has used."""
    parts = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


async def answering(client: httpx.AsyncClient) -> None:
    while True:
        with contextlib.suppress(httpx.HTTPError):
            (await client.get("/ping")).raise_for_status()
            break
        await asyncio.sleep(0.05)
    login = {"auth": "admin", "password": PASSWORD}
    (await client.post("/auth/login", json=login)).raise_for_status()
    token = (await client.post("/user/tokens", json={})).json()["id"]
    client.headers["Authorization"] = f"Bearer {token}"
    client.cookies.clear()
    while not (await client.get("/workers")).json():
        await asyncio.sleep(0.05)


async def launch(client: httpx.AsyncClient, template: Template) -> int:
    answer = await client.post(f"/project/{template.project_id}/tasks", json={"template_id": template.id})
    answer.raise_for_status()
    return int(answer.json()["id"])


async def ended(ids: list[int]) -> list[dict[str, Any]]:
    while True:
        found = await Task.filter(id__in=ids).values("id", "status", "created", "start")
        if all(row["status"] in {"success", "error", "stopped"} for row in found):
            return list(found)
        await asyncio.sleep(0.1)


async def steady(client: httpx.AsyncClient, template: Template, rate: int, seconds: int) -> tuple[list[int], float]:
    """Launch at a rate whatever the answers take, as many people do; return how many a minute were accepted."""
    began, asked = time.perf_counter(), []
    for number in range(rate * seconds):
        await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
        asked.append(asyncio.create_task(launch(client, template)))
    ids = await asyncio.gather(*asked)
    return ids, 60 * len(ids) / (time.perf_counter() - began)


async def starts(ids: list[int]) -> str:
    return percentiles([(row["start"] - row["created"]).total_seconds() for row in await ended(ids)])


async def first_lines(client: httpx.AsyncClient, template: Template, runs: int) -> str:
    waits = []
    for _ in range(runs):
        began = time.time()
        number = await launch(client, template)
        await ended([number])
        text = (await client.get(f"/project/{template.project_id}/tasks/{number}/raw_output")).text
        waits.append(float(text.split()[-1]) - began)
    return percentiles(waits)


async def one_pass(scene: Scene, count: int) -> str:
    """Let one task of many through: fifty projects, and a slot for one."""
    projects = [await Project.create(name=f"P{number}", created=scene.hub.clock()) for number in range(50)]
    repository: Repository = scene.repository
    templates = [
        await Template.create(project=one, repository=repository, app="bash", playbook="nothing.sh", name="t",
                              allow_parallel_tasks=True)
        for one in projects
    ]  # fmt: skip
    rows = [
        Task(project_id=one.project_id, template_id=one.id, created=scene.hub.clock())
        for number in range(count) for one in (templates[number % 50],)
    ]  # fmt: skip
    await Task.bulk_create(rows, batch_size=500)
    held = Task.filter(status__in=["starting", "running"])
    times = []
    for _ in range(20):
        began = time.perf_counter()
        assert await dispatch.admit(scene.hub) == 1
        times.append(time.perf_counter() - began)
        await held.update(status="success")
    return percentiles(times)


async def measure(given: argparse.Namespace) -> dict[str, str]:
    figures: dict[str, str] = {}
    async with scaled() as carriers, booted(max_parallel_tasks=1, **carriers) as hub:
        scene = await make_scene(hub, SCRIPTS)
        first, nothing = [await scene.template(name, allow_parallel_tasks=True) for name in SCRIPTS]
        queued = await scene.template("nothing.sh", name="queued")
        port = free_port()
        settings = {
            "HUB_DATA_DIR": str(hub.settings.data_dir), "HUB_PORT": str(port), "HUB_MAX_PARALLEL_TASKS": "0",
            "HUB_DATABASE_URL": carriers["database_url"], "HUB_REDIS_URL": carriers["redis_url"],
            "HUB_LOCAL_REPOSITORY_ROOTS": str(hub.settings.local_repository_roots[0]), "HUB_LOG_LEVEL": "warning",
        }  # fmt: skip
        with process(settings, "serve") as server, process(settings, "worker", "--slots", "64") as worker:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api", timeout=60) as client:
                await answering(client)
                await ended([await launch(client, first)])
                figures["start → first own line"] = await first_lines(client, first, given.runs)
                ids, _ = await steady(client, nothing, given.calm, given.seconds)
                figures[f"{given.calm} launches a second, accepted → started"] = await starts(ids)
                before = [cpu(one) for one in (server, worker)]
                ids, rate = await steady(client, queued, given.rate, given.seconds)
                used = [1000 * (cpu(one) - at) / len(ids) for one, at in zip((server, worker), before, strict=True)]
                figures[f"{60 * given.rate} launches a minute that wait"] = f"{rate:.0f} a minute accepted"
                figures["their processor time"] = f"server {used[0]:.1f} ms, worker {used[1]:.1f} ms for each"
        await Task.exclude(status__in=["success", "error", "stopped"]).update(status="stopped")
        figures[f"one pass over {given.waiting} waiting tasks"] = await one_pass(scene, given.waiting)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=50, help="launches a second")
    parser.add_argument("--calm", type=int, default=5, help="launches a second that leave slots free")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--waiting", type=int, default=10_000)
    for name, figure in asyncio.run(measure(parser.parse_args())).items():
        print(f"{name}: {figure}")


if __name__ == "__main__":
    main()
