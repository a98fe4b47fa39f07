"""Measures what many schedules cost while nothing is due, and how late they start when much is due at once.

usage: python benchmarks/schedules.py [--schedules 10000] [--due 200]      on a fresh data folder with SQLite
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.boot import open_hub
from hub.models import Schedule, Task
from hub.settings import Settings
from hub.testing.scene import make_scene

SECONDS = 10


async def seed(data: Path, count: int) -> None:
    """Make schedules that run at some time of the year."""
    async with open_hub(settings(data)) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        template = await scene.template("hello.sh", allow_parallel_tasks=True)
        now = datetime.now(UTC)
        rows = [
            Schedule(
                project_id=scene.project.id, template_id=template.id, name=f"Schedule {number}", active=True,
                cron_format=f"{number % 60} {number % 24} {1 + number % 28} {1 + number % 12} *",
                next_run_at=now + timedelta(hours=1, minutes=number),
            )
            for number in range(count)
        ]  # fmt: skip
        await Schedule.bulk_create(rows, batch_size=500)


def settings(data: Path) -> Settings:
    return Settings(data_dir=data, admin_password="changeme", local_repository_roots=(data / "repositories",))


@contextmanager
def serving(data: Path):
    environment = {
        **os.environ, "HUB_DATA_DIR": str(data), "HUB_PORT": "3986", "HUB_MAX_PARALLEL_TASKS": "4",
        "HUB_LOCAL_REPOSITORY_ROOTS": str(data / "repositories"),
    }  # fmt: skip
    with (data.parent / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=environment, stdout=log, stderr=log)
        try:
            time.sleep(4)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def at_rest(pid: int) -> float:
    before = cpu(pid)
    time.sleep(SECONDS)
    return 100 * (cpu(pid) - before) / SECONDS


async def make_due(data: Path, count: int) -> datetime:
    async with open_hub(settings(data), migrate=False):
        moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
        ids = await Schedule.all().order_by("id").limit(count).values_list("id", flat=True)
        await Schedule.filter(id__in=list(ids)).update(next_run_at=moment)
    return moment


async def lags(data: Path, moment: datetime, count: int) -> list[float]:
    async with open_hub(settings(data), migrate=False):
        for _ in range(100):
            if await Task.filter(schedule_id__isnull=False).count() == count:
                break
            await asyncio.sleep(0.2)
        made = await Task.filter(schedule_id__isnull=False).order_by("created").values_list("created", flat=True)
    return [(one - moment).total_seconds() for one in made]


def measure(count: int, due: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        data = Path(folder) / "data"
        asyncio.run(seed(data, count))
        with serving(data) as pid:
            figures = {"at rest, % of a core": at_rest(pid)}
            if due:
                moment = asyncio.run(make_due(data, due))
                found = asyncio.run(lags(data, moment, due))
                figures |= {"started": len(found), "first, s late": found[0], "last, s late": found[-1]}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--due", type=int, default=200)
    asked = parser.parse_args()
    for count, due in ((0, 0), (asked.schedules, asked.due)):
        told = ", ".join(f"{name}: {value:.2f}" for name, value in measure(count, due).items())
        print(f"{count} schedules: {told}")


if __name__ == "__main__":
    main()
