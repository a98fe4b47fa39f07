"""Four processes on one database and one Redis race for everything: no limit is ever broken. W-08, W-10, W-42."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub.db import rows
from hub.models import Project, Task, Template
from hub.testing.booted import booted
from hub.testing.carriers import MARIADB, SETUPS
from hub.testing.scene import Scene, make_scene

pytestmark = pytest.mark.e2e

NODES = 4
LAUNCHES = 12
"""Of each node."""
LIMIT = 5
NODE = Path(__file__).with_name("racing_node.py")


@pytest.fixture(params=[SETUPS[1], MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def furnished(scene: Scene, choose: random.Random) -> dict[int, int]:
    """Random templates of three projects; returns the limits of the projects."""
    limits: dict[int, int] = {}
    for number in range(3):
        most = choose.choice([0, 1, 2])
        project = await Project.create(name=f"P{number}", created=scene.hub.clock(), max_parallel_tasks=most)
        limits[project.id] = most
        for name in range(3):
            await Template.create(
                project=project, repository=scene.repository, app="bash", playbook="hello.sh", name=f"T{name}",
                allow_parallel_tasks=choose.random() < 0.6, concurrency_group=choose.choice(["", "", "db"]),
                priority=choose.choice([0, 0, 3]), type="build", start_version="1.0",
            )  # fmt: skip
        await Template.create(
            project=project, repository=scene.repository, app="bash", playbook="hello.sh", name="after",
            type="deploy", autorun=True, build_template=await Template.filter(project=project).first(),
        )  # fmt: skip
    return limits


class Umpire:
    """Looks again and again at one moment of the database, and notes every limit that is broken."""

    def __init__(self, limits: dict[int, int]) -> None:
        self.limits = limits
        self.broken: list[str] = []
        self.looks = 0
        self.most = 0

    async def watch(self) -> None:
        while True:
            await self.look()

    async def look(self) -> None:
        held = await rows(_HELD, flags=["allow_parallel_tasks"])
        self.looks, self.most = self.looks + 1, max(self.most, len(held))
        if len(held) > LIMIT:
            self.broken.append(f"{len(held)} tasks of the hub")
        projects = Counter(row["project_id"] for row in held)
        self.broken += [f"project {one}: {n}" for one, n in projects.items() if 0 < self.limits[one] < n]
        single = Counter(row["template_id"] for row in held if not row["allow_parallel_tasks"])
        self.broken += [f"template {one}: {n}" for one, n in single.items() if n > 1]
        groups = Counter((row["project_id"], row["concurrency_group"]) for row in held if row["concurrency_group"])
        self.broken += [f"group {one}: {n}" for one, n in groups.items() if n > 1]


_HELD = """
    SELECT "task"."project_id", "template_id", "allow_parallel_tasks", "concurrency_group"
    FROM "task" JOIN "template" ON "template"."id" = "template_id"
    WHERE "status" IN ('starting', 'running', 'stopping')
"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [20])
async def test_no_limit_is_ever_broken_and_everything_ends(plugins, carriers, seed):
    async with booted(plugins=plugins, max_parallel_tasks=LIMIT, **carriers) as hub:
        umpire = Umpire(await furnished(await make_scene(hub, {"hello.sh": "echo hello\n"}), random.Random(seed)))
        watching = asyncio.create_task(umpire.watch())
        try:
            told = await asyncio.gather(*await started(settings_of(hub), seed))
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        assert told == [""] * NODES, (seed, told)
        assert not umpire.broken, (seed, umpire.broken[:5])
        assert umpire.looks > NODES
        await judge(seed)


async def judge(seed: int) -> None:
    """Everything has ended, no version was given twice, and each good build was followed once."""
    tasks = await Task.all().values("id", "template_id", "status", "version", "build_task_id", "template__name")
    assert {task["status"] for task in tasks} <= {"success", "stopped"}, seed
    versions = Counter((task["template_id"], task["version"]) for task in tasks if task["version"])
    assert set(versions.values()) == {1}, (seed, versions)
    firsts = await Template.filter(name="after").values_list("build_template_id", flat=True)
    good = [task["id"] for task in tasks if task["template_id"] in firsts and task["status"] == "success"]
    followed = Counter(task["build_task_id"] for task in tasks if task["build_task_id"])
    assert followed == Counter(good), seed
    assert len(tasks) == NODES * LAUNCHES + len(good)


def settings_of(hub: Any) -> dict[str, Any]:
    kept = ("data_dir", "database_url", "redis_url", "max_parallel_tasks", "local_repository_roots")
    return hub.settings.model_dump(mode="json", include=set(kept))


async def started(settings: dict[str, Any], seed: int) -> list[Any]:
    """Start the nodes, and let them all go at once; what they say of errors is what they give."""
    nodes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(NODE), json.dumps({"settings": settings, "seed": seed + number, "launches": LAUNCHES}),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for number in range(NODES)
    ]  # fmt: skip
    for node in nodes:
        assert node.stdout is not None
        assert await node.stdout.readline() == b"ready\n"
    return [ended(node) for node in nodes]


async def ended(node: asyncio.subprocess.Process) -> str:
    _, errors = await node.communicate(b"go\n")
    return "" if node.returncode == 0 else errors.decode()
