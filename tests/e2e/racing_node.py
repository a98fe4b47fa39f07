"""One of several nodes that race for the same tasks: a process of its own, told by its arguments what to do."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from datetime import UTC, datetime

from hub.boot import open_hub
from hub.models import Project, Task, Template
from hub.plugin import Outcome
from hub.services.actor import SYSTEM
from hub.services.log import Piece
from hub.services.tasks import dispatch, finish, leases, stop
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.moves import subject_of
from hub.settings import Settings


async def race(settings: Settings, seed: int, launches: int) -> None:
    choose = random.Random(seed)
    async with open_hub(settings, migrate=False) as hub:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        templates = await Template.all().order_by("id")
        left = launches
        while left or await Task.filter(status__in=["waiting", "starting"]).exists():
            if left:
                left -= 1
                template = choose.choice(templates)
                await launch(hub, SYSTEM, template.project_id, TaskDraft(template_id=template.id))
            await dispatch.admit(hub)
            starting = await Task.filter(status="starting").values_list("id", "project_id")
            if starting:
                await run_or_stop(hub, choose, *choose.choice(starting))
        assert await Project.all().exists()


async def run_or_stop(hub, choose, number: int, project_id: int) -> None:
    if choose.random() < 0.1:
        await stop.stop(hub, SYSTEM, project_id, number)
        return
    claimed = await leases.claim(hub, number, lambda _: Piece("begun", 1, datetime.now(UTC)))
    subject = await subject_of(number)
    if claimed and subject:
        assert await finish.finish(hub, subject, Outcome.success())


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(race(Settings(**given["settings"]), given["seed"], given["launches"]))
