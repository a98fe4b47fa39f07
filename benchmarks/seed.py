"""Fills an empty hub with 100 projects, 10,000 templates, 1,000,000 tasks and what belongs to them.

usage: python benchmarks/seed.py DATA_FOLDER [--database URL] [--tasks 1000000]

Without a URL the database is SQLite in the folder. Afterwards `HUB_DATA_DIR=DATA_FOLDER hub serve` serves it, with the
administrator `admin` and the password `changeme`. What is unfinished wants a tag that no worker has, so nothing runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import asyncpg

from hub.boot import open_hub
from hub.db import schema
from hub.settings import Settings

PASSWORD = "changeme"
PROJECTS, TEMPLATES, PEOPLE = 100, 10_000, 200
LARGE, SMALL = 5000, 100
"""Templates of the first project and of the second; the others share the rest."""
EVENTS, DELIVERIES, HOSTS = 300_000, 20_000, 5000
OWN = 100
"""Numbers left for events of the hub that is filled: it tells of its own beginning."""
PARTS = 10
"""Repositories, inventories, variable groups and keys of a project; the first project has ten times as many."""
YEAR = timedelta(days=365)
NOWHERE = "a tag that no worker has"
UNFINISHED = ("waiting",) * 30 + ("running",) * 15 + ("waiting_confirmation",) * 5
WORDS = ("nightly", "hotfix", "rollout", "retry", "scheduled", "database", "frontend", "certificates", "cleanup", "EU")
TABLES = ("user", "project", "membership", "key", "repository", "inventory", "environment", "view", "template",
          "schedule", "integration", "delivery", "known_host", "host_facts", "task", "task_move", "task_result",
          "task_chunk", "event")  # fmt: skip
TEXT = "\n".join(f"{n:04d} ok: [web{n % 40:02d}] => changed=0 and what else a line of a log says" for n in range(120))


class Sqlite:
    """Writes rows into a file."""

    def __init__(self, path: Path) -> None:
        self.to = sqlite3.connect(path)
        self.to.execute("PRAGMA synchronous=OFF")
        self.to.execute("PRAGMA cache_size=-400000")
        self.to.execute("PRAGMA foreign_keys=OFF")

    async def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        names, marks = ", ".join(f'"{one}"' for one in columns), ", ".join("?" * len(columns))
        plain = ([one.isoformat(sep=" ") if isinstance(one, datetime) else one for one in row] for row in rows)
        with self.to:
            self.to.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', plain)

    async def end(self) -> None:
        """No statistics are gathered, as no hub does."""
        self.to.close()


class Postgres:
    """Writes rows by COPY."""

    def __init__(self, to: asyncpg.Connection) -> None:
        self.to = to

    async def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        await self.to.copy_records_to_table(table, columns=columns, records=rows)

    async def end(self) -> None:
        """Let numbers go on behind ours, and gather what the planner goes by."""
        for table in TABLES:
            await self.to.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), (SELECT MAX(id) FROM \"{table}\"))"
            )
        await self.to.execute("VACUUM ANALYZE")
        await self.to.close()


class Seed:
    """The same rows every time."""

    def __init__(self, into: Sqlite | Postgres, tasks: int) -> None:
        self.into, self.tasks, self.random = into, tasks, random.Random(6)
        self.now = datetime.now(UTC).replace(microsecond=0)
        rest, others = TEMPLATES - LARGE - SMALL, PROJECTS - 2
        sizes = [LARGE, SMALL, *(rest // others + (n < rest % others) for n in range(others))]
        self.ends = list(accumulate(sizes))
        self.owner = [n for n, size in enumerate(sizes, 1) for _ in range(size)]
        """The project of each template."""

    async def fill(self) -> None:
        for fill in (self.people, self.projects, self.parts, self.templates, self.starters, self.outside,
                     self.history, self.told, self.logs, self.events):  # fmt: skip
            began = time.monotonic()
            await fill()
            print(f"{fill.__name__} {time.monotonic() - began:.1f} s", flush=True)
        await self.into.end()

    async def people(self) -> None:
        """The administrator is there already, with the id 1."""
        rows = (
            (n, self.now - YEAR, f"person{n}", f"Person {n:03d}", f"person{n}@example.org")
            for n in range(2, PEOPLE + 2)
        )
        await self.into.put("user", ("id", "created", "username", "name", "email"), rows)

    async def projects(self) -> None:
        """Person 2 is a member of every other project, the others of five."""
        rows = ((n, f"Project {n:03d} {WORDS[n % len(WORDS)]}", self.now - YEAR) for n in range(1, PROJECTS + 1))
        await self.into.put("project", ("id", "name", "created"), rows)
        pairs = {(n, 2) for n in range(1, PROJECTS + 1, 2)}
        pairs |= {(1 + (7 * n + 13 * k) % PROJECTS, n) for n in range(3, PEOPLE + 2) for k in range(5)}
        members = ((n, *pair, "manager") for n, pair in enumerate(sorted(pairs), 1))
        await self.into.put("membership", ("id", "project_id", "user_id", "role"), members)

    def of_projects(self) -> Iterator[tuple[int, int]]:
        """Ids of parts, each with its project's; the second comes ten times a project, the first a hundred times."""
        owners = [1] * PARTS * 10 + [n for n in range(2, PROJECTS + 1) for _ in range(PARTS)]
        return iter(enumerate(owners, 1))

    def part(self, project_id: int, number: int) -> int:
        """The id of one of a project's parts."""
        return 1 + number % (PARTS * 10) if project_id == 1 else 1 + PARTS * (8 + project_id) + number % PARTS

    async def parts(self) -> None:
        put = self.into.put
        await put("key", ("id", "project_id", "name", "type"),
                  ((n, p, f"Key {n}", "none") for n, p in self.of_projects()))  # fmt: skip
        await put("repository", ("id", "project_id", "name", "git_url", "git_branch", "ssh_key_id"),
                  ((n, p, f"Repository {n}", f"https://git.example.org/{n}.git", "main", n)
                   for n, p in self.of_projects()))  # fmt: skip
        await put("inventory", ("id", "project_id", "name", "inventory", "type"),
                  ((n, p, f"Inventory {n}", "\n".join(f"web{k:02d}.example.org" for k in range(40)), "static")
                   for n, p in self.of_projects()))  # fmt: skip
        await put("environment", ("id", "project_id", "name", "json"),
                  ((n, p, f"Group {n}", '{"stage": "live"}') for n, p in self.of_projects()))  # fmt: skip
        await put("view", ("id", "project_id", "title", "position", "type"),
                  ((n, p, f"View {n}", n, "") for n, p in islice(self.of_projects(), 0, None, 2)))  # fmt: skip

    async def templates(self) -> None:
        columns = ("id", "project_id", "name", "app", "playbook", "type", "inventory_id", "repository_id",
                   "environment_id", "tasks")  # fmt: skip
        rows = (
            (n, p, f"{WORDS[n % len(WORDS)].capitalize()} {n:05d}", "ansible" if n % 3 else "bash",
             f"play{n % 50}.yml", "", *[self.part(p, n)] * 3, self.tasks // TEMPLATES)
            for n, p in enumerate(self.owner, 1)
        )  # fmt: skip
        await self.into.put("template", columns, rows)

    async def starters(self) -> None:
        """Schedules of every fifth template, and integrations of every hundredth; none is due while we look."""
        rows = (
            (n // 5, self.owner[n - 1], n, f"Schedule {n}", "", f"{n % 60} {n % 24} * * {n % 7}", True,
             self.now + timedelta(days=3, seconds=n))
            for n in range(5, TEMPLATES + 1, 5)
        )  # fmt: skip
        columns = ("id", "project_id", "template_id", "name", "type", "cron_format", "active", "next_run_at")
        await self.into.put("schedule", columns, rows)
        found = [(n // 100, self.owner[n - 1], n, f"Integration {n}") for n in range(100, TEMPLATES + 1, 100)]
        await self.into.put("integration", ("id", "project_id", "template_id", "name"), found)
        sent = (
            (n, found[n % len(found)][1], found[n % len(found)][0], self.now - YEAR * (n / DELIVERIES), "push",
             "started", "{}", '{"ref": "refs/heads/main"}', "[]")
            for n in range(1, DELIVERIES + 1)
        )  # fmt: skip
        columns = ("id", "project_id", "integration_id", "created", "event", "outcome", "headers", "body", "task_ids")
        await self.into.put("delivery", columns, sent)

    async def outside(self) -> None:
        """Hosts of the first inventory."""
        facts = json.dumps({"ansible_distribution": "Debian", "ansible_memtotal_mb": 7951})
        seen = ((n, 1, f"host{n:04d}.example.org", facts, n, self.now) for n in range(1, HOSTS + 1))
        await self.into.put("host_facts", ("id", "inventory_id", "host", "facts", "task_id", "created"), seen)
        known = (
            (n, 1, f"host{n:04d}.example.org", "ssh-ed25519", "AAAA", f"SHA256:{n}", True, self.now)
            for n in range(1, HOSTS + 1)
        )
        columns = ("id", "project_id", "host", "key_type", "key", "fingerprint", "trusted", "created")
        await self.into.put("known_host", columns, known)

    async def history(self) -> None:
        """Some templates run far more often than others; the newest fifty tasks are not finished."""
        columns = ("id", "project_id", "template_id", "status", "user_id", "schedule_id", "integration_id", "playbook",
                   "environment", "message", "commit_hash", "commit_message", "created", "start", "end", "reason",
                   "tag", "lease_owner", "lease_until", "admitted", "exit_code", "log_lines", "log_chunks", "log_bytes",
                   "log_place")  # fmt: skip
        await self.into.put("task", columns, self.runs())

    def runs(self) -> Iterator[tuple[Any, ...]]:
        chance, size = self.random, len(zlib.compress(TEXT.encode(), 1))
        starts, finished = [0, *self.ends], self.tasks - len(UNFINISHED)
        for n in range(1, self.tasks + 1):
            project = 1 if chance.random() < 0.3 else 2 + int((PROJECTS - 1) * chance.random() ** 2)
            first, last = starts[project - 1], starts[project]
            template = 1 + first + int((last - first) * chance.random() ** 3)
            created = self.now - YEAR * ((self.tasks - n) / self.tasks) - timedelta(minutes=1)
            began = created + timedelta(seconds=1 + n % 7)
            open_, dice = n > finished, chance.random()
            status = UNFINISHED[n - finished - 1] if open_ else (
                "error" if dice < 0.09 else "stopped" if dice < 0.12 else "success")  # fmt: skip
            person, by_time = (2 + n % PEOPLE, None) if n % 2 else (None, 1 + n % (TEMPLATES // 5))
            held, log = open_ and status == "running", not open_ and n % 5 == 0
            yield (
                n, project, template, status, person, by_time, None, "", "{}",
                f"{WORDS[n % 9]} {WORDS[n % 10]} {n % 1000}" if n % 3 == 0 else "", f"{n * 7919:040x}",
                f"Change number {n % 5000}", created, None if status == "waiting" else began,
                None if open_ else began + timedelta(seconds=5 + n % 600),
                "The script ended with 2" if status == "error" else "",
                NOWHERE if open_ else "", "elsewhere" if held else None, self.now + YEAR if held else None, began,
                None if open_ else 2 * (status == "error"), 120 * log, int(log), size * log,
                "" if log or open_ else "gone",
            )  # fmt: skip

    async def told(self) -> None:
        """Four moves of each task, and what every third told of its hosts."""
        statuses = ("", "waiting", "starting", "running", "success")
        rows = (
            (4 * (n - 1) + k + 1, n, self.now - YEAR * ((self.tasks - n) / self.tasks), statuses[k], statuses[k + 1])
            for n in range(1, self.tasks + 1) for k in range(4)
        )  # fmt: skip
        await self.into.put("task_move", ("id", "task_id", "at", "source", "target"), rows)
        hosts = json.dumps({"hosts": [
            {"host": f"web{k:02d}.example.org", "ok": 12, "changed": k % 2, "failed": 0, "unreachable": 0, "skipped": 3}
            for k in range(5)
        ]})  # fmt: skip
        results = ((n // 3, n, "ansible_hosts", self.now, hosts) for n in range(3, self.tasks + 1, 3))
        await self.into.put("task_result", ("id", "task_id", "kind", "created", "data"), results)

    async def logs(self) -> None:
        """A chunk of each log that is still there: of every fifth task."""
        data = zlib.compress(TEXT.encode(), 1)
        columns = ("id", "task_id", "seq", "first_line", "lines", "time", "times", "data")
        rows = (
            (n // 5, n, 0, 0, 120, self.now, "[[0, 0]]", data)
            for n in range(5, self.tasks - len(UNFINISHED) + 1, 5)
        )  # fmt: skip
        await self.into.put("task_chunk", columns, rows)

    async def events(self) -> None:
        kinds = ("task", "task", "template", "schedule", "key", "user", "inventory")
        columns = ("id", "project_id", "user_id", "object_type", "object_id", "description", "created", "actor",
                   "address", "changes")  # fmt: skip
        rows = (
            (n + OWN, 1 + n * 31 % PROJECTS if n % 20 else None, 2 + n % PEOPLE, kinds[n % len(kinds)], n,
             f"{kinds[n % len(kinds)].capitalize()} {n} was updated", self.now - YEAR * ((EVENTS - n) / EVENTS),
             f"person{2 + n % PEOPLE}", "192.0.2.7", '{"name": ["before", "after"]}' if n % 3 == 0 else None)
            for n in range(1, EVENTS + 1)
        )  # fmt: skip
        await self.into.put("event", columns, rows)


async def seed(folder: Path, database_url: str = "", tasks: int = 1_000_000) -> None:
    """Make a hub in a folder that is not there yet, and fill its database."""
    given: dict[str, Any] = {"data_dir": folder, "admin_password": PASSWORD}
    if database_url:
        given["database_url"] = database_url
        await schema.upgrade(database_url)
    async with open_hub(Settings(**given)) as hub:
        del hub
    into = Postgres(await asyncpg.connect(database_url)) if database_url else Sqlite(folder / "hub.sqlite3")
    await Seed(into, tasks).fill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", default=os.environ.get("HUB_DATABASE_URL", ""))
    parser.add_argument("--tasks", type=int, default=1_000_000)
    asked = parser.parse_args()
    asyncio.run(seed(asked.folder, asked.database, asked.tasks))
