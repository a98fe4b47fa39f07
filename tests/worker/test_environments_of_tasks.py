"""Python environments in a hub that works: who uses one keeps it, and what nobody uses goes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

from hub.models import Task
from hub.services.environments import EnvironmentDraft, create_environment
from hub.services.tasks import results
from hub.testing.booted import working
from hub.testing.scene import Scene, commit_files
from hub.testing.wheels import make_wheel
from hub.worker.shared import SharedFolders

SELL = """
import pathlib, time, till
print("sold at", till.TILL, flush=True)
while not pathlib.Path({go!r}).exists():
    time.sleep(0.05)
"""
ADDRESS = "http://bot:1ndex-passw0rd@127.0.0.1:9/simple"


async def group_with(stage: Scene, wheels: Path) -> int:
    body = {
        "name": "pip",
        "env": json.dumps({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}),
        "secrets": [{"operation": "create", "type": "env", "name": "PIP_EXTRA_INDEX_URL", "secret": ADDRESS}],
    }
    made = await create_environment(stage.hub, stage.actor, stage.project.id, EnvironmentDraft.read(body))
    return int(made["id"])


async def test_a_task_installs_with_its_groups_settings_and_keeps_its_environment_while_it_runs(
    stage: Scene, tmp_path: Path
) -> None:  # fmt: skip
    go = tmp_path / "go"
    make_wheel(tmp_path / "wheels", "till", "1.0", modules={"till.py": "TILL = 3\n"})
    commit_files(stage.folder, {"sell.py": SELL.format(go=str(go)), "requirements.txt": "till\n"}, "sell")
    group = await group_with(stage, tmp_path / "wheels")
    template = await stage.template("sell.py", app="python", environment_id=group)
    number = await stage.launch(template)
    await stage.until_line(number, "sold at 3")
    shared = SharedFolders(stage.hub.settings.data_dir / "shared")
    assert shared.clear() == 0
    go.touch()
    assert (await stage.until(number))["status"] == "success"
    text = await stage.text(number)
    assert "Installing the Python packages of requirements.txt." in text
    assert "passw0rd" not in text
    stages = await results.stages(stage.actor, stage.project.id, number)
    assert [one["type"] for one in stages] == ["dependencies", "running"], stages
    async with asyncio.timeout(30):
        while shared.clear() == 0:  # the task lets go of it just after its end
            await asyncio.sleep(0.05)
    assert await Task.filter(id=number, status="success").exists()


async def test_a_worker_removes_what_nobody_used_for_long(scene: Scene) -> None:
    root = scene.hub.settings.data_dir / "shared"
    folders = SharedFolders(root)

    async def fill(folder: Path) -> None:
        (folder / "it").touch()

    with ExitStack() as held:
        await folders.folder("old", fill)
        await folders.folder("new", fill)
        await folders.folder("used", fill, held)
        long_ago = time.time() - 31 * 86400
        for name in ("old", "used"):
            os.utime(root / f".{name}.lock", (long_ago, long_ago))
        async with working(scene.hub), asyncio.timeout(30):
            while (root / ".old.lock").exists():  # goes last
                await asyncio.sleep(0.05)
        assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["new", "used"]
