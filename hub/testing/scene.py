"""A project with a git repository of scripts, for tests of what runs in a hub."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.models import Key, Project, Repository, Template
from hub.services import log
from hub.services.actor import Actor
from hub.services.tasks import read
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.moves import topic
from hub.services.tasks.states import FINISHED
from hub.testing.booted import administrator

_IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


def make_repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a git repository with one commit on `main`."""
    shutil.copytree(_first_commit(tuple(files.items())), folder)
    return folder


@cache
def _first_commit(files: tuple[tuple[str, str], ...]) -> Path:
    """Make one that others are copies of: git takes longer than most tests."""
    place = tempfile.mkdtemp(prefix="hub-scene-")
    atexit.register(shutil.rmtree, place)
    folder = Path(place) / "first"
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main", "--template=")
    commit_files(folder, dict(files), "first")
    return folder


def commit_files(folder: Path, files: Mapping[str, str], message: str) -> str:
    """Write files and commit them; return the commit's hash."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    _git(folder, "add", "-A")
    _git(folder, *_IDENTITY, "commit", "-q", "--allow-empty", "-m", message)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Scene:
    """A project, its repository, and somebody who may do everything."""

    hub: Hub
    actor: Actor
    project: Project
    repository: Repository
    folder: Path
    """Working tree of the repository; below one of the hub's local roots."""

    async def template(self, script: str, *, app: str = "bash", **members: Any) -> Template:
        """Make a template."""
        return await Template.create(
            project=self.project, repository=self.repository, app=app, playbook=script,
            **({"name": script} | members),
        )  # fmt: skip

    async def launch(self, template: Template, **members: Any) -> int:
        """Start a task; return its id."""
        draft = TaskDraft(template_id=template.id, **members)
        made = await launch(self.hub, self.actor, self.project.id, draft)
        return int(made["id"])

    async def task(self, task_id: int) -> dict[str, Any]:
        """Return a task in the wire's shape."""
        return await read.one_task(self.project.id, task_id)

    async def until(self, task_id: int, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for one of these statuses, or for the end when none is named."""
        wanted = frozenset(statuses) or FINISHED
        async with asyncio.timeout(seconds), self.hub.bell.listen(topic(self.project.id, task_id)) as ears:
            while (task := await self.task(task_id))["status"] not in wanted:
                if task["status"] in FINISHED:
                    raise AssertionError(
                        f"it ended as {task['status']}: {task.get('reason')}\n{await self.text(task_id)}"
                    )
                await ears.wait(1)
        return task

    async def run(self, template: Template, **members: Any) -> dict[str, Any]:
        """Start a task and wait for its end."""
        return await self.until(await self.launch(template, **members))

    async def lines(self, task_id: int) -> list[str]:
        """Return the lines of a task's log."""
        return [text async for chunk in log.whole(task_id) for _, _, text in chunk.numbered()]

    async def text(self, task_id: int) -> str:
        """Return a task's log."""
        return "\n".join(await self.lines(task_id))

    async def until_line(self, task_id: int, part: str, seconds: float = 60) -> None:
        """Wait until a line of the log holds `part`."""
        async with asyncio.timeout(seconds), self.hub.bell.listen(topic(self.project.id, task_id)) as ears:
            while part not in await self.text(task_id):
                await ears.wait(1)


async def make_scene(hub: Hub, files: Mapping[str, str]) -> Scene:
    """Make a project with a repository of these files. The hub needs its data folder's `repositories` as local root."""
    folder = make_repository(hub.settings.data_dir / "repositories" / "scene", files)
    project = await Project.create(name="Scene", created=hub.clock())
    key = await Key.create(project=project, name="None", type="none")
    repository = await Repository.create(
        project=project, name="Scene", git_url=str(folder), git_branch="main", ssh_key=key
    )
    return Scene(hub, await administrator(), project, repository, folder)
