"""Asks a hub with a million tasks for its lists and pages, and prints how long that takes: p50 and p99.

usage: python benchmarks/lists.py [--database sqlite|postgres|both] [--tasks 1000000] [--rounds 60] [--only PATTERN]
       python benchmarks/lists.py --data FOLDER [--url URL]      asks a hub that `seed.py` has filled before

A real `hub serve` answers over HTTP, asked by one client and then by eight at once. Every question differs from the one
before in a parameter that lists ignore, so no answer is one that was kept; each is asked twice before it is timed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from seed import EVENTS, LARGE, PASSWORD, seed

from hub.services.columns import Column
from hub.services.cursors import Place, encode
from hub.testing.databases import postgres
from hub.testing.ports import free_port

WANTED = 100
"""Milliseconds."""
CLIENTS = 8
LARGEST, SMALLER = "/project/1", "/project/2"
"""Projects with 5,000 templates and a third of all tasks, and with 100 templates."""
OFTEN, RARE = 1, LARGE - 1
"""Templates of the first project: the one that ran most, and one that ran a few times."""

LISTS: Mapping[str, str] = {
    "projects": "/projects",
    "people": "/users",
    "tasks, the newest 1,000": f"{LARGEST}/tasks",
    "tasks, a page of 100": f"{LARGEST}/tasks?limit=100",
    "tasks, a page half-way": f"{LARGEST}/tasks?limit=100&before={{half}}",
    "tasks of the smaller project, half-way": f"{SMALLER}/tasks?limit=100&before={{half}}",
    "tasks/last": f"{LARGEST}/tasks/last",
    "tasks of one template": f"{LARGEST}/templates/{OFTEN}/tasks?limit=100",
    "tasks of a rare one": f"{LARGEST}/templates/{RARE}/tasks?limit=100",
    "tasks that failed": f"{LARGEST}/tasks?limit=100&status=error",
    "tasks that are not finished": f"{LARGEST}/tasks?limit=100&status=waiting,running,waiting_confirmation",
    "tasks that wait, small project": f"{SMALLER}/tasks?limit=100&status=waiting",
    "tasks with a status that none has": f"{LARGEST}/tasks?limit=100&status=rejected",
    "tasks of a person": f"{LARGEST}/tasks?limit=100&user_id=77",
    "tasks of nobody": f"{LARGEST}/tasks?limit=100&user_id=1",
    "tasks by schedule": f"{LARGEST}/tasks?limit=100&schedule_id__null=false",
    "tasks by webhook (none)": f"{LARGEST}/tasks?limit=100&integration_id__null=false",
    "tasks of one day": f"{LARGEST}/tasks?limit=100&created__gte={{day}}&created__lt={{next}}",
    "tasks of the first day": f"{LARGEST}/tasks?limit=100&created__lt={{first}}",
    "tasks by start": f"{LARGEST}/tasks?limit=100&sort=start&order=desc",
    "tasks by name of the template": f"{LARGEST}/tasks?limit=100&sort=tpl_alias",
    "tasks that hold a word": f"{LARGEST}/tasks?limit=100&q=hotfix",
    "tasks that hold two words": f"{LARGEST}/tasks?limit=100&q=hotfix+retry",
    "tasks that hold what none does": f"{LARGEST}/tasks?limit=100&q=nowhere-at-all",
    "task": f"{LARGEST}/tasks/{{task}}",
    "templates, all 5,000": f"{LARGEST}/templates",
    "templates, a page of 100": f"{LARGEST}/templates?limit=100",
    "templates, all 100": f"{SMALLER}/templates",
    "templates by a word": f"{LARGEST}/templates?limit=100&q=rollout",
    "template": f"{LARGEST}/templates/{OFTEN}",
    "inventories": f"{LARGEST}/inventory",
    "repositories": f"{LARGEST}/repositories",
    "variable groups": f"{LARGEST}/environment",
    "keys": f"{LARGEST}/keys",
    "views": f"{LARGEST}/views",
    "schedules, all 1,000": f"{LARGEST}/schedules",
    "schedules, a page of 100": f"{LARGEST}/schedules?limit=100",
    "integrations": f"{LARGEST}/integrations",
    "deliveries": f"{LARGEST}/integrations/1/deliveries",
    "known hosts, all 5,000": f"{LARGEST}/known_hosts",
    "known hosts, a page of 100": f"{LARGEST}/known_hosts?limit=100",
    "facts of hosts, a page of 100": f"{LARGEST}/inventory/1/facts?limit=100",
    "members": f"{LARGEST}/users",
    "what uses the project": f"{LARGEST}/refs",
    "events of all": "/events",
    "events of all, last": "/events/last",
    "events of a project": f"{LARGEST}/events/last",
    "audit": "/audit",
    "audit, half-way": "/audit?after={events}",
    "audit of a kind": "/audit?object_type=key",
    "audit of a day": "/audit?created__gte={day}&created__lt={next}",
    "audit by a name": "/audit?actor__contains=person77",
    "audit that holds a word": "/audit?q=inventory",
    "audit that holds what none does": "/audit?q=nowhere-at-all",
    "dashboard of all": "/dashboard",
    "dashboard": f"{LARGEST}/dashboard",
    "dashboard, a year": f"{LARGEST}/dashboard?days=365",
    "figures by day": f"{LARGEST}/stats",
    "figures by day of a template": f"{LARGEST}/templates/{OFTEN}/stats",
    "what is kept": f"{LARGEST}/retention",
    "unfinished tasks": "/tasks",
    "search": "/search?q=rollout",
    "search for one": "/search?q=09999",
    "workers": "/workers",
    "apps": "/apps",
    "drift": f"{LARGEST}/drift",
}
PAGES: Mapping[str, str] = {
    "page: projects": "/projects",
    "page: overview": "/overview",
    "page: history": f"{LARGEST}/history",
    "page: history, half-way": f"{LARGEST}/history?before={{half}}",
    "page: history, failed": f"{LARGEST}/history?status=error",
    "page: history of a person": f"{LARGEST}/history?user=77",
    "page: history, a word": f"{LARGEST}/history?q=hotfix",
    "page: history, what none holds": f"{LARGEST}/history?q=nowhere-at-all",
    "page: history by webhook (none)": f"{LARGEST}/history?by=integration",
    "page: history of a day": f"{LARGEST}/history?since={{date}}&until={{date}}",
    "page: templates, of 100": f"{SMALLER}/templates",
    "page: templates, of 5,000": f"{LARGEST}/templates",
    "page: template": f"{LARGEST}/templates/{OFTEN}/tasks",
    "page: template, details": f"{LARGEST}/templates/{OFTEN}/details",
    "page: template, run": f"{LARGEST}/templates/{OFTEN}/run",
    "page: template, edit": f"{LARGEST}/templates/{OFTEN}/edit",
    "page: task": f"{LARGEST}/tasks/{{task}}",
    "page: figures": f"{LARGEST}/stats",
    "page: activity": f"{LARGEST}/activity",
    "page: audit": "/audit",
    "page: audit, a word": "/audit?q=inventory",
    "page: search": "/search?q=rollout",
    "page: calendar": f"{LARGEST}/schedule/calendar",
    "page: schedules": f"{LARGEST}/schedule",
    "page: inventories": f"{LARGEST}/inventory",
    "page: an inventory": f"{LARGEST}/inventory/1",
    "page: known hosts": f"{LARGEST}/known_hosts",
    "page: settings": f"{LARGEST}/settings",
    "page: workers": "/workers",
    "page: people": "/users",
}


def percentile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


@contextlib.contextmanager
def serving(folder: Path, database_url: str) -> Iterator[tuple[str, int]]:
    """A hub of its own process: its address, and the id of the process."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {"HUB_DATA_DIR": str(folder), "HUB_PORT": str(port)}
    if database_url:
        environment["HUB_DATABASE_URL"] = database_url
    hub = subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", hub.pid
    finally:
        hub.terminate()
        hub.wait()


