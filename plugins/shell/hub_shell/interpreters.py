"""The interpreters that scripts are written for: one executor each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hub.plugin import Capabilities, Params, RepositoryView, TaskIO, TaskView, find_python
from hub_shell.dependencies import PythonParams, dependencies
from hub_shell.executor import ShellExecutor
from hub_shell.params import ShellParams


class BashExecutor(ShellExecutor):
    """The app `bash`."""

    name = "bash"
    title = "Bash"
    description = "Runs a shell script."
    icon = "terminal-2"
    priority = 700
    programs = ("bash",)
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Script", script_patterns=("*.sh", "*.bash"), programs=("bash",)
    )


class PowerShellExecutor(ShellExecutor):
    """The app `powershell`."""

    name = "powershell"
    title = "PowerShell"
    description = "Runs a PowerShell script."
    icon = "brand-powershell"
    color = "blue"
    priority = 600
    programs = ("pwsh", "powershell")
    leading = ("-File",)
    capabilities: ClassVar[Capabilities] = Capabilities(script_label="Script", script_patterns=("*.ps1",))


class PythonExecutor(ShellExecutor):
    """The app `python`."""

    name = "python"
    title = "Python"
    description = "Runs a Python script."
    icon = "brand-python"
    color = "yellow"
    priority = 500
    programs = ("python3",)
    params_type: ClassVar[type[Params]] = PythonParams
    # Without it, output would be seen in pieces of 8 KiB, long after it was printed.
    extra_env: Mapping[str, str] = {"PYTHONUNBUFFERED": "1"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Script", script_patterns=("*.py",), programs=("python3",)
    )

    async def prepared(
        self, argv: list[str], env: dict[str, str], asked: tuple[TaskView, RepositoryView, ShellParams], io: TaskIO
    ) -> tuple[list[str], dict[str, str]]:
        """Let the script run with the interpreter that is wished for, or in an environment with what it needs."""
        task, repository, params = asked
        assert isinstance(params, PythonParams)
        environment = await dependencies(task, repository, params, params.python or argv[0], io)
        if environment is not None:
            return [str(environment.python), *argv[1:]], {**env, **environment.env(io.environment())}
        return ([find_python(params.python, io.environment()), *argv[1:]] if params.python else argv), env


class ShExecutor(ShellExecutor):
    """The app `sh`."""

    name = "sh"
    title = "Shell"
    description = "Runs a script with the system's POSIX shell."
    icon = "terminal"
    priority = 650
    programs = ("sh",)
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Script", script_patterns=("*.sh",), programs=("sh",), custom_apps=True
    )


class NodeExecutor(ShellExecutor):
    """The app `node`."""

    name = "node"
    title = "Node.js"
    description = "Runs a JavaScript file with Node.js."
    icon = "brand-nodejs"
    color = "green"
    priority = 450
    programs = ("node", "nodejs")
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Script", script_patterns=("*.js", "*.mjs", "*.cjs")
    )
