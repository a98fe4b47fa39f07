"""The commands of one run, in a folder that is the task's own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub.plugin import TaskIO, TaskView
from hub_terraform import backend, place, reduce, variables
from hub_terraform.arguments import Stages, stages, whole
from hub_terraform.params import TerraformParams, TerraformTaskParams
from hub_terraform.tools import Tool
from hub_terraform.unfit import Unfit

PLAN: Final = "plan"
FILES: Final = "plan-files"
OUTPUTS: Final = "outputs.json"
_LOCK_FILE: Final = ".terraform.lock.hcl"
_REDUCE: Final = str(Path(reduce.__file__))


@dataclass(slots=True)
class Session:
    """What every command of a run shares."""

    io: TaskIO
    tool: Tool
    root: Path
    """The checkout."""
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    stages: Stages
    params: TerraformParams
    task_params: TerraformTaskParams
    variables: Mapping[str, Any] = field(repr=False)
    destroy: bool
    only_plan: bool
    workspace: str
    in_hub: bool = False
    """The hub keeps the state."""

    @property
    def whole(self) -> bool:
        """Whether its plan is of everything that the configuration describes."""
        return not self.destroy and whole(self.stages)

    @property
    def plan_file(self) -> Path:
        """Where the plan is written."""
        return self.io.workspace / PLAN

    @property
    def data(self) -> Path:
        """TF_DATA_DIR."""
        return self.io.workspace / "data"

    async def init(self, *, frozen: bool) -> None:
        """Prepare the folder; `frozen` takes exactly the providers of the plan."""
        await self.io.stage("init")
        if self.params.override_backend:
            place.override_backend(self.cwd)
        words = ["-input=false"]
        if frozen and (self.cwd / _LOCK_FILE).is_file():
            words.append("-lockfile=readonly")
        elif self.task_params.upgrade and not frozen:
            words.append("-upgrade")
        if self.task_params.reconfigure:
            words.append("-reconfigure")
        await self._do("init", *words, *self.stages.init)

    async def select(self, around: Mapping[str, str]) -> None:
        """Choose the workspace, and make it when it is new. A folder that was just prepared stands in `default`.

        The `http` backend knows no workspaces: with the hub, each inventory has a state of its own.
        """
        if self.in_hub:
            return
        if self.workspace == "default" or around.get("TF_WORKSPACE"):
            return
        await self._do("workspace", "select", "-or-create=true", self.workspace)

    async def plan(self) -> bool:
        """Plan; return whether anything would change. W-14: the exit code tells, never a line of text."""
        await self.io.stage("plan")
        words = ["-input=false", self._patience(), *(["-destroy"] if self.destroy else []), *self._variables()]
        own = ("-detailed-exitcode", f"-out={self.plan_file}")
        code = await self._exec("plan", *words, *self.stages.plan, *own)
        if code not in {0, 2}:
            raise Unfit(
                f"{self.tool.title} could not make a plan (exit code {code}); the log tells why.{await self._holder()}",
                code=code,
            )
        return code == 2

    async def review(self) -> dict[str, Any]:
        """Return what people need to judge the plan."""
        done = await self._reduced("review", "show", "-json", str(self.plan_file))
        if not done.get("counts"):
            raise Unfit(f"{self.tool.title} did not show the plan that it has made.")
        return {"title": self.tool.title, "workspace": self.workspace, "destroy": self.destroy, **done}

    async def mark(self) -> dict[str, Any]:
        """Return what tells this version of the state from any other; empty before there is one."""
        return await self._reduced("mark", "state", "pull")

    async def apply(self) -> None:
        """Apply the very plan."""
        await self.io.stage("apply")
        code = await self._exec(
            "apply", "-input=false", self._patience(), *self.stages.apply, "-auto-approve", str(self.plan_file)
        )
        if code:
            raise Unfit(
                f"{self.tool.title} could not apply the whole plan (exit code {code}); the log tells why. What was "
                f"done until then is in the state: run the task again for a plan of the rest.{await self._holder()}",
                code=code,
            )

    async def outputs(self) -> None:
        """Keep the outputs: for people without those marked as sensitive, and whole for later tasks."""
        await self.io.stage("outputs")
        done = await self.io.capture(*self.tool.command("output", "-json"), env=self.env, cwd=self.cwd)
        try:
            found = dict(json.loads(done.output or "{}"))
        except (ValueError, TypeError):
            found = {}
        if done.code or not found:
            return
        path = self.io.workspace / OUTPUTS
        place.write_private(path, json.dumps({name: one.get("value") for name, one in found.items()}))
        await self.io.keep(path, OUTPUTS)
        shown = {
            name: {"sensitive": True} if one.get("sensitive") else {"value": one.get("value"), "type": one.get("type")}
            for name, one in found.items()
        }
        await self.io.result("outputs", {"outputs": shown})

    async def keep_plan(self, before: place.Seen) -> dict[str, Any]:
        """Keep the plan and what came with it; return how to find that again."""
        await self.io.keep(self.plan_file, PLAN)
        packed = self.io.workspace / FILES
        files = await asyncio.to_thread(place.pack, self.root, before, packed)
        if files:
            await self.io.keep(packed, FILES)
        return {
            "digest": place.digest(self.plan_file),
            "files": files,
            "workspace": self.workspace,
            "destroy": self.destroy,
            "mark": await self.mark(),
        }

    async def fetch_plan(self, state: Mapping[str, Any]) -> None:
        """Bring the plan back, and the files it was made with."""
        fetched = await self.io.fetch(PLAN)
        if place.digest(fetched) != state["digest"]:
            raise Unfit("The plan that was kept is not the one that was confirmed, so nothing was applied.")
        fetched.replace(self.plan_file)
        if state["files"]:
            await asyncio.to_thread(place.unpack, await self.io.fetch(FILES), self.root)

    async def refuse_stale(self, state: Mapping[str, Any]) -> None:
        """End the run when the state has changed since the plan was made; the tool would refuse it too, at length."""
        then, now = state["mark"], await self.mark()
        if then != now:
            raise Unfit(
                f"The plan is stale: the state has changed since it was made (serial {then.get('serial', 'none')} "
                f"then, {now.get('serial', 'none')} now). Nothing was applied; run the task again for a fresh plan."
            )

    def own_state(self) -> Path | None:
        """Return the state when it is a file that goes with the task."""
        return place.own_state(self.data, self.cwd, self.root)

    async def _exec(self, *words: str) -> int:
        return await self.io.exec(*self.tool.command(*words), env=self.env, cwd=self.cwd)

    async def _do(self, *words: str) -> None:
        if code := await self._exec(*words):
            what = " ".join(word for word in words[:2] if not word.startswith("-"))
            raise Unfit(f"{self.tool.title} {what} failed with exit code {code}; the log tells why.", code=code)

    async def _reduced(self, make: str, *words: str) -> dict[str, Any]:
        argv = (sys.executable, "-I", _REDUCE, make, *self.tool.command(*words))
        done = await self.io.capture(*argv, env=self.env, cwd=self.cwd)
        if done.code:
            what = " ".join(words[:2])
            raise Unfit(f"{self.tool.title} {what} failed with exit code {done.code}; the log tells why.",
                        code=done.code)  # fmt: skip
        return dict(json.loads(done.output)) if done.output.strip() else {}

    async def _holder(self) -> str:
        """Say who holds the lock of the state, after a command that may have failed for it."""
        access = await self.io.state() if self.in_hub else None
        return f" {access.holder}" if access is not None and access.holder else ""

    def _patience(self) -> str:
        return f"-lock-timeout={int(self.params.lock_timeout.total_seconds())}s"

    def _variables(self) -> list[str]:
        text = variables.file_text(self.variables, variables.declared_in(self.cwd))
        if not text:
            return []
        path = self.io.workspace / "variables.tfvars.json"
        place.write_private(path, text)
        return [f"-var-file={path}"]


async def open_session(
    task: TaskView, params: TerraformParams, task_params: TerraformTaskParams, io: TaskIO,
    tool: Tool, around: Mapping[str, str],
) -> Session:  # fmt: skip
    """Look at what was asked, and make the environment of every command."""
    cwd = place.folder_of(task)
    assert task.repository is not None
    given = {**task.variables, **await io.secrets()}
    data = io.workspace / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    env = {
        "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(data),
        "GIT_SSH_COMMAND": (await io.known_hosts()).command, **tool.env, **variables.environment(given),
    }  # fmt: skip
    if task.inventory is not None and task.inventory.user_key is not None:
        env |= (await io.key(task.inventory.user_key)).env
    if "GIT_SSH_COMMAND" in around:
        del env["GIT_SSH_COMMAND"]
    staged = stages(task)
    access = await backend.access_of(io, cwd, params, staged, around)
    if access is not None:
        env |= backend.environment(access)
    resumed = task.resumed or {}
    return Session(
        io=io,
        tool=tool,
        root=task.repository.path.resolve(),
        cwd=cwd,
        env=env,
        stages=staged,
        params=params,
        task_params=task_params,
        variables=given,
        destroy=bool(resumed.get("destroy", task_params.destroy)),
        only_plan=task_params.plan or task_params.drift or task.dry_run,
        workspace=str(resumed.get("workspace", workspace_of(task))),
        in_hub=access is not None,
    )


def workspace_of(task: TaskView) -> str:
    """Return the workspace's name."""
    text = task.inventory.text.strip() if task.inventory else ""
    name = text or "default"
    if name.startswith("-") or not name.isprintable() or any(sign in name for sign in "/\\ ") or len(name) > 90:
        raise Unfit(f"The workspace {name!r} has no name that can be used: letters, digits, dots, dashes, underscores.")
    return name
