"""The interpreters that scripts are written for: one executor each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hub.plugin import Capabilities
from hub_shell.executor import ShellExecutor


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
    # Without it, output would be seen in pieces of 8 KiB, long after it was printed.
    extra_env: Mapping[str, str] = {"PYTHONUNBUFFERED": "1"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        script_label="Script", script_patterns=("*.py",), programs=("python3",)
    )


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