@asynccontextmanager
async def signed_in(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the administrator's, for the API and for pages."""
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                (await client.get("/api/ping")).raise_for_status()
                break
            await asyncio.sleep(0.05)
        login = {"auth": "admin", "password": PASSWORD}
        (await client.post("/api/auth/login", json=login)).raise_for_status()
        yield client


async def places(client: httpx.AsyncClient) -> dict[str, str]:
    """What addresses of the table stand for: moments and rows far from the newest."""
    newest = (await client.get(f"/api{LARGEST}/tasks?limit=1")).json()[0]
    half = newest["id"] // 2
    tasks = (await client.get(f"/api{LARGEST}/tasks?limit=1&before={half}")).json()
    day = tasks[0]["created"][:10]
    oldest = (await client.get(f"/api{LARGEST}/tasks?limit=1&order=asc")).json()[0]["created"][:10]
    events = encode(Place(EVENTS // 2, EVENTS // 2), "id", Column("id", "number", null=False), descending=True)
    after = str(int(day[-2:]) + 1) if int(day[-2:]) < 28 else "28"
    return {
        "half": str(half), "task": str(tasks[0]["id"]), "day": day, "date": day, "next": f"{day[:-2]}{after:0>2}",
        "first": f"{oldest}T12:00:00Z", "events": events,
    }  # fmt: skip


class Asking:
    """Asks one question many times."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self.client, self.address, self.number = client, address, time.time_ns()
        self.size = 0

    async def once(self) -> float:
        """Milliseconds of one answer."""
        self.number += 1
        began = time.perf_counter()
        answer = await self.client.get(f"{self.address}{'&' if '?' in self.address else '?'}anew={self.number}")
        taken = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{self.address} answered {answer.status_code}: {answer.text[:300]}")
        self.size = len(answer.content)
        return taken

    async def alone(self, rounds: int) -> list[float]:
        return [await self.once() for _ in range(rounds)]

    async def together(self, rounds: int) -> list[float]:
        async def one() -> list[float]:
            return await self.alone(max(1, rounds // CLIENTS))

        return [time_ for times in await asyncio.gather(*(one() for _ in range(CLIENTS))) for time_ in times]


def cpu(pid: int) -> float:
    """Milliseconds of processor time that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


Figures = dict[str, tuple[list[float], list[float], int, float]]
"""Milliseconds asked by one, and by eight; bytes; processor time of the hub for one answer."""


async def measure(at: tuple[str, int], rounds: int, only: str) -> Figures:
    """Ask every question."""
    url, pid = at
    found: Figures = {}
    async with signed_in(url) as client:
        stand_for = await places(client)
        asked = {name: f"/api{path}" for name, path in LISTS.items()} | dict(PAGES)
        for name, path in asked.items():
            if not re.search(only, name):
                continue
            asking = Asking(client, path.format(**stand_for))
            first = [await asking.once() for _ in range(2)]
            few = rounds if first[-1] < 10 * WANTED else 6
            before = cpu(pid)
            one = await asking.alone(few)
            spent = (cpu(pid) - before) / few
            eight, size = await asking.together(2 * few), asking.size
            found[name] = (one, eight, size, spent)
            mark = " <<<" if percentile(one, 0.99) > WANTED else ""
            print(f"{name:42} first {first[0]:7.1f}  p50 {percentile(one, .5):7.1f}  p99 {percentile(one, .99):7.1f}  "
                  f"eight {percentile(eight, .5):7.1f} {percentile(eight, .99):7.1f}  cpu {spent:5.0f}  "
                  f"{size / 1024:8.0f} KiB{mark}",
                  file=sys.stderr, flush=True)  # fmt: skip
    return found


def table(figures: Mapping[str, Figures]) -> None:
    """Print what was found, of each database."""
    names = list(figures)
    print("| asked | KiB | " + " | ".join(f"{name}: p50; p99 | eight at once | processor" for name in names) + " |")
    print("| --- | --- | " + " | ".join("--- | --- | ---" for _ in names) + " |")
    for asked in figures[names[0]]:
        cells = [f"{figures[names[0]][asked][2] / 1024:.0f}"]
        for name in names:
            one, eight, _size, spent = figures[name][asked]
            cells += [f"{percentile(times, 0.5):.0f}; {percentile(times, 0.99):.0f}" for times in (one, eight)]
            cells.append(f"{spent:.0f}")
        print(f"| {asked} | {' | '.join(cells)} |")


async def of_database(kind: str, given: argparse.Namespace) -> Figures:
    """Seed a database, unless one is given, and measure."""
    if given.data:
        with serving(given.data, given.url) as at:
            return await measure(at, given.rounds, given.only)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        folder = Path(name) / "data"
        database_url = postgres().url(await postgres().create()) if kind == "postgres" else ""
        await seed(folder, database_url, given.tasks)
        with serving(folder, database_url) as at:
            return await measure(at, given.rounds, given.only)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    kinds = ("sqlite", "postgres") if given.database == "both" and not given.data else (given.database,)
    table({kind: asyncio.run(of_database(kind, given)) for kind in kinds})


if __name__ == "__main__":
    main()
