"""Runs a script with its interpreter."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from hub.plugin import (
    AppView,
    Capabilities,
    Executor,
    NoParams,
    Outcome,
    Params,
    Refused,
    RepositoryView,
    TaskIO,
    TaskView,
)
from hub_shell import artifacts, outputs
from hub_shell.params import ShellParams
from hub_shell.values import environment, fits, render, task_details, words


class Unfit(Refused):
    """Something about the template or task makes a run impossible; the sentence says what."""


class ShellExecutor(Executor[ShellParams, NoParams]):
    """An app that is an interpreter and a script. `program` and `args` replace the app's own."""

    color = "secondary"
    params_type: ClassVar[type[Params]] = ShellParams
    capabilities: ClassVar[Capabilities] = Capabilities(script_label="Script")
    programs: tuple[str, ...] = ()
    """Interpreters that will do, the best one first."""
    leading: tuple[str, ...] = ()
    """Arguments before the script."""
    extra_env: Mapping[str, str] = {}

    def __init__(self, program: str | None = None, args: Sequence[str] | None = None) -> None:
        if program is not None:
            self.programs = (program,)
        if args is not None:
            self.leading = tuple(args)

    def adapted(self, app: AppView) -> Executor | None:
        """Return this executor with another program, or one for an app of the administrators' own."""
        if app.name == self.name:
            made: ShellExecutor = type(self)(app.program or None, app.arguments)
        else:
            made = ShellExecutor(app.program or app.name, app.arguments or ())
        made.name, made.title, made.icon = app.name, app.title, app.icon
        made.color, made.priority = app.color, app.priority
        return made

    async def run(self, task: TaskView, params: ShellParams, task_params: NoParams, io: TaskIO) -> Outcome:
        """Run the script to its end."""
        try:
            repository = _repository(task)
            argv = self._argv(task, params, _script(task, repository.path))
        except Unfit as unfit:
            return Outcome.failure(1, str(unfit))
        env = await self._env(task, params, io)
        argv, env = await self.prepared(argv, env, (task, repository, params), io)
        written = io.workspace / "output"
        written.touch(mode=0o600)
        env["HUB_OUTPUT"] = str(written)
        if params.bring_artifacts:
            env["HUB_INPUT_FILES"] = str(await _brought(io))
        root = await asyncio.to_thread((repository.path / task.working_directory).resolve)
        await io.stage("running")
        code = await io.exec(*argv, env=env)
        await _keep_outputs(written, io)
        await _publish(root, params.artifacts, io)
        return Outcome.success() if code == 0 else Outcome.failure(code, _reason(code))

    async def prepared(
        self, argv: list[str], env: dict[str, str], asked: tuple[TaskView, RepositoryView, ShellParams], io: TaskIO
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command line and what is laid over the environment, when all that the script needs is there."""
        return argv, env

    def preview(self, task: TaskView, params: ShellParams, task_params: NoParams) -> Sequence[str]:
        """Return the command line."""
        try:
            return self._argv(task, params, _as_argument(task.script))
        except Unfit:
            return ()

    def _argv(self, task: TaskView, params: ShellParams, script: str) -> list[str]:
        """Return `program, args, script, template's arguments, NAME=value …, task's arguments`."""
        pairs = []
        if params.variables != "environment":
            pairs = [f"{name}={render(value)}" for name, value in task.variables.items()]
        argv = [
            self._program(),
            *self.leading,
            script,
            *_words(task.arguments, "arguments of the template"),
            *pairs,
            *_words(task.task_arguments, "arguments of the task"),
        ]
        for word in argv:
            if not fits(word):
                raise Unfit(
                    f"The argument “{word[:40]}…” cannot be given to a script: it is too long, or holds a NUL "
                    "character. Set the template's variables to “environment”, or pass a file."
                )
        return argv

    def _program(self) -> str:
        return next(filter(shutil.which, self.programs), self.programs[0])

    async def _env(self, task: TaskView, params: ShellParams, io: TaskIO) -> dict[str, str]:
        """Return what is laid over the task's environment; later wins."""
        env = dict(self.extra_env)
        if params.variables != "arguments":
            plain, left_out = environment({name: render(value) for name, value in task.variables.items()})
            env |= plain
            if left_out and params.variables == "environment":
                await _tell(left_out, "variable", io)
        secrets, left_out = environment(await io.secrets())
        env |= secrets
        if left_out:
            await _tell(left_out, "secret variable", io)
        env |= task_details(task)
        if task.inventory and task.inventory.user_key is not None:
            env |= (await io.key(task.inventory.user_key)).env
        return env


def _repository(task: TaskView) -> RepositoryView:
    if task.repository is None:
        raise Unfit("This template has no repository; choose the one that holds the script.")
    return task.repository


def _script(task: TaskView, root: Path) -> str:
    """Return the script as an argument: below the checkout, else below the working directory."""
    if not task.script:
        raise Unfit("This template names no script.")
    cwd = root / task.working_directory
    for folder in dict.fromkeys((root, cwd)):
        path = folder / task.script
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return _as_argument(os.path.relpath(path, cwd))
    if branch := task.repository.branch if task.repository else "":
        raise Unfit(f"The script “{task.script}” is not a file of the repository on the branch “{branch}”.")
    raise Unfit(f"The script “{task.script}” is not a file of the repository.")


def _as_argument(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


def _words(value: object, what: str) -> Sequence[str]:
    found = words(value)
    if found is None:
        raise Unfit(f'The {what} must be a list of texts, such as ["--verbose", "all"].')
    return found


async def _tell(names: Sequence[str], what: str, io: TaskIO) -> None:
    listed = ", ".join(f"“{name}”" for name in names)
    await io.log(
        f"Not passed to the script: {what} {listed}. An environment variable's name must be letters, digits and “_”, "
        "must not be one that steers the interpreter, and its value must be at most 128 KiB without NUL characters."
    )


async def _brought(io: TaskIO) -> Path:
    folder = io.workspace / "inputs"
    folder.mkdir(mode=0o700)
    names = await io.received(folder)
    if not names:
        await io.log("No artifacts were brought: this task deploys no build, or its build left none.")
    return folder


async def _keep_outputs(written: Path, io: TaskIO) -> None:
    """Keep what the script wrote to `HUB_OUTPUT`: for people, and whole for the tasks that follow."""
    found = await asyncio.to_thread(outputs.read, written)
    for sentence in found.faults:
        await io.log(sentence)
    if found.outputs:
        whole = io.workspace / "outputs.json"
        whole.touch(mode=0o600)
        whole.write_text(json.dumps(found.values()), encoding="utf-8")
        await io.keep(whole, "outputs.json")
        await io.result("outputs", {"outputs": found.result()})


async def _publish(root: Path, patterns: Sequence[str], io: TaskIO) -> None:
    if not patterns:
        return
    found = await asyncio.to_thread(artifacts.match, root, patterns)
    for sentence in found.faults:
        await io.log(sentence)
    if found.files:
        await io.publish(found.files)


def _reason(code: int) -> str:
    if code < 0:
        return f"The script was ended by signal {-code}."
    if code == 127:
        return "The script ended with exit code 127: a program it needs, or its interpreter, was not found."
    return f"The script ended with exit code {code}."
