"""The demo project: a small repository of the hub's own, and templates that run at once and without a network."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.db import unit
from hub.errors import Unavailable
from hub.models import Key, Project, User
from hub.services import environments, inventories, projects, repositories, templates, views
from hub.services.actor import SYSTEM, Actor
from hub.services.demo_files import FILES
from hub.services.environments import EnvironmentDraft
from hub.services.git_roots import DEMO
from hub.services.inventories import InventoryDraft
from hub.services.projects import ProjectDraft
from hub.services.repositories import RepositoryDraft
from hub.services.template_drafts import TemplateDraft
from hub.services.views import ViewDraft

NAME = "Demo"
_BRANCH = "main"
_IDENTITY = ("-c", "user.name=Hub", "-c", "user.email=hub@localhost", "-c", "commit.gpgsign=false")


async def ensure_demo(hub: Hub) -> None:
    """Make the demo project for the first administrator, unless a project of that name is there."""
    if await Project.filter(name=NAME).exists():
        return
    user = await User.filter(admin=True).order_by("id").first()
    actor = Actor("user", user.id, user.username, user.name, admin=True) if user else SYSTEM
    await make_demo(hub, actor)


async def make_demo(hub: Hub, actor: Actor, draft: ProjectDraft | None = None) -> dict[str, Any]:
    """Make a project with everything in it, all or nothing; return it in the wire's shape."""
    projects.require_creator(hub, actor)
    folder = await _repository(hub)

    async def work() -> dict[str, Any]:
        project = await projects.create_project(hub, actor, draft or ProjectDraft(name=NAME))
        await _fill(hub, actor, int(project["id"]), folder)
        return project

    return await unit(work)


async def _fill(hub: Hub, actor: Actor, project_id: int, folder: Path) -> None:
    # Who made the project may fill it, also where administrators alone are its members.
    within = (hub, actor, project_id)
    none = (await Key.get(project_id=project_id, type="none", owner="")).id
    places = {
        title: (await views.create_view(*within, ViewDraft(title=title, position=position)))["id"]
        for position, title in enumerate(("Build", "Deploy", "Tools"), start=1)
    }
    repository = await repositories.create_repository(
        *within, RepositoryDraft(name=NAME, git_url=str(folder), git_branch=_BRANCH, ssh_key_id=none)
    )
    inventory = await inventories.create_inventory(
        *within, InventoryDraft(name="This machine", type="static", inventory=_INVENTORY, ssh_key_id=none)
    )
    environment = await environments.create_environment(
        *within, EnvironmentDraft.read({"name": NAME, "json": '{"team": "Demo"}', "env": '{"DEMO": "yes"}'})
    )
    common = {
        "repository_id": repository["id"],
        "inventory_id": inventory["id"],
        "environment_id": environment["id"],
    }
    await _templates(hub, actor, project_id, common, places)


_INVENTORY = '[local]\nlocalhost ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"\n'

_SURVEY = [
    {"name": "who", "title": "Whom to greet", "required": True, "default_value": "world"},
    {"name": "times", "title": "How often", "type": "int", "default_value": "3"},
    {
        "name": "style",
        "title": "How",
        "type": "enum",
        "values": [{"name": name.title(), "value": name} for name in ("plain", "friendly", "loud")],
        "default_value": "friendly",
    },
    {"name": "token", "title": "A secret", "type": "secret", "description": "The log hides it."},
]


async def _templates(
    hub: Hub, actor: Actor, project_id: int, common: dict[str, Any], places: dict[str, int]
) -> None:  # fmt: skip
    """Add a template for each tool that is installed."""

    async def add(view: str, name: str, app: str, playbook: str, **members: Any) -> int | None:
        if app not in hub.registry.executors:
            return None
        sent = {**common, "view_id": places[view], "name": name, "app": app, "playbook": playbook, **members}
        return int((await templates.create_template(hub, actor, project_id, TemplateDraft.read(sent)))["id"])

    await add("Tools", "Ping localhost (Ansible)", "ansible", "ping.yml",
              description="A playbook of about ten seconds.")  # fmt: skip
    await add("Tools", "Print system info (Bash)", "bash", "system_info.sh")
    await add("Tools", "Greet (Python)", "python", "greet.py", survey_vars=_SURVEY,
              description="Asks before it runs.")  # fmt: skip
    tool = next((name for name in ("terraform", "tofu") if shutil.which(name)), "")
    await add("Deploy", "Apply infrastructure", tool, "infrastructure", inventory_id=None, arguments=_state(hub),
              task_params={"allow_destroy": True},
              description="Shows its plan and asks before it changes anything.")  # fmt: skip
    build = await add("Build", "Build demo app", "bash", "build.sh", type="build", start_version="1.0.0")
    if build is not None:
        await add("Deploy", "Deploy demo app", "bash", "deploy.sh", type="deploy", build_template_id=build)


def _state(hub: Hub) -> str:
    """Return arguments that keep the state outside of the task's folder, which goes with the task."""
    path = hub.settings.data_dir / DEMO / "state" / "terraform.tfstate"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # tasks may use this folder, and none above it
    return json.dumps({"init": [f"-backend-config=path={path}"]})


async def _repository(hub: Hub) -> Path:
    """Return the demo repository, made when it is not there; one that is there stays as people left it."""
    parent = hub.settings.data_dir / DEMO
    folder = parent / "repository"
    if await asyncio.to_thread(folder.exists):
        return folder
    fresh = parent / f"new-{secrets.token_hex(8)}"
    try:
        await asyncio.to_thread(_write, fresh)
        await _git(fresh, "init", "-q", "-b", _BRANCH)
        await _git(fresh, "add", "-A")
        await _git(fresh, *_IDENTITY, "commit", "-q", "-m", "Programs of the demo project")
        await asyncio.to_thread(_settle, fresh, folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
    return folder


def _write(fresh: Path) -> None:
    fresh.parent.mkdir(mode=0o700, exist_ok=True)
    fresh.mkdir(mode=0o700)
    for name, text in FILES.items():
        path = fresh / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def _settle(fresh: Path, folder: Path) -> None:
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.exists():  # else somebody else was faster, with the same content
            raise


async def _git(folder: Path, *arguments: str) -> None:
    """Run git on the demo repository with no configuration but its own."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        process = await asyncio.create_subprocess_exec(
            "git", "-C", str(folder), *arguments, env=env,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unavailable("The demo project needs git; install it where the hub runs.") from None
    _, errors = await process.communicate()
    if process.returncode:
        told = errors.decode("utf-8", "replace").strip()[-300:]
        raise Unavailable(f"The repository of the demo project could not be made: {told}")
