"""Weighs pages as a browser loads them first, and times what dashboards, the palette and log searches ask.

usage: python benchmarks/pages.py [--tasks 1000000] [--lines 1000000]      prints three tables

Weights are bytes as they are sent: the page (gzip), and every script, style and picture that it names (brotli). Times
are the median of five, with a fresh answer each time.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from quart.typing import TestClientProtocol

from hub.db import execute
from hub.models import Project, Task, TaskChunk, Template
from hub.services import dashboard, finding, log, log_search, template_list
from hub.services.log_search import Wanted as Words
from hub.services.template_list import Wanted
from hub.testing import thrift
from hub.testing.booted import PASSWORD, booted
from hub.testing.scene import Scene, make_scene
from hub.web.app import make_app

TEMPLATES = 10_000
LINE = "2026-11-21 ok: [web%07d] => changed=0 and other words of a line of about one hundred characters in all"
PART = re.compile(r'(?:src|href|data-icons)="([^"#]*/assets/[^"#]+)')

_TASKS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO "task" ("project_id", "template_id", "status", "environment", "created", "start", "end")
    SELECT ?, ? + i % ?, CASE WHEN i % 9 = 0 THEN 'error' ELSE 'success' END, '',
           strftime('%Y-%m-%d %H:%M:%S', julianday('now') - 365.0 * (? - i) / ?) || '+00:00',
           strftime('%Y-%m-%d %H:%M:%S', julianday('now') - 365.0 * (? - i) / ?) || '+00:00',
           strftime('%Y-%m-%d %H:%M:%S', julianday('now') - 365.0 * (? - i) / ? + 0.001) || '+00:00'
    FROM n
"""


async def weigh(client: TestClientProtocol, page: str) -> tuple[int, int]:
    """Bytes of a page alone, and together with what it loads."""
    headers = {"Accept-Encoding": "br"}
    answer = await client.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
    packed = len(gzip.compress(await answer.get_data(as_text=False), 6))  # what is in front of the application does
    text = await answer.get_data(as_text=True)
    total = packed
    for part in sorted(set(PART.findall(text))):
        total += len(await (await client.get(part, headers=headers)).get_data(as_text=False))
    return packed, total


async def timed(ask: Callable[[], Awaitable[Any]]) -> float:
    """Median milliseconds of five."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


async def fill(scene: Scene, tasks: int, lines: int) -> int:
    """Make the templates, the tasks, and one task with a long log; return its id."""
    rows = [
        Template(project=scene.project, repository=scene.repository, app="bash", playbook="x", name=f"Deploy {n:05d}")
        for n in range(TEMPLATES)
    ]
    await Template.bulk_create(rows, batch_size=1000)
    first = (await Template.all().order_by("id").first().values("id"))["id"]
    await execute(_TASKS, [tasks, scene.project.id, first, TEMPLATES, *[tasks, tasks] * 3])
    now = scene.hub.clock()
    ours = {"status": "success", "created": now, "lease_owner": scene.hub.node}
    task = await Task.create(project=scene.project, template_id=first, **ours)
    for seq, start in enumerate(range(0, lines, 650)):
        part = [LINE % n for n in range(start, min(start + 650, lines))]
        if start <= lines * 9 // 10 < start + 650:
            part[0] = "fatal: [web1]: FAILED! => the needle in the hay"
        piece = log.Piece("\n".join(part), len(part), now)
        await log.append(scene.hub, scene.project.id, task.id, seq, start, piece)
    await Task.filter(id=task.id).update(lease_owner=None)
    assert await TaskChunk.filter(task_id=task.id).exists()
    return task.id


async def times(scene: Scene, task_id: int, tasks: int, lines: int) -> None:
    """Print the second table."""
    scope = await dashboard.scope_of(scene.actor, scene.project.id)

    async def figures(days: int) -> None:
        dashboard.forget()
        await dashboard.figures(scene.hub, scope, days)

    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        f"palette, one of {TEMPLATES:,} templates": lambda: finding.find_all(scene.actor, finding.Sought("09999")),
        "palette, all of them fit": lambda: finding.find_all(scene.actor, finding.Sought("deploy")),
        f"at work, of {tasks:,} tasks": lambda: dashboard.at_work(scope),
        "failing templates": lambda: dashboard.failing(scope),
        "figures of 30 days": lambda: figures(30),
        "figures of a year (the newest 100,000)": lambda: figures(365),
        f"a word near the end of {lines:,} lines": lambda: log_search.search(task_id, Words("needle")),
        "a word that is nowhere": lambda: log_search.search(task_id, Words("nowhere at all")),
        "a pattern": lambda: log_search.search(task_id, Words(r"fatal: \[web\d+\]", regex=True)),
        "the first error": lambda: log_search.search(task_id, Words(errors=True, limit=1)),
    }
    print("\n| asked | ms |\n| --- | --- |")
    for name, ask in asked.items():
        print(f"| {name} | {await timed(ask):.0f} |", flush=True)


async def list_times(client: TestClientProtocol, scene: Scene, root: str) -> None:
    """Print the third table: the list of templates, as the database is asked and as the browser gets it."""
    hx = {"HX-Request": "true"}

    async def part(query: str) -> None:
        answer = await client.get(f"{root}/templates?{query}", headers=hx)
        assert answer.status_code == 200
        await answer.get_data(as_text=False)

    asked = {
        "the first page": ("", Wanted()),
        "page 100": ("page=100", Wanted(page=99)),
        "a word that one of them holds": ("q=09999", Wanted(text="09999")),
        "a word that all of them hold": ("q=deploy", Wanted(text="deploy")),
        "those whose last run failed": ("status=error", Wanted(status="error")),
        "last run first": ("sort=recent", Wanted(sort="recent")),
        "one page of starred ones": ("starred=true", Wanted(starred=True)),
    }
    print(f"\n| of {TEMPLATES:,} templates | read, ms | as HTML, ms |\n| --- | --- | --- |")
    for name, (query, wanted) in asked.items():
        read = await timed(partial(template_list.look, scene.actor, scene.project.id, wanted))
        print(f"| {name} | {read:.0f} | {await timed(partial(part, query)):.0f} |", flush=True)


async def main(tasks: int, lines: int) -> None:
    """Print both tables."""
    with thrift.remembered(), thrift.cheap_hashes():
        async with booted() as hub:
            scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
            small = await Project.create(name="Small", created=hub.clock() - timedelta(days=1))
            app = make_app(hub)
            client = app.test_client()
            await client.post("/auth/login", form={"username": "admin", "password": PASSWORD})
            task_id = await fill(scene, tasks, lines)
            root = f"/project/{scene.project.id}"
            print("| page | itself, KiB | all that it loads, KiB (wanted < 150) |\n| --- | --- | --- |")
            for page in ("/projects", "/overview", "/search?q=deploy", "/account", f"/project/{small.id}/templates",
                         f"{root}/templates", f"{root}/templates/1/details", f"{root}/history", f"{root}/stats",
                         f"{root}/tasks/{task_id}", f"{root}/templates/1/tasks", f"{root}/templates/1/edit",
                         f"{root}/templates/1/run"):  # fmt: skip
                packed, whole = await weigh(client, page)
                print(f"| `{page}` | {packed / 1024:.1f} | {whole / 1024:.1f} |", flush=True)
            await times(scene, task_id, tasks, lines)
            await list_times(client, scene, root)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    given = parser.parse_args()
    asyncio.run(main(given.tasks, given.lines))
