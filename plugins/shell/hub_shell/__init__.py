"""Runs scripts of a repository with Bash, sh, Python, PowerShell or Node.js."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, hookimpl
from hub_shell.interpreters import BashExecutor, NodeExecutor, PowerShellExecutor, PythonExecutor, ShExecutor

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring one executor for each interpreter."""
    return [BashExecutor(), ShExecutor(), PowerShellExecutor(), PythonExecutor(), NodeExecutor()]
