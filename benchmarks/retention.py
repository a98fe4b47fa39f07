"""Measures how long retention keeps other writers waiting while it removes very many old tasks from SQLite.

usage: python benchmarks/retention.py [--tasks 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
import zlib
from datetime import timedelta
from pathlib import Path

from hub.boot import open_hub
from hub.db import current, execute
from hub.models import Project
from hub.services import retention, retention_round
from hub.services.actor import SYSTEM
from hub.settings import Settings
from hub.testing.scene import make_scene

STATUSES = ("waiting", "starting", "running", "success")


async def seed(scene, count: int) -> None:
    """Put tasks into the database, each with two chunks of log and four moves."""
    template = await scene.template("hello.sh")
    ended = (scene.hub.clock() - timedelta(days=90)).isoformat(sep=" ")
    data = zlib.compress(b"\n".join(b"line %d of a log that nobody reads any more" % one for one in range(100)))
    client = current().client
    for start in range(1, count + 1, 2000):
        ids = range(start, min(start + 2000, count + 1))
        await client.execute_many(
            'INSERT INTO "task" ("id", "project_id", "template_id", "status", "created", "end", "environment", '
            '"log_chunks", "log_lines", "log_bytes") VALUES (?, ?, ?, ?, ?, ?, ?, 2, 200, ?)',
            [[one, scene.project.id, template.id, "success", ended, ended, "", 2 * len(data)] for one in ids],
        )
        await client.execute_many(
            'INSERT INTO "task_chunk" ("task_id", "seq", "first_line", "lines", "time", "times", "data") '
            "VALUES (?, ?, ?, 100, ?, '[[0,0]]', ?)",
            [[one, seq, 100 * seq, ended, data] for one in ids for seq in range(2)],
        )
        await client.execute_many(
            'INSERT INTO "task_move" ("task_id", "at", "source", "target") VALUES (?, ?, \'\', ?)',
            [[one, ended, status] for one in ids for status in STATUSES],
        )


async def write_on(waits: list[float], over: asyncio.Event) -> None:
    """Write like a hub at work, and note how long each write took."""
    while not over.is_set():
        began = time.monotonic()
        await execute('UPDATE "project" SET "max_parallel_tasks" = "max_parallel_tasks" + 1')
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.005)


async def measure(folder: Path, count: int) -> dict[str, float]:
    settings = Settings(data_dir=folder, admin_password="changeme", local_repository_roots=(folder / "repositories",))
    async with open_hub(settings) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        await seed(scene, count)
        await Project.filter(id=scene.project.id).update(keep_days=30)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        seen = await retention.look(hub, SYSTEM, scene.project.id)
        looked, waits, over = time.monotonic() - began, [], asyncio.Event()
        writing = asyncio.create_task(write_on(waits, over))
        began = time.monotonic()
        removed = await retention_round.run(hub)
        took = time.monotonic() - began
        over.set()
        await writing
        waits.sort()
        assert removed is not None
        assert removed[scene.project.id].tasks == seen["over_tasks"] == count
        return {
            "counted before, s": looked, "removed, s": took, "tasks a second": count / took,
            "another write p50, ms": 1000 * waits[len(waits) // 2], "p99, ms": 1000 * waits[len(waits) * 99 // 100],
            "longest, ms": 1000 * waits[-1],
            "memory more, MB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=100_000)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        figures = asyncio.run(measure(Path(folder) / "data", parser.parse_args().tasks))
    print(", ".join(f"{name}: {value:.2f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
