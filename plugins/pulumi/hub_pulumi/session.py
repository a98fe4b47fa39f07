"""The commands of one run of Pulumi."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.plugin import Key, TaskIO, TaskView
from hub_pulumi import digest
from hub_pulumi.arguments import Given, Words, stack_of, variables_of, words_of
from hub_pulumi.digest import Digest
from hub_pulumi.params import PulumiParams, PulumiTaskParams
from hub_pulumi.unfit import Unfit

PLAN: Final = "pulumi-plan"
OUTPUTS: Final = "outputs.json"


@dataclass(slots=True)
class Session:
    """What every command of a run shares."""

    io: TaskIO
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    stack: str
    words: Words
    given: Given
    params: PulumiParams
    task_params: PulumiTaskParams

    @property
    def action(self) -> str:
        """What follows the preview; a look for drift previews an update."""
        return "up" if self.task_params.drift else self.task_params.action

    @property
    def destroy(self) -> bool:
        """Whether everything is to go."""
        return self.action == "destroy"

    @property
    def plan_file(self) -> Path:
        """Where an update plan is."""
        return self.io.workspace / PLAN

    @property
    def with_plan(self) -> bool:
        """Whether the preview is saved: there are plans of updates only."""
        return self.params.saved_plan and self.action == "up" and not self.task_params.drift

    async def prepare(self) -> None:
        """Install what the program needs, and see to the stack."""
        await self.io.stage("init")
        if self.params.install:
            await self._do("pulumi install", "install")
        if self.params.create_stack:
            await self._do("pulumi stack select", "stack", "select", "--create", "--stack", self.stack)

    async def preview(self) -> Digest:
        """Preview; return what would be done."""
        await self.io.stage("plan")
        done = await self.io.capture(*preview_argv(self), env=self.env, cwd=self.cwd)
        if done.code:
            for sentence in digest.faults(done.output):
                await self.io.log(sentence)
            raise Unfit(
                f"Pulumi could not make a preview of {self.stack} (exit code {done.code}); the log tells why.",
                code=done.code,
            )
        return await asyncio.to_thread(digest.read, done.output, destroy=self.destroy)

    async def act(self) -> None:
        """Do it."""
        await self.io.stage("apply")
        code = await self.io.exec(*action_argv(self), env=self.env, cwd=self.cwd)
        if code:
            raise Unfit(
                f"Pulumi could not finish {self.action} of {self.stack} (exit code {code}); the log tells why. What "
                "was done until then is in the state: run the task again for a preview of the rest.",
                code=code,
            )

    async def outputs(self) -> None:
        """Keep the outputs: for people without the secret ones, and whole for later tasks."""
        await self.io.stage("outputs")
        asked = ("stack", "output", "--json", "--stack", self.stack)
        shown = await self.io.capture("pulumi", *asked, env=self.env, cwd=self.cwd)
        whole = await self.io.capture("pulumi", *asked, "--show-secrets", env=self.env, cwd=self.cwd)
        if shown.code or whole.code:
            await self.io.log("The outputs of the stack could not be read.")
            return
        told, values = digest.outputs(shown.output, whole.output)
        if values:
            path = self.io.workspace / OUTPUTS
            path.touch(mode=0o600)
            path.write_text(json.dumps(values), encoding="utf-8")
            await self.io.keep(path, OUTPUTS)
            await self.io.result("outputs", {"outputs": told})

    async def keep_plan(self) -> str:
        """Keep the update plan; return its digest."""
        await self.io.keep(self.plan_file, PLAN)
        return await asyncio.to_thread(_sum, self.plan_file)

    async def fetch_plan(self, expected: str) -> None:
        """Bring the very plan back that was confirmed."""
        fetched = await self.io.fetch(PLAN)
        if await asyncio.to_thread(_sum, fetched) != expected:
            raise Unfit("The plan that was kept is not the one that was confirmed, so nothing was done.")
        fetched.replace(self.plan_file)

    async def _do(self, what: str, *words: str) -> None:
        argv = ("pulumi", words[0], *words[1:], "--non-interactive")
        if code := await self.io.exec(*argv, env=self.env, cwd=self.cwd):
            raise Unfit(f"{what} failed with exit code {code}; the log tells why.", code=code)


def preview_argv(session: Session) -> list[str]:
    """Return the command line of the preview."""
    verb = ["preview"] if session.action == "up" else [session.action, "--preview-only"]
    argv = ["pulumi", *verb, "--json", "--non-interactive", "--stack", session.stack]
    if session.action != "refresh" and (session.params.refresh or session.task_params.drift):
        argv.append("--refresh")
    if session.with_plan:
        argv.append(f"--save-plan={session.plan_file}")
    return [*argv, *_config(session), *session.words.preview]


def action_argv(session: Session) -> list[str]:
    """Return the command line of what follows the preview."""
    argv = ["pulumi", session.action, "--yes", "--skip-preview", "--non-interactive", "--stack", session.stack]
    if session.action != "refresh" and session.params.refresh:
        argv.append("--refresh")
    if session.with_plan:
        argv.append(f"--plan={session.plan_file}")
    return [*argv, *_config(session), *session.words.action]


def _config(session: Session) -> tuple[str, ...]:
    """Configuration is for the program, which only an update runs."""
    return session.given.config if session.action == "up" else ()


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def open_session(task: TaskView, params: PulumiParams, task_params: PulumiTaskParams, io: TaskIO) -> Session:
    """Gather what the commands need. Raises `Unfit`."""
    stack = stack_of(task, params.stack)
    cwd = await asyncio.to_thread(_folder_of, task)
    given = variables_of(task.variables, await io.secrets())
    env = {"PULUMI_SKIP_UPDATE_CHECK": "true", **given.env}
    if params.backend:
        env["PULUMI_BACKEND_URL"] = params.backend
    if params.saved_plan:
        env["PULUMI_EXPERIMENTAL"] = "true"
    if params.access_token is not None:
        token = await _secret_file(io, params.access_token)
        env["PULUMI_ACCESS_TOKEN"] = (await asyncio.to_thread(token.read_text, "utf-8")).strip()
    if params.passphrase is not None:
        env["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(await _secret_file(io, params.passphrase))
    action = "up" if task_params.drift else task_params.action
    return Session(io, cwd, env, stack, words_of(task, action), given, params, task_params)


async def _secret_file(io: TaskIO, key: Key) -> Path:
    material = await io.key(key)
    path = material.files.get("secret")
    if path is None:
        raise Unfit("The access token and the passphrase must be keys of the type “text”.")
    return path


def _folder_of(task: TaskView) -> Path:
    if task.repository is None:
        raise Unfit("This template has no repository; choose the one that holds the Pulumi program.")
    root = task.repository.path.resolve()
    folder = (root / task.working_directory / task.script.strip().lstrip("/")).resolve()
    if not folder.is_relative_to(root):
        raise Unfit(f"The folder “{task.script}” is outside of the repository.")
    if not folder.is_dir():
        raise Unfit(f"The repository has no folder “{task.script}”; name the one with Pulumi.yaml.")
    return folder
