"""Measures how fast tasks begin, run and write, embedded and on Redis + PostgreSQL, and prints both as one table.

usage: python benchmarks/engine.py [--rate 50] [--seconds 8] [--runs 25] [--only embedded|distributed] [--json FILE]

Real processes: `hub serve`, and for the second column two `hub worker`, a Redis, and a PostgreSQL that writes to its
disk before it says so. Processor time is that of all of them, with git and the scripts that they run, but without this
driver, which shares their cores. It takes two minutes and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stand import Client, Stand, distributed, embedded, load

from hub.models import Project, Task, Template
from hub.services.tasks import dispatch
from hub.services.tasks.states import FINISHED

LINES_SECONDS = 10

WRITER = f"""
import sys, time
end, count, text = time.time() + {LINES_SECONDS}, 0, "x" * 70
while (now := time.time()) < end:
    sys.stdout.write("".join(f"line {{count + number:08}} {{text}} {{now:.3f}}\\n" for number in range(100)))
    sys.stdout.flush()
    count += 100
    if {{rate}}:
        time.sleep(max(0, end - {LINES_SECONDS} + count / {{rate}} - time.time()))
print("wrote", count, "lines until", time.time())
"""
"""A line tells when it was written. At full speed, or so many a second."""

SCRIPTS = {
    "first.sh": "date +%s.%N\n",
    "nothing.sh": ":\n",
    "full.py": WRITER.replace("{rate}", "0"),
    "paced.py": WRITER.replace("{rate}", "50000"),
}


def milliseconds(values: Sequence[float]) -> str:
    ordered = sorted(values)
    half, most = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
    return f"p50 {half * 1000:.0f} ms, p99 {most * 1000:.0f} ms"


def told(cost: Mapping[str, float]) -> str:
    return f"{sum(cost.values()):.1f} ms: " + ", ".join(f"{part} {spent:.1f}" for part, spent in cost.items())


class Bench:
    def __init__(self, stand: Stand, given: argparse.Namespace) -> None:
        self.stand, self.given, self.client = stand, given, Client(stand)
        self.figures: dict[str, str] = {}

    async def launch(self, template: Template) -> int:
        path = f"/project/{template.project_id}/tasks"
        return int((await self.client.ask("POST", path, {"template_id": template.id}))["id"])

    async def ended(self, ids: Sequence[int], every: float = 0.2) -> list[dict[str, Any]]:
        while True:
            if not await Task.filter(id__in=ids).exclude(status__in=list(FINISHED)).exists():
                found = await Task.filter(id__in=ids).values("id", "status", "created", "start", "end", "log_lines")
                assert {row["status"] for row in found} == {"success"}, found
                return list(found)
            await asyncio.sleep(every)

    async def steadily(self, template: Template, rate: float) -> tuple[list[int], float]:
        """Launch at a rate whatever the answers take, as many people do; return how many a minute were accepted."""
        began, asked = time.perf_counter(), []
        for number in range(int(rate * self.given.seconds)):
            await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
            asked.append(asyncio.create_task(self.launch(template)))
        ids = await asyncio.gather(*asked)
        return ids, 60 * len(ids) / (time.perf_counter() - began)

    async def first_lines(self, template: Template) -> None:
        waits = []
        for _ in range(self.given.runs):
            began = time.time()
            number = await self.launch(template)
            await self.ended([number], 0.05)
            path = f"/project/{template.project_id}/tasks/{number}/lines?first=-2&count=2"
            lines = (await self.client.ask("GET", path))["lines"]
            waits.append(next(float(one["s"]) for one in lines if one["s"][:1].isdigit()) - began)
        self.figures["launch → first own line"] = milliseconds(waits)

    async def running(self, template: Template, rate: float) -> None:
        before = self.stand.spent()
        ids, accepted = await self.steadily(template, rate)
        rows = await self.ended(ids)
        took = (max(row["end"] for row in rows) - min(row["created"] for row in rows)).total_seconds()
        name = f"{60 * rate:.0f} launches a minute that run"
        self.figures[name] = f"{accepted:.0f} a minute accepted, {60 * len(ids) / took:.0f} a minute ended"
        waits = [(one["start"] - one["created"]).total_seconds() for one in rows]
        self.figures["– accepted → started"] = milliseconds(waits)
        self.figures["– processor time of one"] = told(self.stand.cost(before, len(ids)))

    async def waiting(self, template: Template, rate: float) -> None:
        before = self.stand.spent()
        ids, accepted = await self.steadily(template, rate)
        cost = self.stand.cost(before, len(ids))
        await Task.filter(template_id=template.id, status="waiting").update(status="stopped")
        self.figures[f"{60 * rate:.0f} launches a minute that wait"] = f"{accepted:.0f} a minute accepted"
        self.figures["– their processor time"] = told(cost)

    async def lines(self, template: Template, name: str, tasks: int) -> None:
        before = self.stand.spent()
        ids = [await self.launch(template) for _ in range(tasks)]
        lags = await self.watched(template, ids[0])
        rows = await self.ended(ids)
        cost = sum(self.stand.spent().values()) - sum(before.values())
        stored = sum(row["log_lines"] for row in rows)
        written, until = 0, 0.0
        for number in ids:
            path = f"/project/{template.project_id}/tasks/{number}/lines?first=-1&count=1"
            words = (await self.client.ask("GET", path))["lines"][0]["s"].split()
            written += int(words[1])
            until = max(until, float(words[-1]))
        assert 0 <= stored - written < 20 * tasks, f"{stored} lines stored of {written}"
        rate = written / LINES_SECONDS
        self.figures[name] = f"{rate:,.0f} lines/s, lag {milliseconds(lags)}; {cost / LINES_SECONDS:.2f} cores"

    async def watched(self, template: Template, task_id: int) -> list[float]:
        """How old the newest line is that the API gives, again and again while they are written."""
        path = f"/project/{template.project_id}/tasks/{task_id}/lines?first=-1&count=1"
        lags: list[float] = []
        while True:
            lines = (await self.client.ask("GET", path))["lines"]
            words = lines[0]["s"].split() if lines else []
            if words[:1] == ["wrote"]:
                return lags
            if words[:1] == ["line"]:
                lags.append(time.time() - float(words[-1]))
            await asyncio.sleep(0.1)

    async def one_pass(self, count: int) -> None:
        """Let one task of many through: fifty projects, and a slot for one."""
        own = self.stand.scene.hub
        hub = replace(own, settings=own.settings.model_copy(update={"max_parallel_tasks": 1}))
        projects = [await Project.create(name=f"P{number}", created=hub.clock()) for number in range(50)]
        members = {"repository": self.stand.scene.repository, "app": "bash", "playbook": "nothing.sh", "name": "t"}
        templates = [await Template.create(project=one, allow_parallel_tasks=True, **members) for one in projects]
        rows = [
            Task(project_id=one.project_id, template_id=one.id, created=hub.clock())
            for number in range(count) for one in (templates[number % 50],)
        ]  # fmt: skip
        await Task.bulk_create(rows, batch_size=500)
        held = Task.filter(status__in=["starting", "running"])
        times = []
        for _ in range(20):
            began = time.perf_counter()
            assert await dispatch.admit(hub) == 1
            times.append(time.perf_counter() - began)
            await held.update(status="success")
        self.figures[f"one pass over {count:,} that wait"] = milliseconds(times)

    async def measure(self) -> dict[str, str]:
        scene, given = self.stand.scene, self.given
        first, nothing, full, paced = [
            await scene.template(name, app="python" if name.endswith("py") else "bash", allow_parallel_tasks=True)
            for name in SCRIPTS
        ]
        queued = await scene.template("nothing.sh", name="queued")
        await self.ended([await self.launch(first) for _ in range(3)])
        steps = {
            "first": lambda: self.first_lines(first),
            "running": lambda: self.running(nothing, given.rate),
            "waiting": lambda: self.waiting(queued, given.rate),
            "paced": lambda: self.lines(paced, "one task writes 50,000 lines/s", 1),
            "full": lambda: self.lines(full, "two tasks write what they can", 2),
            "pass": lambda: self.one_pass(given.waiting),
        }
        for name, step in steps.items():
            if name == "pass":
                self.client.close()
                self.stand.end()
            if not given.steps or name in given.steps.split(","):
                await step()
        return self.figures


async def measured(given: argparse.Namespace) -> dict[str, dict[str, str]]:
    columns = {}
    for make in (embedded, distributed):
        if given.only in (None, make.__name__):
            async with make(SCRIPTS) as stand:
                bench = Bench(stand, given)
                columns[stand.name] = await bench.measure()
    return columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50, help="launches a second")
    parser.add_argument("--seconds", type=int, default=8, help="for which they come")
    parser.add_argument("--runs", type=int, default=25, help="launches one at a time")
    parser.add_argument("--waiting", type=int, default=10_000, help="tasks that one pass looks through")
    parser.add_argument("--only", choices=["embedded", "distributed"])
    parser.add_argument("--steps", help="of: first, running, waiting, paced, full, pass; else all")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # which clears up
    before = load()
    columns = asyncio.run(measured(given))
    print(f"Before: {before}; after: {load()}.\n")
    print("| | " + " | ".join(columns) + " |\n|" + " --- |" * (1 + len(columns)))
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(column.get(name, "–") for column in columns.values()) + " |")
    if given.json:
        given.json.write_text(json.dumps(columns, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
